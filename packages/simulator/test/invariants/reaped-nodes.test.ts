import { Op } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { NodeHistory } from '../../src/invariants/node-history.ts'
import { readTransaction } from '../../src/invariants/transaction.ts'
import type { TransactionBytes } from '../../src/probe/probe.ts'
import { createBytes, createReapedBytes, deleteBytes, reapBytes, sessionBytes, setDataBytes } from './sample-transaction.ts'

/** A container `/c` and a TTL node `/t` of 100 ms, both made at 1000. */
function setting() {
  const nodes = new NodeHistory()
  const commit = (...all: readonly TransactionBytes[]): void => {
    for (const bytes of all) nodes.committed(readTransaction(bytes, 0, 'a'))
  }
  commit(createReapedBytes(10, '/c', 0, 1000), createReapedBytes(11, '/t', 100, 1000))
  return { nodes, commit }
}

test('a container goes when its last child has gone, and not before', () => {
  const { nodes, commit } = setting()
  expect(() => commit(reapBytes(12, '/c', 9999))).toThrow(/^nothing is reaped early.*has never had a child/)
  const busy = setting()
  busy.commit(createBytes(12, '/c/x'))
  expect(() => busy.commit(reapBytes(13, '/c', 9999))).toThrow(/^nothing is reaped early.*1 children/)
  const empty = setting()
  empty.commit(createBytes(12, '/c/x'), deleteBytes(13, '/c/x'))
  expect(empty.nodes.reaped.waiting(false)).toEqual(['/c'])
  empty.commit(reapBytes(14, '/c', 1000))
  expect(empty.nodes.exists('/c')).toBe(false)
  expect(nodes.reaped.waiting(false)).toEqual([])
})

test('children that go with their session leave a container empty', () => {
  const { nodes, commit } = setting()
  commit(sessionBytes(12, Op.createSession), createBytes(13, '/c/e', '', true))
  expect(nodes.reaped.waiting(false)).toEqual([])
  commit(sessionBytes(14, Op.closeSession))
  expect(nodes.reaped.waiting(false)).toEqual(['/c'])
})

test('a TTL node goes when its time is over since its last change', () => {
  const early = setting()
  expect(() => early.commit(reapBytes(12, '/t', 1100))).toThrow(/^nothing is reaped early.*changed 100 ms before/)
  const touched = setting()
  touched.commit(setDataBytes(12, '/t', 'x', 1, 1050))
  expect(() => touched.commit(reapBytes(13, '/t', 1140))).toThrow(/^nothing is reaped early.*changed 90 ms before/)
  const due = setting()
  expect(due.nodes.reaped.waiting(true)).toEqual(['/t'])
  due.commit(reapBytes(12, '/t', 1101))
  expect(due.nodes.reaped.waiting(true)).toEqual([])
})

test('other nodes are not reaped', () => {
  const { commit } = setting()
  commit(createBytes(12, '/p'))
  expect(() => commit(reapBytes(13, '/p', 9999))).toThrow(/^nothing is reaped early.*neither a container nor a TTL node/)
})
