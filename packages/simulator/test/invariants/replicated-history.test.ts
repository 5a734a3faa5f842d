import { expect, test } from 'vitest'
import { ReplicatedHistory } from '../../src/invariants/replicated-history.ts'
import { createBytes, EPOCH, setDataBytes } from './sample-transaction.ts'

/** One leader in epoch 1, which has proposed three transactions. */
function threeProposed(): ReplicatedHistory {
  const history = new ReplicatedHistory()
  history.established('a', 1, 0)
  for (let counter = 1; counter <= 3; counter++) history.proposed('a', 1, createBytes(EPOCH + counter, `/${counter}`))
  return history
}

test('what is committed grows at its end', () => {
  const history = threeProposed()
  history.leaderCommits('a', EPOCH + 2)
  history.leaderCommits('a', EPOCH + 3)
  expect(history.committed).toEqual([EPOCH + 1, EPOCH + 2, EPOCH + 3])
  expect(history.holdsAllCommitted(EPOCH + 3)).toBe(true)
  expect(history.holdsAllCommitted(EPOCH + 2)).toBe(false)
})

test('two leaders in an epoch', () => {
  expect(() => threeProposed().established('b', 1, 0)).toThrow(/^one leader an epoch/)
})

test('a leader without what is committed', () => {
  const history = threeProposed()
  history.leaderCommits('a', EPOCH + 3)
  expect(() => history.established('b', 2, EPOCH + 2)).toThrow(/^leader completeness/)
})

test('what a new leader begins with is committed, what it does not have is not', () => {
  const history = threeProposed()
  history.established('b', 2, EPOCH + 2)
  expect(history.committed).toEqual([EPOCH + 1, EPOCH + 2])
  history.proposed('b', 2, createBytes(2 * EPOCH + 1, '/x'))
  history.leaderCommits('b', 2 * EPOCH + 1)
  expect(() => history.leaderCommits('a', EPOCH + 3)).toThrow(/^agreement/)
})

test('a late commit of what is committed already says nothing', () => {
  const history = threeProposed()
  history.established('b', 2, EPOCH + 3)
  history.leaderCommits('a', EPOCH + 2)
  expect(history.lastCommitted).toBe(EPOCH + 3)
})

test('proposals of somebody who does not lead, twice, or with a gap', () => {
  const history = threeProposed()
  expect(() => history.proposed('b', 1, createBytes(EPOCH + 4, '/4'))).toThrow(/^primary integrity/)
  expect(() => history.proposed('a', 1, createBytes(EPOCH + 3, '/3'))).toThrow(/^primary integrity/)
  expect(() => history.proposed('a', 1, createBytes(EPOCH + 5, '/5'))).toThrow(/^local primary order/)
})

test('applying what nobody proposed, or with other bytes', () => {
  const history = threeProposed()
  expect(() => history.applied('b', 0, createBytes(EPOCH + 9, '/9'))).toThrow(/^integrity/)
  expect(() => history.applied('b', 0, createBytes(EPOCH + 1, '/other'))).toThrow(/^integrity/)
})

test('applying out of order, or across a gap between epochs', () => {
  const history = threeProposed()
  history.applied('b', EPOCH, createBytes(EPOCH + 1, '/1'))
  expect(() => history.applied('b', EPOCH + 1, createBytes(EPOCH + 3, '/3'))).toThrow(/^total order/)
  history.established('c', 2, EPOCH + 3)
  history.proposed('c', 2, createBytes(2 * EPOCH + 1, '/x'))
  expect(() => history.applied('b', EPOCH + 1, createBytes(2 * EPOCH + 1, '/x'))).toThrow(/^total order/)
  history.applied('c', 2 * EPOCH, createBytes(2 * EPOCH + 1, '/x'))
})

test('replaying over a snapshot what it has already is no change of order', () => {
  const history = threeProposed()
  history.applied('b', EPOCH + 3, createBytes(EPOCH + 2, '/2'))
  expect(history.transactions.get(EPOCH + 2)?.isCommitted).toBe(false)
})

test('what was shown without anybody having proposed it: another value, another node, another transaction', () => {
  const history = new ReplicatedHistory()
  history.established('a', 1, 0)
  history.proposed('a', 1, createBytes(EPOCH + 1, '/r', '#1'))
  history.proposed('a', 1, setDataBytes(EPOCH + 2, '/r', '#2', 1))
  // Nothing of that is committed, and need not be.
  history.shown('/r', { mzxid: EPOCH + 1, data: '#1' })
  history.shown('/r', { mzxid: EPOCH + 2, data: '#2' })
  for (const [path, mzxid, data] of [
    ['/r', EPOCH + 2, '#1'],
    ['/s', EPOCH + 2, '#2'],
    ['/r', EPOCH + 3, '#2'],
  ] as const) {
    expect(() => history.shown(path, { mzxid, data })).toThrow(/^reads were proposed/)
  }
})

/** A server that stands alone: four transactions, of which the first two are synced and so committed. */
function alone(): ReplicatedHistory {
  const history = new ReplicatedHistory()
  history.beganAlone('a', 0)
  for (let zxid = 1; zxid <= 4; zxid++) history.proposed('a', 0, createBytes(zxid, `/${zxid}`))
  history.leaderCommits('a', 2)
  return history
}

test('all that the disk gives back to a server that stands alone is committed by that', () => {
  const history = alone()
  history.beganAlone('a', 3)
  expect(history.committed).toEqual([1, 2, 3])
})

test('what the disk of a server that stands alone does not give back is written anew, with the same zxids', () => {
  const history = alone()
  history.beganAlone('a', 3)
  history.proposed('a', 0, createBytes(4, '/other'))
  history.leaderCommits('a', 4)
  expect(history.committed).toEqual([1, 2, 3, 4])
  expect(() => history.applied('a', 3, createBytes(4, '/4'))).toThrow(/^integrity/)
  history.applied('a', 3, createBytes(4, '/other'))
})

test('a server that stands alone and begins without what it has acknowledged, or with what it never wrote', () => {
  expect(() => alone().beganAlone('a', 1)).toThrow(/^leader completeness/)
  expect(() => alone().beganAlone('a', 5)).toThrow(/^leader completeness/)
})
