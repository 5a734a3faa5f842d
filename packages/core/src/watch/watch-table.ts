// Who wants to be told of what. Two tables, data and child, share one entry for each watched path;
// an entry holds, for each watcher (a client's connection), the modes in which it watches. Entries are found
// by the hash of the path's bytes: applying a transaction makes no string, and costs one
// comparison while nobody watches anything.
//
// An event reaches a watcher at most once, however many of its watches match. Its frame is encoded
// once and handed to all.

import { EventType, utf8Read } from '@tskeeper/protocol/server'
import { hashEnd, hashStep } from '../tree/path-hash.ts'
import { EventFrame } from './event-frame.ts'

export const WATCH_STANDARD = 1
export const WATCH_PERSISTENT = 2
export const WATCH_RECURSIVE = 4
const WATCH_ANY = WATCH_STANDARD | WATCH_PERSISTENT | WATCH_RECURSIVE

/** One client's connection, as the watches see it. */
export interface Watcher {
  /** Serial number of the last event that this watcher got; the watch table's own. */
  lastEventSerial: number
  /** Takes an event's frame, length prefix included; the bytes are only valid during the call. */
  notify(frame: Uint8Array, length: number): void
  /** May the client read a node with this ACL at this moment? */
  mayRead(aclId: number): boolean
}

type Modes = Map<Watcher, number>

class WatchedPath {
  readonly hash: number
  readonly path: Uint8Array
  /** Another path with the same hash. */
  next: WatchedPath | null
  readonly data: Modes = new Map()
  readonly child: Modes = new Map()

  constructor(hash: number, path: Uint8Array, next: WatchedPath | null) {
    this.hash = hash
    this.path = path
    this.next = next
  }
}

export class WatchTable {
  private readonly seed: number
  private readonly paths: Map<number, WatchedPath> = new Map()
  private readonly byWatcher: Map<Watcher, Set<WatchedPath>> = new Map()
  private readonly frame = new EventFrame()
  private serial = 0
  /** Registrations in the data table, one for each path and watcher; likewise in the child table. */
  dataCount = 0
  childCount = 0
  /** Registrations with the recursive mode: while there are none, ancestors are not looked at. */
  private recursiveCount = 0
  /** Told the type of each event that somebody got, and how many watchers got it: for whoever counts. */
  onFired: ((type: number, watcherCount: number) => void) | null = null
  /** Watchers that got the event in hand. */
  private toldCount = 0

  /** `seed` is the tree's path hash seed. */
  constructor(seed: number) {
    this.seed = seed
  }

  isEmpty(): boolean {
    return this.paths.size === 0
  }

  // --- registering -----------------------------------------------------------------------------

  addData(watcher: Watcher, bytes: Uint8Array, start: number, length: number, mode: number): void {
    const entry = this.entryFor(watcher, bytes, start, length)
    const modes = entry.data.get(watcher) ?? 0
    if (modes === 0) this.dataCount++
    if ((mode & ~modes & WATCH_RECURSIVE) !== 0) this.recursiveCount++
    entry.data.set(watcher, modes | mode)
  }

  addChild(watcher: Watcher, bytes: Uint8Array, start: number, length: number, mode: number): void {
    const entry = this.entryFor(watcher, bytes, start, length)
    const modes = entry.child.get(watcher) ?? 0
    if (modes === 0) this.childCount++
    entry.child.set(watcher, modes | mode)
  }

  /** addWatch: a persistent watch stands in both tables, a recursive one in the data table. */
  addPersistent(watcher: Watcher, bytes: Uint8Array, start: number, length: number, isRecursive: boolean): void {
    this.addData(watcher, bytes, start, length, isRecursive ? WATCH_RECURSIVE : WATCH_PERSISTENT)
    if (!isRecursive) this.addChild(watcher, bytes, start, length, WATCH_PERSISTENT)
  }

  /** The modes of this watcher at exactly this path. */
  dataModes(watcher: Watcher, bytes: Uint8Array, start: number, length: number): number {
    return this.find(this.hashOf(bytes, start, length), bytes, start, length)?.data.get(watcher) ?? 0
  }

  childModes(watcher: Watcher, bytes: Uint8Array, start: number, length: number): number {
    return this.find(this.hashOf(bytes, start, length), bytes, start, length)?.child.get(watcher) ?? 0
  }

  /** Takes modes away at exactly this path; true if there was any of them. */
  remove(watcher: Watcher, bytes: Uint8Array, start: number, length: number, dataModes: number, childModes: number): boolean {
    const entry = this.find(this.hashOf(bytes, start, length), bytes, start, length)
    if (entry === null) return false
    const had = ((entry.data.get(watcher) ?? 0) & dataModes) | ((entry.child.get(watcher) ?? 0) & childModes)
    this.takeData(entry, watcher, dataModes)
    this.takeChild(entry, watcher, childModes)
    this.dropIfUnused(entry, watcher)
    return had !== 0
  }

