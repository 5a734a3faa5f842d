// Which operation tells whom of what: the matrix of operations and kinds of watches, the order of events, and who is left out.

import { type Acl, EventType, Op } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { WATCH_STANDARD } from '../../src/watch/watch-table.ts'
import { openAcl, Workbench } from '../txn/workbench.ts'
import { RecordingWatcher, TextWatches } from './recording-watcher.ts'

type Kind = 'data' | 'child' | 'persistent' | 'recursive'

const kinds: readonly Kind[] = ['data', 'child', 'persistent', 'recursive']

interface Watched {
  readonly bench: Workbench
  readonly watches: TextWatches
}

/** The tree / - /p - /p/n - /p/n/c, and the watches of its database. */
function planted(): Watched {
  const bench = new Workbench()
  bench.apply(bench.create('/p'), bench.create('/p/n'), bench.create('/p/n/c'))
  return { bench, watches: new TextWatches(bench.database.watches) }
}

function watch(watches: TextWatches, kind: Kind, path: string, watcher = new RecordingWatcher(kind)): RecordingWatcher {
  if (kind === 'data') watches.addData(watcher, path, WATCH_STANDARD)
  else if (kind === 'child') watches.addChild(watcher, path, WATCH_STANDARD)
  else watches.addPersistent(watcher, path, kind === 'recursive')
  return watcher
}

/** What one watcher of each kind at /p/n is told of an operation; each is alone in its own world. */
function toldOf(operate: (bench: Workbench) => void, prepare: (bench: Workbench) => void = () => {}): Record<Kind, string[]> {
  const entries = kinds.map((kind) => {
    const { bench, watches } = planted()
    prepare(bench)
    const watcher = watch(watches, kind, '/p/n')
    operate(bench)
    return [kind, watcher.take()] as const
  })
  return Object.fromEntries(entries) as Record<Kind, string[]>
}

const run = (bench: Workbench, ...prepared: ReturnType<Workbench['create']>[]): void => {
  for (const transaction of prepared) expect(transaction.code).toBe(0)
  bench.apply(...prepared)
}

const emptied = (bench: Workbench): void => run(bench, bench.delete('/p/n/c'))
const gone = (bench: Workbench): void => run(bench, bench.delete('/p/n/c'), bench.delete('/p/n'))
const nothing = { data: [], child: [], persistent: [], recursive: [] }

test('A68, A69: the node is created', () => {
  for (const flags of [0, 1] as const) {
    expect(toldOf((bench) => run(bench, bench.create('/p/n', '', flags)), gone)).toEqual({
      data: ['created /p/n'],
      child: [],
      persistent: ['created /p/n'],
      recursive: ['created /p/n'],
    })
  }
})

test('A68, A70: the node is deleted', () => {
  const all = ['deleted /p/n']
  expect(toldOf((bench) => run(bench, bench.delete('/p/n')), emptied)).toEqual({
    data: all,
    child: all,
    persistent: all,
    recursive: all,
  })
})

test('A68, A71: the data of the node is set, to another value or the same', () => {
  for (const data of ['other', '', null]) {
    expect(toldOf((bench) => run(bench, bench.setData('/p/n', data)))).toEqual({
      data: ['data /p/n'],
      child: [],
      persistent: ['data /p/n'],
      recursive: ['data /p/n'],
    })
  }
})

test('A68, A72: a child of the node is created', () => {
  expect(toldOf((bench) => run(bench, bench.create('/p/n/new')))).toEqual({
    data: [],
    child: ['children /p/n'],
    persistent: ['children /p/n'],
    recursive: ['created /p/n/new'],
  })
})

test('A68: a child of the node is deleted', () => {
  expect(toldOf((bench) => run(bench, bench.delete('/p/n/c')))).toEqual({
    data: [],
    child: ['children /p/n'],
    persistent: ['children /p/n'],
    recursive: ['deleted /p/n/c'],
  })
})

test('A68, A72: the data of a child is set: only a recursive watch is told', () => {
  expect(toldOf((bench) => run(bench, bench.setData('/p/n/c', 'x')))).toEqual({ ...nothing, recursive: ['data /p/n/c'] })
})

test('A68: something changes deeper down: only a recursive watch is told, and never of children', () => {
  const recursive = ['created /p/n/c/d', 'data /p/n/c/d', 'deleted /p/n/c/d']
  const operate = (bench: Workbench): void =>
    run(bench, bench.create('/p/n/c/d'), bench.setData('/p/n/c/d', 'x'), bench.delete('/p/n/c/d'))
  expect(toldOf(operate)).toEqual({ ...nothing, recursive })
})

