// What the watch table tells whoever counts: each event that somebody got, with its type and the number of watchers.

import { EventType, utf8Bytes } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { WATCH_RECURSIVE, WATCH_STANDARD, type Watcher, WatchTable } from '../../src/watch/watch-table.ts'

const OPEN_ACL_ID = -1
const SECRET_ACL_ID = 7

class CountingWatcher implements Watcher {
  lastEventSerial = 0
  events = 0
  isTrusted = true

  notify(): void {
    this.events++
  }

  mayRead(): boolean {
    return this.isTrusted
  }
}

class Watches {
  readonly table = new WatchTable(1)
  readonly fired: [type: number, watcherCount: number][] = []

  constructor() {
    this.table.onFired = (type, watcherCount) => this.fired.push([type, watcherCount])
  }

  data(path: string, mode = WATCH_STANDARD): CountingWatcher {
    const watcher = new CountingWatcher()
    const bytes = utf8Bytes(path)
    this.table.addData(watcher, bytes, 0, bytes.length, mode)
    return watcher
  }

  child(path: string): CountingWatcher {
    const watcher = new CountingWatcher()
    const bytes = utf8Bytes(path)
    this.table.addChild(watcher, bytes, 0, bytes.length, WATCH_STANDARD)
    return watcher
  }

  created(path: string): void {
    const bytes = utf8Bytes(path)
    this.table.nodeCreated(bytes, 0, bytes.length, path.lastIndexOf('/'), 5, OPEN_ACL_ID, OPEN_ACL_ID)
  }

  deleted(path: string): void {
    const bytes = utf8Bytes(path)
    this.table.nodeDeleted(bytes, 0, bytes.length, path.lastIndexOf('/'), 5, OPEN_ACL_ID, OPEN_ACL_ID)
  }

  changed(path: string, aclId = OPEN_ACL_ID): void {
    const bytes = utf8Bytes(path)
    this.table.nodeDataChanged(bytes, 0, bytes.length, 5, aclId)
  }
}

test('an event is told with its type and the number of watchers that got it', () => {
  const watches = new Watches()
  for (let i = 0; i < 3; i++) watches.data('/a')
  watches.changed('/a')
  expect(watches.fired).toEqual([[EventType.nodeDataChanged, 3]])
})

test('an event that nobody gets is not told', () => {
  const watches = new Watches()
  watches.data('/a')
  watches.changed('/b')
  watches.created('/c')
  watches.changed('/a')
  watches.changed('/a')
  expect(watches.fired).toEqual([[EventType.nodeDataChanged, 1]])
})

test('the creation of a node and the change of its parent are two events', () => {
  const watches = new Watches()
  watches.data('/a/b')
  watches.data('/a', WATCH_RECURSIVE)
  watches.child('/a')
  watches.created('/a/b')
  expect(watches.fired).toEqual([
    [EventType.nodeCreated, 2],
    [EventType.nodeChildrenChanged, 1],
  ])
})

test('a deletion reaches watchers of data and of children as one event, and each watcher once', () => {
  const watches = new Watches()
  const both = watches.data('/a')
  const bytes = utf8Bytes('/a')
  watches.table.addChild(both, bytes, 0, bytes.length, WATCH_STANDARD)
  watches.child('/a')
  watches.child('/')
  watches.deleted('/a')
  expect(watches.fired).toEqual([
    [EventType.nodeDeleted, 2],
    [EventType.nodeChildrenChanged, 1],
  ])
  expect(both.events).toBe(1)
})

test('a watcher that may not read the node does not count', () => {
  const watches = new Watches()
  watches.data('/a')
  watches.data('/a').isTrusted = false
  watches.changed('/a', SECRET_ACL_ID)
  expect(watches.fired).toEqual([[EventType.nodeDataChanged, 1]])
})
