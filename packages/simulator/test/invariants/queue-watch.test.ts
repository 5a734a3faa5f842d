import type { TakenEntry } from '@tskeeper/recipes'
import { expect, test } from 'vitest'
import { NodeHistory } from '../../src/invariants/node-history.ts'
import { QueueWatch } from '../../src/invariants/queue-watch.ts'
import { readTransaction } from '../../src/invariants/transaction.ts'
import { createBytes, deleteBytes } from './sample-transaction.ts'

const PATH = '/queue/entries/a'

function entry(fencingToken: bigint, signal: AbortSignal = new AbortController().signal): TakenEntry {
  return { path: PATH, signal, fencingToken } as TakenEntry
}

function setting() {
  const nodes = new NodeHistory()
  const queue = new QueueWatch(nodes)
  nodes.committed(readTransaction(createBytes(10, PATH), 0, 'a'))
  const deletion = (): void => nodes.committed(readTransaction(deleteBytes(11, PATH), 0, 'a'))
  return { queue, deletion }
}

test('an entry has one taker at a time, and none when it is done', () => {
  const { queue } = setting()
  const mine = new AbortController()
  queue.taken('c', entry(1n, mine.signal))
  expect(() => queue.taken('d', entry(2n))).toThrow(/^entries have one taker/)
  mine.abort()
  expect(() => queue.taken('d', entry(1n))).toThrow(/^fencing tokens grow/)
  const last = entry(2n)
  queue.taken('d', last)
  queue.finish(last)
  queue.finishedBy(last)
  expect(() => queue.taken('c', entry(3n))).toThrow(/^entries have one taker.*done/)
})

test('an entry goes when its taker says that it is done', () => {
  const lost = setting()
  expect(() => lost.deletion()).toThrow(/^no entry is lost/)
  const done = setting()
  done.queue.put(PATH)
  done.queue.finish(entry(1n))
  done.deletion()
  done.queue.checkNothingLost()
})

test('what was put in and is not there has been done by somebody', () => {
  const { queue } = setting()
  queue.put(PATH)
  queue.checkNothingLost()
  queue.put('/queue/entries/b')
  expect(() => queue.checkNothingLost()).toThrow(/^no entry is lost/)
})