test('A68: the ACL of the node is set, a version is checked, a write fails: nobody is told', () => {
  expect(toldOf((bench) => run(bench, bench.setAcl('/p/n', openAcl)))).toEqual(nothing)
  expect(toldOf((bench) => run(bench, bench.multi({ op: Op.check, request: { path: '/p/n', version: 0 } })))).toEqual(nothing)
  const fail = (bench: Workbench): void => {
    const failed = [bench.delete('/p/n'), bench.setData('/p/n', 'x', 9), bench.create('/p/n')]
    for (const { code } of failed) expect(code).not.toBe(0)
    const multi = bench.multi(
      { op: Op.setData, request: { path: '/p/n', data: null, version: -1 } },
      { op: Op.delete, request: { path: '/none', version: -1 } },
    )
    bench.apply(...failed, multi)
  }
  expect(toldOf(fail)).toEqual(nothing)
})

test('A68: a container or TTL node that is reaped, and the nodes of a session that ends, are deleted like any other', () => {
  const all = ['deleted /p/n']
  const every = { data: all, child: all, persistent: all, recursive: all }
  const container = (bench: Workbench): void => {
    gone(bench)
    run(bench, bench.create('/p/n', '', 4))
  }
  expect(toldOf((bench) => run(bench, bench.deleteContainer('/p/n')), container)).toEqual(every)
  const ephemeral = (bench: Workbench): void => {
    gone(bench)
    run(bench, bench.create('/p/n', '', 1, 7n))
  }
  expect(toldOf((bench) => run(bench, bench.closeSession(7n)), ephemeral)).toEqual(every)
})

test('A68: a reconfiguration is a change of the data of /zookeeper/config', () => {
  const { bench, watches } = planted()
  const watcher = watch(watches, 'data', '/zookeeper/config')
  bench.identities = [{ scheme: 'super', id: '' }]
  run(bench, bench.setData('/zookeeper/config', 'version=1'))
  expect(watcher.take()).toEqual(['data /zookeeper/config'])
})

test('A68: usage that a quota keeps up tells nobody', () => {
  const { bench, watches } = planted()
  run(bench, bench.create('/zookeeper/quota/p'), bench.create('/zookeeper/quota/p/zookeeper_limits', 'count=9,bytes=9'))
  run(bench, bench.create('/zookeeper/quota/p/zookeeper_stats'))
  const watcher = watch(watches, 'persistent', '/zookeeper/quota/p/zookeeper_stats')
  run(bench, bench.create('/p/another', 'x'))
  expect(bench.data('/zookeeper/quota/p/zookeeper_stats')).toBe('count=4,bytes=1')
  expect(watcher.take()).toEqual([])
})

test('the root is told of its children and its data by its own name', () => {
  for (const [kind, told] of [
    ['data', ['data /']],
    ['child', ['children /']],
    ['persistent', ['children /', 'data /', 'children /']],
    ['recursive', ['created /x', 'data /', 'deleted /x']],
  ] as const) {
    const { bench, watches } = planted()
    const watcher = watch(watches, kind, '/')
    run(bench, bench.create('/x'), bench.setData('/', 'y'), bench.delete('/x'))
    expect(watcher.take()).toEqual(told)
  }
})

test('A66: a one-shot watch gets one event, a persistent one gets them all', () => {
  const { bench, watches } = planted()
  const [once, always] = [watch(watches, 'data', '/p/n'), watch(watches, 'persistent', '/p/n')]
  run(bench, bench.setData('/p/n', '1'), bench.setData('/p/n', '2'))
  expect([once.take(), always.take()]).toEqual([['data /p/n'], ['data /p/n', 'data /p/n']])
})

test('A67: a one-shot watch that is set again gets the next event, too', () => {
  const { bench, watches } = planted()
  const watcher = new RecordingWatcher()
  for (let i = 0; i < 5; i++) {
    watch(watches, 'data', '/p/n', watcher)
    run(bench, bench.setData('/p/n', String(i)))
  }
  expect(watcher.take()).toHaveLength(5)
})

test('a recursive watch on /w sees the life of all below it, a persistent one its children as changes only', () => {
  const bench = new Workbench()
  const watches = new TextWatches(bench.database.watches)
  bench.apply(bench.create('/w'))
  const [recursive, persistent] = [watch(watches, 'recursive', '/w'), watch(watches, 'persistent', '/w')]
  run(bench, bench.create('/w/y'), bench.setData('/w/y', ''), bench.create('/w/y/z'), bench.setData('/w', ''))
  run(bench, bench.delete('/w/y/z'), bench.delete('/w/y'), bench.delete('/w'), bench.create('/w'))
  expect(recursive.take()).toEqual([
    ...['created /w/y', 'data /w/y', 'created /w/y/z', 'data /w'],
    ...['deleted /w/y/z', 'deleted /w/y', 'deleted /w', 'created /w'],
  ])
  expect(persistent.take()).toEqual(['children /w', 'data /w', 'children /w', 'deleted /w', 'created /w'])
})

