// The table itself: registering, looking up, taking away, and what is left when nobody watches any more.

import { EventType } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { hashEnd, hashStep } from '../../src/tree/path-hash.ts'
import { WATCH_PERSISTENT, WATCH_RECURSIVE, WATCH_STANDARD, WatchTable } from '../../src/watch/watch-table.ts'
import { bytesOf } from '../txn/workbench.ts'
import { RecordingWatcher, TextWatches } from './recording-watcher.ts'

const SEED = 5

function table(): TextWatches {
  return new TextWatches(new WatchTable(SEED))
}

const countsOf = ({ table }: TextWatches): [number, number, boolean] => [table.dataCount, table.childCount, table.isEmpty()]

const ALL = WATCH_STANDARD | WATCH_PERSISTENT | WATCH_RECURSIVE
/** What each type of watch in a request for removal takes from the data table and from the child table. */
const CHILDREN = [0, WATCH_STANDARD] as const
const DATA = [WATCH_STANDARD, 0] as const
const ANY = [ALL, ALL] as const
const PERSISTENT = [WATCH_PERSISTENT, WATCH_PERSISTENT] as const
const PERSISTENT_RECURSIVE = [WATCH_RECURSIVE, 0] as const

test('a persistent watch stands in both tables, a recursive one in the data table', () => {
  const watches = table()
  const watcher = new RecordingWatcher()
  watches.addPersistent(watcher, '/a', false)
  expect(watches.modes(watcher, '/a')).toEqual([WATCH_PERSISTENT, WATCH_PERSISTENT])
  watches.addPersistent(watcher, '/b', true)
  expect(watches.modes(watcher, '/b')).toEqual([WATCH_RECURSIVE, 0])
  expect(countsOf(watches)).toEqual([2, 1, false])
})

test('adding what is there already changes nothing, and other modes join it', () => {
  const watches = table()
  const watcher = new RecordingWatcher()
  for (let i = 0; i < 3; i++) {
    watches.addData(watcher, '/a', WATCH_STANDARD)
    watches.addPersistent(watcher, '/a', true)
    watches.addPersistent(watcher, '/a', false)
    watches.addChild(watcher, '/a', WATCH_STANDARD)
  }
  expect(watches.modes(watcher, '/a')).toEqual([ALL, WATCH_STANDARD | WATCH_PERSISTENT])
  expect(countsOf(watches)).toEqual([1, 1, false])
  watches.created('/a/b')
  expect(watcher.take()).toEqual(['created /a/b', 'children /a'])
})

test('watches are those of one path and one watcher, and of no other', () => {
  const watches = table()
  const [one, other] = [new RecordingWatcher(), new RecordingWatcher()]
  watches.addData(one, '/a', WATCH_STANDARD)
  for (const path of ['/', '/a/', '/ab', '/A', '', '/a/b']) expect(watches.modes(one, path)).toEqual([0, 0])
  expect(watches.modes(other, '/a')).toEqual([0, 0])
})

test('any text can be watched as a path, also one that no node can have', () => {
  const watches = table()
  const watcher = new RecordingWatcher()
  for (const path of ['', 'x', '//', '/a/', 'no slash']) watches.addPersistent(watcher, path, true)
  watches.created('/a')
  watches.dataChanged('/a/b')
  expect(watcher.take()).toEqual([])
  watches.table.removeWatcher(watcher)
  expect(countsOf(watches)).toEqual([0, 0, true])
})

test('the bytes of a request can be used again: the table has copies', () => {
  const watches = table()
  const watcher = new RecordingWatcher()
  const request = Buffer.from('..../a....')
  watches.table.addData(watcher, request, 4, 2, WATCH_STANDARD)
  request.fill(0)
  watches.dataChanged('/a')
  expect(watcher.take()).toEqual(['data /a'])
})