  /** The watcher is gone. */
  removeWatcher(watcher: Watcher): void {
    const entries = this.byWatcher.get(watcher)
    if (entries === undefined) return
    this.byWatcher.delete(watcher)
    for (const entry of entries) {
      this.takeData(entry, watcher, WATCH_ANY)
      this.takeChild(entry, watcher, WATCH_ANY)
      this.dropPathIfUnused(entry)
    }
  }

  // --- firing ----------------------------------------------------------------------------------

  /** A node was created: data watches on it, then child watches on its parent. `parentLength` bytes of the path are the parent's. */
  nodeCreated(
    path: Uint8Array,
    start: number,
    length: number,
    parentLength: number,
    zxid: number,
    aclId: number,
    parentAclId: number,
  ): void {
    if (this.paths.size === 0) return
    this.begin(EventType.nodeCreated, path, start, length, zxid)
    this.fireData(path, start, length, aclId)
    this.end(EventType.nodeCreated)
    this.childrenChanged(path, start, parentLength, zxid, parentAclId)
  }

  /** A node was deleted: data watches on it, then child watches on it, then child watches on its parent. */
  nodeDeleted(
    path: Uint8Array,
    start: number,
    length: number,
    parentLength: number,
    zxid: number,
    aclId: number,
    parentAclId: number,
  ): void {
    if (this.paths.size === 0) return
    this.begin(EventType.nodeDeleted, path, start, length, zxid)
    this.fireData(path, start, length, aclId)
    this.fireChild(path, start, length, aclId)
    this.end(EventType.nodeDeleted)
    this.childrenChanged(path, start, parentLength, zxid, parentAclId)
  }

  nodeDataChanged(path: Uint8Array, start: number, length: number, zxid: number, aclId: number): void {
    if (this.paths.size === 0) return
    this.begin(EventType.nodeDataChanged, path, start, length, zxid)
    this.fireData(path, start, length, aclId)
    this.end(EventType.nodeDataChanged)
  }

  private childrenChanged(path: Uint8Array, start: number, parentLength: number, zxid: number, parentAclId: number): void {
    if (this.childCount === 0) return
    // The root's own path is one byte long, although as a parent it is the empty prefix.
    const length = parentLength === 0 ? 1 : parentLength
    this.begin(EventType.nodeChildrenChanged, path, start, length, zxid)
    this.fireChild(path, start, length, parentAclId)
    this.end(EventType.nodeChildrenChanged)
  }

  /** Writes an event that was found while watches are set again: for one watcher, not registered, zxid -1. */
  notifyNow(watcher: Watcher, type: number, path: Uint8Array, start: number, length: number): void {
    this.frame.begin(type, path, start, length, -1)
    watcher.notify(this.frame.encoded(), this.frame.length)
  }

  private begin(type: number, path: Uint8Array, start: number, length: number, zxid: number): void {
    this.serial++
    this.toldCount = 0
    this.frame.begin(type, path, start, length, zxid)
  }

  private end(type: number): void {
    if (this.toldCount > 0 && this.onFired !== null) this.onFired(type, this.toldCount)
  }

  private fireData(path: Uint8Array, start: number, length: number, aclId: number): void {
    if (this.recursiveCount > 0) this.fireAncestors(path, start, length, aclId)
    const entry = this.find(this.hashOf(path, start, length), path, start, length)
    if (entry === null || entry.data.size === 0) return
    for (const [watcher, modes] of entry.data) {
      this.tell(watcher, aclId)
      if ((modes & WATCH_STANDARD) !== 0) {
        this.takeData(entry, watcher, WATCH_STANDARD)
        this.dropIfUnused(entry, watcher)
      }
    }
  }

  private fireChild(path: Uint8Array, start: number, length: number, aclId: number): void {
    const entry = this.find(this.hashOf(path, start, length), path, start, length)
    if (entry === null || entry.child.size === 0) return
    for (const [watcher, modes] of entry.child) {
      this.tell(watcher, aclId)
      if ((modes & WATCH_STANDARD) !== 0) {
        this.takeChild(entry, watcher, WATCH_STANDARD)
        this.dropIfUnused(entry, watcher)
      }
    }
  }

  /** Recursive watches on every proper ancestor, the root first. */
  private fireAncestors(path: Uint8Array, start: number, length: number, aclId: number): void {
    if (length === 1) return
    this.fireRecursive(hashEnd(hashStep(this.seed, path, start, start + 1)), path, start, 1, aclId)
    let state = this.seed
    let from = start
    for (let at = start + 1; at < start + length; at++) {
      if (path[at] !== SLASH) continue
      state = hashStep(state, path, from, at)
      from = at
      this.fireRecursive(hashEnd(state), path, start, at - start, aclId)
    }
  }