// --- one connection, several watches -----------------------------------------------------------

test('A70: a connection that watches data and children is told of the deletion once', () => {
  const { bench, watches } = planted()
  const watcher = new RecordingWatcher()
  for (const kind of kinds) watch(watches, kind, '/p/n', watcher)
  watch(watches, 'recursive', '/p', watcher)
  watch(watches, 'recursive', '/', watcher)
  emptied(bench)
  // Of the child: created or deleted by the recursive watches, and the children by the others.
  expect(watcher.take()).toEqual(['deleted /p/n/c', 'children /p/n'])
  run(bench, bench.delete('/p/n'))
  expect(watcher.take()).toEqual(['deleted /p/n'])
  run(bench, bench.create('/p/n'), bench.setData('/p/n', 'x'))
  expect(watcher.take()).toEqual(['created /p/n', 'data /p/n'])
})

test('a one-shot that was told by another of its watches is used up all the same', () => {
  const { bench, watches } = planted()
  const watcher = new RecordingWatcher()
  for (const kind of ['data', 'child', 'persistent'] as const) watch(watches, kind, '/p/n', watcher)
  emptied(bench)
  run(bench, bench.delete('/p/n'))
  watches.remove(watcher, '/p/n', 2, 2)
  expect(watches.modes(watcher, '/p/n')).toEqual([0, 0])
  expect(bench.database.watches.isEmpty()).toBe(true)
})

// --- order -------------------------------------------------------------------------------------

test('events come in the order of the transactions, and for each: data watches, child watches, the parent’s child watches', () => {
  const bench = new Workbench()
  bench.apply(bench.create('/p'), bench.create('/p/n'))
  const watches = new TextWatches(bench.database.watches)
  const journal: [string, string][] = []
  const [child, data, parent, above] = ['child', 'data', 'parent', 'above'].map((name) => new RecordingWatcher(name, journal))
  watches.addChild(child as RecordingWatcher, '/p/n', WATCH_STANDARD)
  watches.addData(data as RecordingWatcher, '/p/n', WATCH_STANDARD)
  watches.addChild(parent as RecordingWatcher, '/p', WATCH_STANDARD)
  watches.addPersistent(above as RecordingWatcher, '/', true)
  run(bench, bench.delete('/p/n'), bench.create('/p/n'))
  expect(journal).toEqual([
    ['above', 'deleted /p/n'],
    ['data', 'deleted /p/n'],
    ['child', 'deleted /p/n'],
    ['parent', 'children /p'],
    ['above', 'created /p/n'],
  ])
})

test('the events of a multi come part by part, those of a session’s end node by node in the order of its list', () => {
  const { bench, watches } = planted()
  const watcher = watch(watches, 'recursive', '/')
  const children = watch(watches, 'persistent', '/')
  const create = (path: string) => ({ op: Op.create, request: { path, data: null, acl: openAcl, flags: 1 } }) as const
  const multi = bench.multi(create('/z'), create('/a'), { op: Op.setData, request: { path: '/z', data: null, version: 0 } })
  bench.apply(multi)
  expect(watcher.take()).toEqual(['created /z', 'created /a', 'data /z'])
  expect(children.take()).toEqual(['children /', 'children /'])
  run(bench, bench.closeSession(1n))
  expect(watcher.take()).toEqual(['deleted /z', 'deleted /a'])
  expect(children.take()).toEqual(['children /', 'children /'])
})

test('every event carries the zxid of the transaction that caused it, all events of one transaction the same', () => {
  const { bench, watches } = planted()
  const watcher = watch(watches, 'persistent', '/p')
  run(bench, bench.create('/p/e', '', 1, 7n), bench.create('/p/f', '', 1, 7n), bench.closeSession(7n), bench.setData('/p', ''))
  expect(watcher.told.map(({ type, zxid }) => [type, zxid])).toEqual([
    [EventType.nodeChildrenChanged, 4],
    [EventType.nodeChildrenChanged, 5],
    [EventType.nodeChildrenChanged, 6],
    [EventType.nodeChildrenChanged, 6],
    [EventType.nodeDataChanged, 7],
  ])
})

