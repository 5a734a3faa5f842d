import { Op } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { ClientPromises, SessionView } from '../../src/invariants/client-promises.ts'
import { NodeHistory } from '../../src/invariants/node-history.ts'
import { readTransaction } from '../../src/invariants/transaction.ts'
import type { TransactionBytes } from '../../src/probe/probe.ts'
import { createBytes, deleteBytes, sessionBytes, setDataBytes } from './sample-transaction.ts'

/** `/r` with the values #1 and #2, of the transactions 11 and 12; `/gone`, deleted by 14. */
function setting() {
  const nodes = new NodeHistory()
  const commit = (bytes: TransactionBytes): void => nodes.committed(readTransaction(bytes, 0, 'a'))
  commit(createBytes(10, '/r'))
  commit(setDataBytes(11, '/r', '#1', 1))
  commit(setDataBytes(12, '/r', '#2', 2))
  commit(createBytes(13, '/gone'))
  commit(deleteBytes(14, '/gone'))
  const promises = new ClientPromises(nodes)
  return { nodes, commit, promises, session: new SessionView('c'), other: new SessionView('d') }
}

const FIRST = { mzxid: 11, version: 1, data: '#1' }
const SECOND = { mzxid: 12, version: 2, data: '#2' }

test('answers that are true', () => {
  const { promises, session } = setting()
  promises.read(promises.asks(session, false), '/r', FIRST, 11, 0)
  promises.wrote(promises.asks(session, true), '#2', 12)
  promises.read(promises.asks(session, false), '/r', SECOND, 12, 0)
  promises.read(promises.asks(session, false), '/gone', null, 12, 0)
  promises.deleted(promises.asks(session, true), '/gone', 14)
  expect(session.lastSeen).toBe(14)
})

test('an acknowledged write that nothing committed wrote', () => {
  const { promises, session } = setting()
  expect(() => promises.wrote(promises.asks(session, true), '#3', 13)).toThrow(/^no acknowledged write is lost/)
  expect(() => promises.wrote(promises.asks(session, true), '#1', 12)).toThrow(/^no acknowledged write is lost/)
  expect(() => promises.deleted(promises.asks(session, true), '/r', 14)).toThrow(/^no acknowledged write is lost/)
})

test('a write that was asked for after the answer to another comes after it', () => {
  const { promises, session, other } = setting()
  promises.wrote(promises.asks(session, true), '#2', 12)
  expect(() => promises.wrote(promises.asks(other, true), '#1', 11)).toThrow(/^linearizable writes/)
})

test('the writes of a session keep their order', () => {
  const { promises, session } = setting()
  const [first, second] = [promises.asks(session, true), promises.asks(session, true)]
  promises.wrote(second, '#1', 11)
  expect(() => promises.wrote(first, '#2', 12)).toThrow(/^session order/)
})

test('a session does not see the past again', () => {
  const { promises, session, other } = setting()
  promises.read(promises.asks(session, false), '/r', SECOND, 12, 0)
  expect(() => promises.read(promises.asks(session, false), '/r', FIRST, 12, 0)).toThrow(/^sequential reads/)
  expect(() => promises.read(promises.asks(session, false), '/r', null, 12, 0)).toThrow(/^sequential reads/)
  promises.read(promises.asks(other, false), '/r', FIRST, 11, 0)
})

test('after a sync a session sees what others knew when it began', () => {
  const { promises, session, other } = setting()
  promises.wrote(promises.asks(other, true), '#2', 12)
  const { newestAcknowledged } = promises.asks(session, false)
  expect(() => promises.read(promises.asks(session, false), '/r', FIRST, 11, newestAcknowledged)).toThrow(/^sequential reads/)
})

test('nobody sees what is not committed, or not yet', () => {
  const { promises, session } = setting()
  const unknown = { mzxid: 15, version: 3, data: '#3' }
  expect(() => promises.read(promises.asks(session, false), '/r', unknown, 15, 0)).toThrow(/^reads are committed/)
  expect(() => promises.read(promises.asks(session, false), '/r', SECOND, 11, 0)).toThrow(/^reads are committed/)
})

test('the event of a watch comes before the change is seen', () => {
  const { promises, session } = setting()
  const watch = { path: '/r', mzxid: 11, hasFired: false }
  session.watches.push(watch)
  expect(() => promises.read(promises.asks(session, false), '/r', SECOND, 12, 0)).toThrow(/^watch before data/)
  watch.hasFired = true
  promises.read(promises.asks(session, false), '/r', SECOND, 12, 0)
})

test('a value that is written twice, and transactions that make no sense', () => {
  const { commit } = setting()
  expect(() => commit(setDataBytes(15, '/r', '#1', 3))).toThrow(/^writes happen once/)
  expect(() => commit(setDataBytes(15, '/r', '#9', 5))).toThrow(/^transactions make sense/)
  expect(() => commit(createBytes(15, '/r'))).toThrow(/^transactions make sense/)
  expect(() => commit(deleteBytes(15, '/gone'))).toThrow(/^transactions make sense/)
})

test('a session that is said to be over has to be closed in the end', () => {
  const { commit, promises, session } = setting()
  promises.expired(session, 7n)
  // One that only its server knew is nobody's business.
  promises.checkEnded()
  commit(sessionBytes(19, Op.createSession))
  expect(() => promises.checkEnded()).toThrow(/^sessions end/)
  commit(sessionBytes(20, Op.closeSession))
  promises.checkEnded()
})

test('ephemeral nodes are gone with their session', () => {
  const { commit, promises, session } = setting()
  expect(() => commit(createBytes(14, '/e', '#e', true))).toThrow(/^ephemerals have a session/)
  commit(sessionBytes(14, Op.createSession))
  commit(createBytes(15, '/e', '#f', true))
  commit(sessionBytes(16, Op.closeSession))
  promises.read(promises.asks(session, false), '/e', null, 16, 0)
  expect(() => promises.read(promises.asks(session, false), '/e', { mzxid: 15, version: 0, data: '#f' }, 17, 0)).toThrow(
    /^sequential reads/,
  )
})