test.each([
  ['children', CHILDREN, [ALL, WATCH_PERSISTENT]],
  ['data', DATA, [WATCH_PERSISTENT | WATCH_RECURSIVE, WATCH_STANDARD | WATCH_PERSISTENT]],
  ['any', ANY, [0, 0]],
  ['persistent', PERSISTENT, [WATCH_STANDARD | WATCH_RECURSIVE, WATCH_STANDARD]],
  ['persistent recursive', PERSISTENT_RECURSIVE, [WATCH_STANDARD | WATCH_PERSISTENT, WATCH_STANDARD | WATCH_PERSISTENT]],
])('A191: removal of the type %s takes its own modes and leaves the others', (_type, [dataModes, childModes], left) => {
  const watches = table()
  const [watcher, other] = [new RecordingWatcher(), new RecordingWatcher()]
  for (const who of [watcher, other]) {
    watches.addData(who, '/a', WATCH_STANDARD)
    watches.addChild(who, '/a', WATCH_STANDARD)
    watches.addPersistent(who, '/a', false)
    watches.addPersistent(who, '/a', true)
  }
  expect(watches.remove(watcher, '/a', dataModes, childModes)).toBe(true)
  expect(watches.modes(watcher, '/a')).toEqual(left)
  expect(watches.modes(other, '/a')).toEqual([ALL, WATCH_STANDARD | WATCH_PERSISTENT])
  expect(watches.remove(watcher, '/a', dataModes, childModes)).toBe(false)
})

test('removal says whether there was anything to remove, at exactly that path', () => {
  const watches = table()
  const watcher = new RecordingWatcher()
  watches.addPersistent(watcher, '/a', true)
  expect(watches.remove(watcher, '/a/b', ...ANY)).toBe(false)
  expect(watches.remove(watcher, '/a', ...DATA)).toBe(false)
  expect(watches.remove(new RecordingWatcher(), '/a', ...ANY)).toBe(false)
  expect(watches.remove(watcher, '/a', ...PERSISTENT_RECURSIVE)).toBe(true)
  expect(countsOf(watches)).toEqual([0, 0, true])
  watches.created('/a/b')
  expect(watcher.take()).toEqual([])
})

test('a watcher that goes leaves nothing behind, and the others keep theirs', () => {
  const watches = table()
  const [gone, stays] = [new RecordingWatcher(), new RecordingWatcher()]
  for (let i = 0; i < 100; i++) {
    for (const watcher of [gone, stays]) {
      watches.addData(watcher, `/n${i}`, WATCH_STANDARD)
      watches.addChild(watcher, `/n${i % 10}`, WATCH_STANDARD)
      watches.addPersistent(watcher, `/p${i % 7}`, i % 2 === 0)
    }
  }
  const [dataCount, childCount] = countsOf(watches)
  watches.table.removeWatcher(gone)
  watches.table.removeWatcher(gone)
  expect(countsOf(watches)).toEqual([dataCount / 2, childCount / 2, false])
  watches.dataChanged('/n1')
  watches.created('/p2/new')
  expect(gone.take()).toEqual([])
  expect(stays.take()).toEqual(['data /n1', 'created /p2/new', 'children /p2'])
  watches.table.removeWatcher(stays)
  expect(countsOf(watches)).toEqual([0, 0, true])
})

test('one-shots that fired leave nothing behind', () => {
  const watches = table()
  const watcher = new RecordingWatcher()
  watches.addData(watcher, '/a', WATCH_STANDARD)
  watches.addChild(watcher, '/a', WATCH_STANDARD)
  watches.addChild(watcher, '/', WATCH_STANDARD)
  watches.deleted('/a')
  expect(watcher.take()).toEqual(['deleted /a', 'children /'])
  expect(countsOf(watches)).toEqual([0, 0, true])
})

test('without a recursive watch ancestors are not told, also after the last one went', () => {
  const watches = table()
  const watcher = new RecordingWatcher()
  watches.addPersistent(watcher, '/a', true)
  watches.addPersistent(watcher, '/a', true)
  expect(watches.remove(watcher, '/a', ...PERSISTENT_RECURSIVE)).toBe(true)
  watches.addPersistent(watcher, '/a', false)
  watches.dataChanged('/a/b')
  expect(watcher.take()).toEqual([])
  watches.addPersistent(watcher, '/', true)
  watches.dataChanged('/a/b')
  expect(watcher.take()).toEqual(['data /a/b'])
})

test('a recursive watch covers what is below its path, not what begins like it', () => {
  const watches = table()
  const watcher = new RecordingWatcher()
  watches.addPersistent(watcher, '/a', true)
  for (const path of ['/a', '/a/b', '/a/b/c', '/ab', '/b/a', '/b']) watches.dataChanged(path)
  expect(watcher.take()).toEqual(['data /a', 'data /a/b', 'data /a/b/c'])
})