test('A77: when the event comes, the tree has the change already, and the write has no reply yet', () => {
  const { bench, watches } = planted()
  const seen: (string | null)[] = []
  const watcher = new (class extends RecordingWatcher {
    override notify(frame: Uint8Array, length: number): void {
      super.notify(frame, length)
      seen.push(bench.exists('/p/new') ? bench.data('/p/new') : null)
    }
  })()
  watch(watches, 'recursive', '/p', watcher)
  run(bench, bench.create('/p/new', 'first'), bench.setData('/p/new', 'second'))
  expect(seen).toEqual(['first', 'second'])
})

// --- who may not read is not told --------------------------------------------------------------

const secret: readonly Acl[] = [{ perms: 31, scheme: 'digest', id: 'owner:hash' }]

/** /s and /s/n, readable by their owner only, and a watcher of each kind who is somebody else. */
function guarded(path: string): [Workbench, Record<Kind, RecordingWatcher>] {
  const bench = new Workbench()
  bench.identities = [{ scheme: 'digest', id: 'owner:hash' }]
  run(bench, bench.create('/s', '', 0, 1n, secret), bench.create('/s/n', '', 0, 1n, secret))
  const watches = new TextWatches(bench.database.watches)
  const secretId = bench.database.acls.copy().find(({ acl }) => acl[0]?.scheme === 'digest')?.id ?? 0
  const entries = kinds.map((kind) => {
    const watcher = watch(watches, kind, path)
    watcher.forbidden.add(secretId)
    return [kind, watcher] as const
  })
  return [bench, Object.fromEntries(entries) as Record<Kind, RecordingWatcher>]
}

test('who may not read the node is not told of it, and a one-shot watch is used up', () => {
  const [bench, watchers] = guarded('/s/n')
  run(bench, bench.setData('/s/n', 'x'), bench.delete('/s/n'))
  for (const kind of kinds) expect(watchers[kind].take()).toEqual([])
  // The one-shots are gone, the others are not.
  const watches = new TextWatches(bench.database.watches)
  const left = kinds.map((kind) => watches.modes(watchers[kind], '/s/n'))
  expect(left).toEqual([
    [0, 0],
    [0, 0],
    [2, 2],
    [4, 0],
  ])
})

test('what counts is the ACL at that moment: of a new node its own, of a deleted one the one it had, of children the parent’s', () => {
  const [bench, watchers] = guarded('/s/n')
  run(bench, bench.delete('/s/n'))
  run(bench, bench.create('/s/n'))
  expect(kinds.map((kind) => watchers[kind].take())).toEqual([[], [], ['created /s/n'], ['created /s/n']])
  run(bench, bench.create('/s/n/c', '', 0, 1n, secret))
  // The child is secret, the list of children is not.
  expect(kinds.map((kind) => watchers[kind].take())).toEqual([[], [], ['children /s/n'], []])
  run(bench, bench.setAcl('/s/n', secret), bench.delete('/s/n/c'), bench.delete('/s/n'))
  expect(kinds.map((kind) => watchers[kind].take())).toEqual([[], [], [], []])
})

test('children of a parent that may not be read are told to recursive watches that may read the child', () => {
  const [bench, watchers] = guarded('/s')
  run(bench, bench.create('/s/open'))
  expect(kinds.map((kind) => watchers[kind].take())).toEqual([[], [], [], ['created /s/open']])
})

test('the right to read is asked for when the event comes, not when the watch is set', () => {
  const [bench, watchers] = guarded('/s/n')
  watchers.persistent.forbidden.clear()
  run(bench, bench.setData('/s/n', 'x'))
  expect(watchers.persistent.take()).toEqual(['data /s/n'])
})

// --- after a reconnect -------------------------------------------------------------------------

test('an event that is found while watches are set again goes to that watcher alone, with zxid -1', () => {
  const { bench, watches } = planted()
  const [one, other] = [watch(watches, 'data', '/p/n'), watch(watches, 'data', '/p/n')]
  const bytes = new TextEncoder().encode('/p/n')
  bench.database.watches.notifyNow(one, EventType.nodeDataChanged, bytes, 0, 4)
  bench.database.watches.notifyNow(one, EventType.nodeDeleted, bytes, 0, 4)
  expect(one.told.map(({ zxid }) => zxid)).toEqual([-1, -1])
  expect([one.take(), other.take()]).toEqual([['data /p/n', 'deleted /p/n'], []])
  run(bench, bench.setData('/p/n', 'x'))
  expect([one.take(), other.take()]).toEqual([['data /p/n'], ['data /p/n']])
})