  private fireRecursive(hash: number, path: Uint8Array, start: number, length: number, aclId: number): void {
    const entry = this.find(hash, path, start, length)
    if (entry === null) return
    for (const [watcher, modes] of entry.data) {
      if ((modes & WATCH_RECURSIVE) !== 0) this.tell(watcher, aclId)
    }
  }

  private tell(watcher: Watcher, aclId: number): void {
    if (watcher.lastEventSerial === this.serial) return
    watcher.lastEventSerial = this.serial
    if (aclId !== OPEN_ACL_ID && !watcher.mayRead(aclId)) return
    this.toldCount++
    watcher.notify(this.frame.encoded(), this.frame.length)
  }

  // --- for the four-letter words ---------------------------------------------------------------

  /** Each path with data watches, and who holds them. */
  *dataWatches(): Generator<[path: string, watchers: Iterable<Watcher>]> {
    for (const first of this.paths.values()) {
      for (let entry: WatchedPath | null = first; entry !== null; entry = entry.next) {
        if (entry.data.size > 0) yield [utf8Read(entry.path, 0, entry.path.length), entry.data.keys()]
      }
    }
  }

  // --- entries ---------------------------------------------------------------------------------

  private hashOf(bytes: Uint8Array, start: number, length: number): number {
    return hashEnd(hashStep(this.seed, bytes, start, start + length))
  }

  private find(hash: number, bytes: Uint8Array, start: number, length: number): WatchedPath | null {
    for (let entry = this.paths.get(hash) ?? null; entry !== null; entry = entry.next) {
      if (isSamePath(entry.path, bytes, start, length)) return entry
    }
    return null
  }

  private entryFor(watcher: Watcher, bytes: Uint8Array, start: number, length: number): WatchedPath {
    const hash = this.hashOf(bytes, start, length)
    let entry = this.find(hash, bytes, start, length)
    if (entry === null) {
      entry = new WatchedPath(hash, copyOf(bytes, start, length), this.paths.get(hash) ?? null)
      this.paths.set(hash, entry)
    }
    const entries = this.byWatcher.get(watcher)
    if (entries === undefined) this.byWatcher.set(watcher, new Set([entry]))
    else entries.add(entry)
    return entry
  }

  private takeData(entry: WatchedPath, watcher: Watcher, taken: number): void {
    const modes = entry.data.get(watcher) ?? 0
    if ((modes & taken & WATCH_RECURSIVE) !== 0) this.recursiveCount--
    const left = modes & ~taken
    if (modes === 0 || left === modes) return
    if (left !== 0) {
      entry.data.set(watcher, left)
      return
    }
    entry.data.delete(watcher)
    this.dataCount--
  }

  private takeChild(entry: WatchedPath, watcher: Watcher, taken: number): void {
    const modes = entry.child.get(watcher) ?? 0
    const left = modes & ~taken
    if (modes === 0 || left === modes) return
    if (left !== 0) {
      entry.child.set(watcher, left)
      return
    }
    entry.child.delete(watcher)
    this.childCount--
  }

  private dropIfUnused(entry: WatchedPath, watcher: Watcher): void {
    if (entry.data.has(watcher) || entry.child.has(watcher)) return
    const entries = this.byWatcher.get(watcher)
    entries?.delete(entry)
    if (entries?.size === 0) this.byWatcher.delete(watcher)
    this.dropPathIfUnused(entry)
  }

  private dropPathIfUnused(entry: WatchedPath): void {
    if (entry.data.size > 0 || entry.child.size > 0) return
    const first = this.paths.get(entry.hash) ?? null
    if (first === entry) {
      if (entry.next === null) this.paths.delete(entry.hash)
      else this.paths.set(entry.hash, entry.next)
      return
    }
    for (let other = first; other !== null; other = other.next) {
      if (other.next === entry) other.next = entry.next
    }
  }
}

const SLASH = 0x2f
const OPEN_ACL_ID = -1

/** A copy of its own. `slice` would not do: on a Node buffer it is a view of the chunk that the request came in. */
function copyOf(bytes: Uint8Array, start: number, length: number): Uint8Array {
  const copy = new Uint8Array(length)
  copy.set(bytes.subarray(start, start + length))
  return copy
}

function isSamePath(path: Uint8Array, bytes: Uint8Array, start: number, length: number): boolean {
  if (path.length !== length) return false
  for (let i = 0; i < length; i++) {
    if (path[i] !== bytes[start + i]) return false
  }
  return true
}
