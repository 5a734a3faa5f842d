// A client's connection that keeps what it is told.

import { ByteReader, EventType, readReplyHeader, readWatcherEvent } from '@tskeeper/protocol/server'
import { expect } from 'vitest'
import type { Watcher, WatchTable } from '../../src/watch/watch-table.ts'
import { bytesOf } from '../txn/workbench.ts'

export interface Told {
  readonly type: number
  readonly path: string
  readonly zxid: number
}

export class RecordingWatcher implements Watcher {
  lastEventSerial = 0
  readonly name: string
  readonly told: Told[] = []
  /** ACL ids that this client may not read. */
  readonly forbidden: Set<number> = new Set()
  /** Shared by several watchers: who was told, in the order of all. */
  readonly journal: [name: string, event: string][]

  constructor(name = 'client', journal: [name: string, event: string][] = []) {
    this.name = name
    this.journal = journal
  }

  notify(frame: Uint8Array, length: number): void {
    // The bytes are only valid during the call.
    const input = new ByteReader(frame.slice(0, length))
    expect(input.readInt()).toBe(length - 4)
    const { xid, zxid, err } = readReplyHeader(input)
    const { type, state, path } = readWatcherEvent(input)
    expect([xid, err, state, input.remaining()]).toEqual([-1, 0, 3, 0])
    this.told.push({ type, path: path ?? '', zxid })
    this.journal.push([this.name, nameOf(type, path ?? '')])
  }

  mayRead(aclId: number): boolean {
    return !this.forbidden.has(aclId)
  }

  /** What it was told since the last time this was asked, such as `created /a`. */
  take(): string[] {
    return this.told.splice(0).map(({ type, path }) => nameOf(type, path))
  }
}

const NAMES: Readonly<Record<number, string>> = {
  [EventType.nodeCreated]: 'created',
  [EventType.nodeDeleted]: 'deleted',
  [EventType.nodeDataChanged]: 'data',
  [EventType.nodeChildrenChanged]: 'children',
}

export function nameOf(type: number, path: string): string {
  return `${NAMES[type] ?? `type ${type}`} ${path}`
}

/** The table's methods with paths as text. */
export class TextWatches {
  readonly table: WatchTable

  constructor(table: WatchTable) {
    this.table = table
  }

  addData(watcher: Watcher, path: string, mode: number): void {
    const bytes = bytesOf(path)
    this.table.addData(watcher, bytes, 0, bytes.length, mode)
  }

  addChild(watcher: Watcher, path: string, mode: number): void {
    const bytes = bytesOf(path)
    this.table.addChild(watcher, bytes, 0, bytes.length, mode)
  }

  addPersistent(watcher: Watcher, path: string, isRecursive: boolean): void {
    const bytes = bytesOf(path)
    this.table.addPersistent(watcher, bytes, 0, bytes.length, isRecursive)
  }

  modes(watcher: Watcher, path: string): [data: number, child: number] {
    const bytes = bytesOf(path)
    return [this.table.dataModes(watcher, bytes, 0, bytes.length), this.table.childModes(watcher, bytes, 0, bytes.length)]
  }

  remove(watcher: Watcher, path: string, dataModes: number, childModes: number): boolean {
    const bytes = bytesOf(path)
    return this.table.remove(watcher, bytes, 0, bytes.length, dataModes, childModes)
  }

  created(path: string, zxid = 1, aclId = -1, parentAclId = -1): void {
    const bytes = bytesOf(path)
    this.table.nodeCreated(bytes, 0, bytes.length, path.lastIndexOf('/'), zxid, aclId, parentAclId)
  }

  deleted(path: string, zxid = 1, aclId = -1, parentAclId = -1): void {
    const bytes = bytesOf(path)
    this.table.nodeDeleted(bytes, 0, bytes.length, path.lastIndexOf('/'), zxid, aclId, parentAclId)
  }

  dataChanged(path: string, zxid = 1, aclId = -1): void {
    const bytes = bytesOf(path)
    this.table.nodeDataChanged(bytes, 0, bytes.length, zxid, aclId)
  }
}
