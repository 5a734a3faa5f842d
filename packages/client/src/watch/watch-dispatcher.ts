import { type ByteReader, EventType } from '@tskeeper/protocol'
import type { Chroot } from '../chroot.ts'
import type { Logger } from '../logger.ts'
import { report } from '../session/report.ts'
import type { ClientState } from '../state.ts'
import type { WatchEvent, WatchEventType, WatchFn, WatchKind } from './watch-event.ts'
import { WatchTable } from './watch-table.ts'

const TYPE_NAMES: ReadonlyMap<number, WatchEventType> = new Map([
  [EventType.nodeCreated, 'created'],
  [EventType.nodeDeleted, 'deleted'],
  [EventType.nodeDataChanged, 'changed'],
  [EventType.nodeChildrenChanged, 'children'],
])

/**
 * Brings events to the callbacks.
 *
 * A callback is called in a microtask of its own: after the promises of replies that came before the event are settled, and before
 * those of replies that came after it.
 */
export class WatchDispatcher {
  readonly table: WatchTable = new WatchTable()
  readonly #logger: Logger
  readonly #chroot: Chroot
  readonly #stateNow: () => ClientState

  constructor(logger: Logger, chroot: Chroot, stateNow: () => ClientState) {
    this.#logger = logger
    this.#chroot = chroot
    this.#stateNow = stateNow
  }

  /** Takes a notification's body; the zxid stands at `zxidOffset` of the reader's bytes. */
  receive(input: ByteReader, zxidOffset: number): void {
    const type = input.readInt()
    input.readInt()
    const serverPath = input.readString() ?? ''
    const zxid = input.view.getBigInt64(zxidOffset)
    const name = TYPE_NAMES.get(type)
    if (name === undefined) {
      this.#logger.warn('an event of an unknown type', { type, path: serverPath })
      return
    }
    this.#tell(this.table.take(type, serverPath), name, serverPath, zxid > 0n ? zxid : null)
  }

  /** Tells every persistent watch that something may have been missed. */
  tellGap(): void {
    for (const [path, watchers] of this.table.persistentWatchers()) this.#tell(watchers, 'gap', path, null)
  }

  /** Takes away what a server has removed, and tells who waited. False when nobody did. */
  removed(kind: WatchKind, serverPath: string): boolean {
    const removed = this.table.remove(kind, serverPath)
    for (const { kind: one, watchers } of removed) this.#tell(watchers, removedEvent(one), serverPath, null)
    return removed.some(({ watchers }) => watchers.size > 0)
  }

  /** The session is over and another one follows: one-shot watches will never fire. */
  endOneShots(): void {
    for (const [path, watchers] of this.table.takeOneShots()) this.#tell(watchers, 'none', path, null)
  }

  /** Nothing will ever fire. */
  endAll(): void {
    for (const [path, watchers] of this.table.takeAll()) this.#tell(watchers, 'none', path, null)
  }

  #tell(watchers: ReadonlySet<WatchFn>, type: WatchEventType, serverPath: string, zxid: bigint | null): void {
    if (watchers.size === 0) return
    const event: WatchEvent = { type, path: this.#chroot.toClient(serverPath), zxid, state: this.#stateNow() }
    queueMicrotask(() => {
      for (const watcher of watchers) report(this.#logger, 'a watch callback threw', () => watcher(event))
    })
  }
}

function removedEvent(kind: 'data' | 'exists' | 'children' | 'persistent' | 'persistent-recursive'): WatchEventType {
  if (kind === 'children') return 'child-watch-removed'
  return kind === 'data' || kind === 'exists' ? 'data-watch-removed' : 'persistent-watch-removed'
}
