// Which learner gets what. The first test of each row of the choice has its number in the name.

import { expect, test } from 'vitest'
import { CommittedWindow } from '../../src/zab/committed-window.ts'
import { LearnerSync, type SyncOptions } from '../../src/zab/learner-sync.ts'
import { SyncRecorder } from './recording.ts'
import { zxidOf } from './transactions.ts'

const BYTES = new Uint8Array(4)

/** A window with these counters of epoch 1 and of epoch 2, the last `proposed` of them not committed. */
function windowOf(first: readonly number[], second: readonly number[] = [], proposed = 0): CommittedWindow {
  const window = new CommittedWindow()
  const zxids = [...first.map((counter) => zxidOf(1, counter)), ...second.map((counter) => zxidOf(2, counter))]
  for (const zxid of zxids) window.append(zxid, BYTES, 0, 4)
  window.commit(zxids[zxids.length - 1 - proposed] ?? 0)
  return window
}

interface Case extends Partial<SyncOptions> {
  readonly window: CommittedWindow
  readonly learnerZxid: number
  readonly isObserver?: boolean
  /** The log on disk, as counters of epoch 1; null for one that cannot be read. */
  readonly log?: readonly number[] | null
}

/** The packets of a whole synchronisation. */
function packetsOf(given: Case): string[] {
  const sink = new SyncRecorder()
  const lastProcessed = given.lastProcessed ?? given.window.maxCommitted ?? 0
  const sync = new LearnerSync(given.window, given.learnerZxid, sink)
  const options = { lastProcessed, isSnapshotForced: given.isSnapshotForced ?? false, isLogAllowed: given.isLogAllowed ?? true }
  if (sync.start(options) === 'log') {
    sink.lines.push('log')
    for (const counter of given.log ?? []) if (!sync.offerLogEntry(zxidOf(1, counter), BYTES, 0, 4)) break
    sync.endOfLog(given.log !== null, lastProcessed)
  }
  sync.handOver(given.isObserver !== true)
  return sink.lines
}

test('9.2 row 1: a forced snapshot is sent whatever the learner has', () => {
  expect(packetsOf({ window: windowOf([3, 4, 5]), learnerZxid: zxidOf(1, 5), isSnapshotForced: true })).toEqual(['snap 1.5'])
})

test('9.2 row 2: a learner that has everything gets an empty DIFF', () => {
  expect(packetsOf({ window: windowOf([3, 4, 5]), learnerZxid: zxidOf(1, 5) })).toEqual(['diff 1.5'])
})

test('9.2 row 2: a learner at the beginning of this epoch has everything too', () => {
  const window = windowOf([3, 4, 5])

  expect(packetsOf({ window, learnerZxid: zxidOf(2, 0), lastProcessed: zxidOf(2, 0) })).toEqual(['diff 2.0'])
})

test('9.2 row 3: a learner that is ahead is cut back to our last transaction', () => {
  expect(packetsOf({ window: windowOf([3, 4, 5]), learnerZxid: zxidOf(1, 7) })).toEqual(['trunc 1.5'])
})

test('9.2 row 3: what it lost and is still proposed it gets again', () => {
  const window = windowOf([3, 4, 5, 6, 7], [], 2)

  expect(packetsOf({ window, learnerZxid: zxidOf(1, 7) })).toEqual(['trunc 1.5', 'proposed 1.6', 'proposed 1.7'])
})

test('9.2 row 4: a learner within the window gets what it lacks, across epochs', () => {
  expect(packetsOf({ window: windowOf([3, 4, 5], [1, 2]), learnerZxid: zxidOf(1, 4) })).toEqual([
    'diff 2.2',
    'committed 1.5',
    'committed 2.1',
    'committed 2.2',
  ])
})

test('9.2 row 4: a learner with transactions of an epoch that went on without them gets a snapshot', () => {
  expect(packetsOf({ window: windowOf([3, 4, 5], [1, 2]), learnerZxid: zxidOf(1, 9) })).toEqual(['snap 2.2'])
})

test('9.2 row 4: a learner at the beginning of an epoch within the window gets what came after it', () => {
  expect(packetsOf({ window: windowOf([4, 5], [1]), learnerZxid: zxidOf(2, 0) })).toEqual(['diff 2.1', 'committed 2.1'])
})