test('a watcher may go while it is told, and others are told all the same', () => {
  const watches = table()
  const leaving = new (class extends RecordingWatcher {
    override notify(frame: Uint8Array, length: number): void {
      super.notify(frame, length)
      watches.table.removeWatcher(this)
    }
  })()
  const others = [new RecordingWatcher(), new RecordingWatcher()] as const
  watches.addData(others[0], '/a', WATCH_STANDARD)
  for (const path of ['/', '/a']) watches.addPersistent(leaving, path, true)
  watches.addChild(leaving, '/a', WATCH_STANDARD)
  watches.addData(others[1], '/a', WATCH_STANDARD)
  watches.deleted('/a')
  expect([leaving.take(), others[0].take(), others[1].take()]).toEqual([['deleted /a'], ['deleted /a'], ['deleted /a']])
  expect(countsOf(watches)).toEqual([0, 0, true])
})

test('paths whose hashes collide are kept apart', () => {
  const watches = table()
  const byHash = new Map<number, string>()
  const watcher = new RecordingWatcher()
  const hashOf = (path: string): number => hashEnd(hashStep(SEED, bytesOf(path), 0, path.length))
  let pair: [string, string] | null = null
  for (let i = 0; pair === null; i++) {
    const path = `/${i.toString(36)}`
    const other = byHash.get(hashOf(path))
    if (other !== undefined) pair = [other, path]
    byHash.set(hashOf(path), path)
  }
  const [first, second] = pair
  watches.addData(watcher, first, WATCH_STANDARD)
  watches.addData(watcher, second, WATCH_STANDARD)
  watches.addPersistent(watcher, first, false)
  watches.dataChanged(second)
  expect(watcher.take()).toEqual([`data ${second}`])
  watches.dataChanged(second)
  watches.dataChanged(first)
  expect(watcher.take()).toEqual([`data ${first}`])
  expect(watches.modes(watcher, first)).toEqual([WATCH_PERSISTENT, WATCH_PERSISTENT])
  watches.addData(watcher, second, WATCH_STANDARD)
  expect(watches.remove(watcher, first, ...ANY)).toBe(true)
  expect([watches.modes(watcher, first), watches.modes(watcher, second)]).toEqual([
    [0, 0],
    [WATCH_STANDARD, 0],
  ])
  watches.dataChanged(second)
  expect(watcher.take()).toEqual([`data ${second}`])
  expect(countsOf(watches)).toEqual([0, 0, true])
})

test('what a watcher watched is forgotten with each watch, not only when it goes', () => {
  const watches = table()
  const watcher = new RecordingWatcher()
  watches.addPersistent(watcher, '/kept', false)
  for (let i = 0; i < 100; i++) {
    watches.addData(watcher, `/n${i}`, WATCH_STANDARD)
    watches.addChild(watcher, `/n${i}`, WATCH_STANDARD)
    if (i % 2 === 0) watches.deleted(`/n${i}`)
    else watches.remove(watcher, `/n${i}`, ...ANY)
  }
  // A client that stays connected for months must not add up to a leak, so this looks inside.
  const byWatcher = Reflect.get(watches.table, 'byWatcher') as Map<RecordingWatcher, Set<unknown>>
  expect(byWatcher.get(watcher)?.size).toBe(1)
  watches.remove(watcher, '/kept', ...PERSISTENT)
  expect(byWatcher.size).toBe(0)
})

test('A209: the paths with data watches are listed with their watchers', () => {
  const watches = table()
  const [one, other] = [new RecordingWatcher('one'), new RecordingWatcher('other')]
  watches.addData(one, '/a', WATCH_STANDARD)
  watches.addData(other, '/a', WATCH_PERSISTENT)
  watches.addPersistent(one, '/é', true)
  watches.addChild(other, '/only-children', WATCH_STANDARD)
  const listed = [...watches.table.dataWatches()].map(([path, watchers]) => [path, [...watchers]])
  expect(listed.sort()).toEqual([
    ['/a', [one, other]],
    ['/é', [one]],
  ])
})

test('who counts is told the type of each event and how many got it, and nothing of events that nobody got', () => {
  const watches = table()
  const fired: [number, number][] = []
  watches.table.onFired = (type, watcherCount) => fired.push([type, watcherCount])
  const watchers = [new RecordingWatcher(), new RecordingWatcher(), new RecordingWatcher()]
  watchers[2]?.forbidden.add(7)
  for (const watcher of watchers) {
    watches.addData(watcher, '/a', WATCH_STANDARD)
    watches.addChild(watcher, '/a', WATCH_STANDARD)
  }
  watches.dataChanged('/b')
  watches.dataChanged('/a', 1, 7)
  watches.created('/a/b')
  expect(fired).toEqual([
    [EventType.nodeDataChanged, 2],
    [EventType.nodeChildrenChanged, 3],
  ])
})
