// The watch table against a naive model: a list of registrations that is searched through for each event.

import { EventType } from '@tskeeper/protocol/server'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { WATCH_PERSISTENT, WATCH_RECURSIVE, WATCH_STANDARD, WatchTable } from '../../src/watch/watch-table.ts'
import { nameOf, RecordingWatcher, TextWatches } from './recording-watcher.ts'

type Table = 'data' | 'child'

interface Registration {
  readonly table: Table
  readonly watcher: number
  readonly path: string
  readonly mode: number
}

class WatchModel {
  registrations: Registration[] = []
  readonly told: [watcher: number, event: string][] = []
  private toldOfThis = new Set<number>()

  add(table: Table, watcher: number, path: string, mode: number): void {
    if (!this.has(table, watcher, path, mode)) this.registrations.push({ table, watcher, path, mode })
  }

  has(table: Table, watcher: number, path: string, mode: number): boolean {
    return this.registrations.some((r) => r.table === table && r.watcher === watcher && r.path === path && r.mode === mode)
  }

  remove(watcher: number, path: string, dataModes: number, childModes: number): boolean {
    const before = this.registrations.length
    this.registrations = this.registrations.filter(
      (r) => r.watcher !== watcher || r.path !== path || (r.mode & (r.table === 'data' ? dataModes : childModes)) === 0,
    )
    return this.registrations.length < before
  }

  removeWatcher(watcher: number): void {
    this.registrations = this.registrations.filter((r) => r.watcher !== watcher)
  }

  fire(type: number, path: string, forbidden: (watcher: number) => boolean): void {
    this.toldOfThis = new Set()
    if (type !== EventType.nodeChildrenChanged) this.trigger('data', type, path, forbidden)
    if (type === EventType.nodeDeleted || type === EventType.nodeChildrenChanged) this.trigger('child', type, path, forbidden)
  }

  private trigger(table: Table, type: number, path: string, forbidden: (watcher: number) => boolean): void {
    for (const { watcher, path: watched, mode, table: where } of this.registrations) {
      const isAbove = watched !== path && (watched === '/' || path.startsWith(`${watched}/`))
      const isMatch = watched === path || (isAbove && mode === WATCH_RECURSIVE)
      if (where !== table || !isMatch || this.toldOfThis.has(watcher)) continue
      this.toldOfThis.add(watcher)
      if (!forbidden(watcher)) this.told.push([watcher, nameOf(type, path)])
    }
    this.registrations = this.registrations.filter((r) => r.table !== table || r.path !== path || r.mode !== WATCH_STANDARD)
  }

  /** One for each path and watcher. */
  count(table: Table): number {
    return new Set(this.registrations.filter((r) => r.table === table).map((r) => `${r.watcher} ${r.path}`)).size
  }
}

const path = fc.constantFrom('/', '/a', '/a/b', '/a/b/c', '/ab', '/b')
const eventPath = path.filter((path) => path !== '/')
const watcher = fc.nat(2)
const mode = fc.constantFrom(WATCH_STANDARD, WATCH_PERSISTENT, WATCH_RECURSIVE)
const modes = fc.constantFrom(WATCH_STANDARD, WATCH_PERSISTENT, WATCH_RECURSIVE, 7, 0)
const step = fc.oneof(
  { arbitrary: fc.record({ kind: fc.constant('addData' as const), watcher, path, mode }), weight: 5 },
  {
    arbitrary: fc.record({
      kind: fc.constant('addChild' as const),
      watcher,
      path,
      mode: fc.constantFrom(WATCH_STANDARD, WATCH_PERSISTENT),
    }),
    weight: 4,
  },
  {
    arbitrary: fc.record({ kind: fc.constant('remove' as const), watcher, path, dataModes: modes, childModes: modes }),
    weight: 2,
  },
  { arbitrary: fc.record({ kind: fc.constant('removeWatcher' as const), watcher }), weight: 1 },
  {
    arbitrary: fc.record({
      kind: fc.constantFrom('created' as const, 'deleted' as const, 'data' as const),
      path: eventPath,
      /** Who may not read the node, and who not its parent. */
      hiddenFrom: fc.option(watcher, { nil: -1, freq: 3 }),
      parentHiddenFrom: fc.option(watcher, { nil: -1, freq: 3 }),
    }),
    weight: 8,
  },
)

const NODE_ACL = 11
const PARENT_ACL = 22

test('the same watchers are told of the same events, and the same watches are left, as in a naive list', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), fc.integer(), (steps, seed) => {
      const watches = new TextWatches(new WatchTable(seed))
      const model = new WatchModel()
      const watchers = [0, 1, 2].map((index) => new RecordingWatcher(String(index)))
      const of = (index: number): RecordingWatcher => watchers[index] as RecordingWatcher
      for (const step of steps) {
        switch (step.kind) {
          case 'addData':
            watches.addData(of(step.watcher), step.path, step.mode)
            model.add('data', step.watcher, step.path, step.mode)
            break
          case 'addChild':
            watches.addChild(of(step.watcher), step.path, step.mode)
            model.add('child', step.watcher, step.path, step.mode)
            break
          case 'remove':
            expect(watches.remove(of(step.watcher), step.path, step.dataModes, step.childModes)).toBe(
              model.remove(step.watcher, step.path, step.dataModes, step.childModes),
            )
            break
          case 'removeWatcher':
            watches.table.removeWatcher(of(step.watcher))
            model.removeWatcher(step.watcher)
            break
          default:
            fireBoth(watches, model, watchers, step)
        }
        expect([watches.table.dataCount, watches.table.childCount]).toEqual([model.count('data'), model.count('child')])
        expect(watches.table.isEmpty()).toBe(model.registrations.length === 0)
      }
      for (const watcher of watchers.keys()) watches.table.removeWatcher(of(watcher))
      expect([watches.table.dataCount, watches.table.childCount, watches.table.isEmpty()]).toEqual([0, 0, true])
    }),
    { numRuns: 300 },
  )
})

interface Firing {
  readonly kind: 'created' | 'deleted' | 'data'
  readonly path: string
  readonly hiddenFrom: number
  readonly parentHiddenFrom: number
}

function fireBoth(watches: TextWatches, model: WatchModel, watchers: readonly RecordingWatcher[], firing: Firing): void {
  const { kind, path, hiddenFrom, parentHiddenFrom } = firing
  for (const [index, watcher] of watchers.entries()) {
    watcher.forbidden.clear()
    if (index === hiddenFrom) watcher.forbidden.add(NODE_ACL)
    if (index === parentHiddenFrom) watcher.forbidden.add(PARENT_ACL)
  }
  model.told.length = 0
  const parent = path.lastIndexOf('/') === 0 ? '/' : path.slice(0, path.lastIndexOf('/'))
  const type = { created: EventType.nodeCreated, deleted: EventType.nodeDeleted, data: EventType.nodeDataChanged }[kind]
  model.fire(type, path, (watcher) => watcher === hiddenFrom)
  if (kind !== 'data') model.fire(EventType.nodeChildrenChanged, parent, (watcher) => watcher === parentHiddenFrom)
  if (kind === 'created') watches.created(path, 1, NODE_ACL, PARENT_ACL)
  else if (kind === 'deleted') watches.deleted(path, 1, NODE_ACL, PARENT_ACL)
  else watches.dataChanged(path, 1, NODE_ACL)
  // What each watcher gets is in its order; the order among watchers is nobody's business.
  for (const [index, watcher] of watchers.entries()) {
    expect(watcher.take()).toEqual(model.told.filter(([who]) => who === index).map(([, event]) => event))
  }
}