test('9.2 row 5: a learner before the window gets the log on disk, and the window behind it', () => {
  expect(packetsOf({ window: windowOf([5, 6]), learnerZxid: zxidOf(1, 2), log: [1, 2, 3, 4, 5, 6] })).toEqual([
    'log',
    'diff 1.6',
    'committed 1.3',
    'committed 1.4',
    'committed 1.5',
    'committed 1.6',
  ])
})

test.each([
  ['begins after its last transaction', [3, 4, 5, 6]],
  ['has a gap', [1, 2, 4, 5]],
  ['ends before the window begins', [1, 2, 3]],
  ['is empty', []],
  ['cannot be read', null],
])('9.2 row 5: a learner gets a snapshot when the log %s', (_, log) => {
  expect(packetsOf({ window: windowOf([5, 6]), learnerZxid: zxidOf(1, 2), log })).toEqual(['snap 1.6'])
})

test('9.2 row 6: without the log on disk a learner before the window gets a snapshot', () => {
  expect(packetsOf({ window: windowOf([5, 6]), learnerZxid: zxidOf(1, 2), isLogAllowed: false })).toEqual(['snap 1.6'])
})

test('9.2 row 6: a learner at the beginning of a later epoch than ours gets a snapshot', () => {
  expect(packetsOf({ window: windowOf([5, 6]), learnerZxid: zxidOf(3, 0) })).toEqual(['snap 1.6'])
})

test('9.2.3: a follower is handed what is committed and what is proposed, an observer only what is committed', () => {
  const window = windowOf([3, 4, 5, 6], [], 1)

  expect(packetsOf({ window, learnerZxid: zxidOf(1, 4) })).toEqual(['diff 1.5', 'committed 1.5', 'proposed 1.6'])
  expect(packetsOf({ window, learnerZxid: zxidOf(1, 4), isObserver: true })).toEqual(['diff 1.5', 'committed 1.5'])
})

test('9.2.3: behind a snapshot come the transactions that are not in it', () => {
  const window = windowOf([3, 4, 5, 6], [], 1)

  expect(packetsOf({ window, learnerZxid: 0, lastProcessed: zxidOf(1, 4), isSnapshotForced: true })).toEqual([
    'snap 1.4',
    'committed 1.5',
    'proposed 1.6',
  ])
})

test('what is committed while the log is read belongs to the hand-over', () => {
  const window = windowOf([5, 6, 7, 8], [], 2)
  const sink = new SyncRecorder()
  const sync = new LearnerSync(window, zxidOf(1, 3), sink)
  expect(sync.start({ lastProcessed: zxidOf(1, 6), isSnapshotForced: false, isLogAllowed: true })).toBe('log')
  sync.offerLogEntry(zxidOf(1, 3), BYTES, 0, 4)
  sync.offerLogEntry(zxidOf(1, 4), BYTES, 0, 4)

  window.commit(zxidOf(1, 7))
  sync.offerLogEntry(zxidOf(1, 5), BYTES, 0, 4)
  sync.endOfLog(true, zxidOf(1, 7))
  sync.handOver(true)

  expect(sink.lines).toEqual(['diff 1.6', 'committed 1.4', 'committed 1.5', 'committed 1.6', 'committed 1.7', 'proposed 1.8'])
})

test('what the window lost while the log was read comes from the log', () => {
  const window = new CommittedWindow(2)
  for (let counter = 3; counter <= 8; counter++) window.append(zxidOf(1, counter), BYTES, 0, 4)
  window.commit(zxidOf(1, 4))
  const sink = new SyncRecorder()
  const sync = new LearnerSync(window, zxidOf(1, 1), sink)
  expect(sync.start({ lastProcessed: zxidOf(1, 4), isSnapshotForced: false, isLogAllowed: true })).toBe('log')
  sync.offerLogEntry(zxidOf(1, 1), BYTES, 0, 4)

  window.commit(zxidOf(1, 8))
  for (let counter = 2; counter <= 7; counter++) expect(sync.offerLogEntry(zxidOf(1, counter), BYTES, 0, 4)).toBe(true)
  sync.endOfLog(true, zxidOf(1, 8))
  sync.handOver(true)

  expect(sink.lines.slice(1)).toEqual([2, 3, 4, 5, 6, 7, 8].map((counter) => `committed 1.${counter}`))
})
