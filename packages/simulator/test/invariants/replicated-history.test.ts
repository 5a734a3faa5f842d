import { expect, test } from 'vitest'
import { ReplicatedHistory } from '../../src/invariants/replicated-history.ts'
import { createBytes, EPOCH } from './sample-transaction.ts'

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
