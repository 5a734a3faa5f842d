// A client that carries out its list, and compares every answer with what may be answered. Operations are asked for at
// their time, whether those before them are answered or not.

import { isZooKeeperError, type NodeValue, type Stat, type WatchEvent, ZooKeeper } from '@tskeeper/client'
import { type Asked, type ClientPromises, SessionView } from '../invariants/client-promises.ts'
import type { LockWatch } from '../invariants/lock-watch.ts'
import type { SeenNode } from '../invariants/node-history.ts'
import type { QueueWatch } from '../invariants/queue-watch.ts'
import type { ReplicatedHistory } from '../invariants/replicated-history.ts'
import { Violation } from '../invariants/violation.ts'
import { type Operation, SESSION_TIMEOUT_MS, SHARED_KEYS } from '../scenario/scenario.ts'
import type { Machine } from '../world/machine.ts'
import { machineClientRuntime } from '../world/machine-client-runtime.ts'
import type { VirtualNetwork } from '../world/virtual-network.ts'
import { GuestWork } from './guest-work.ts'
import { RecipeShelf } from './recipe-shelf.ts'

/** An operation that is not answered by then is given up, so that a client does not hang for ever. */
const DEADLINE_MS = 20_000
const LOCK_PATH = '/lock'

export interface ClientParts {
  readonly machine: Machine
  readonly network: VirtualNetwork
  readonly connectString: string
  readonly promises: ClientPromises
  readonly locks: LockWatch
  readonly queue: QueueWatch
  readonly history: ReplicatedHistory
  /** A line for the transcript. */
  readonly note: (who: string, what: string) => void
  /** What was found ends the run. */
  readonly onViolation: (error: unknown) => void
}

/** One session, and the client that has it. */
interface Session {
  readonly zk: ZooKeeper
  readonly view: SessionView
}

export class WorkloadClient {
  readonly name: string
  /** Operations that are not settled. */
  pendingCount = 0
  /** Every operation of the list has been asked for. */
  isDone = false
  acknowledgedCount = 0
  private readonly parts: ClientParts
  private readonly plan: readonly Operation[]
  private session: Session
  private sessionCount = 0
  private valueCount = 0
  /** Nodes of this client alone, which it believes to be there. */
  private readonly created: string[] = []
  private readonly guest: GuestWork

  constructor(parts: ClientParts, plan: readonly Operation[]) {
    this.parts = parts
    this.plan = plan
    this.name = parts.machine.name
    parts.machine.boot()
    this.session = this.newSession()
    this.guest = new GuestWork(parts, {
      newValue: () => this.newValue(),
      createNode: (path, data, ttlMs) => this.createNode(path, data, ttlMs),
      setNode: (path) => this.set(this.session, path, -1),
      deleteNode: (path) => this.deleteNode(this.session, path),
      getNode: (path) => this.get(this.session, path, false),
    })
  }

  /** Reads that were answered by a server without a quorum. */
  get readsWithoutQuorum(): number {
    return this.guest.readsWithoutQuorum
  }

  get zk(): ZooKeeper {
    return this.session.zk
  }

  get view(): SessionView {
    return this.session.view
  }

  /** Sessions that this client has had so far. */
  get sessionsBegun(): number {
    return this.sessionCount
  }

  /** Begins; the list is gone through from then on. */
  start(): void {
    // Each client makes them: whoever comes first succeeds.
    for (let key = 0; key < SHARED_KEYS; key++) this.zk.create(sharedPath(key)).catch(() => {})
    this.next(0)
  }

  /** One write and one read, to be tried until they succeed. Settles to whether they did. */
  async proveService(): Promise<boolean> {
    const { session } = this
    this.pendingCount++
    try {
      await this.create(session, false)
      await this.syncGet(session, sharedPath(0))
      return true
    } catch (error) {
      if (!isZooKeeperError(error)) this.parts.onViolation(error)
      return false
    } finally {
      this.pendingCount--
    }
  }

  private next(index: number): void {
    const operation = this.plan[index]
    if (operation === undefined) {
      this.isDone = true
      return
    }
    this.parts.machine.after(operation.waitMs, () => {
      this.run(operation)
      this.next(index + 1)
    })
  }

  private newSession(): Session {
    const { parts } = this
    const who = `${this.name}.${++this.sessionCount}`
    const zk = new ZooKeeper(parts.connectString, {
      runtime: machineClientRuntime(parts.machine, parts.network),
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
      requestTimeoutMs: DEADLINE_MS,
    })
    const session = { zk, view: new SessionView(who) }
    zk.on('state', (change) => {
      parts.note(who, `${change.state}${change.server === null ? '' : ` to ${change.server}`}`)
      if (change.state === 'expired') this.guard(() => this.expired(session))
    })
    zk.connect().catch(() => {})
    return session
  }

  private expired(session: Session): void {
    if (this.session === session) this.session = this.newSession()
    this.parts.promises.expired(session.view, session.zk.sessionId)
  }

  private guard(action: () => void): void {
    try {
      action()
    } catch (error) {
      this.parts.onViolation(error)
    }
  }

  // --- operations ------------------------------------------------------------------------------

  private run(operation: Operation): void {
    const { session } = this
    this.pendingCount++
    this.carryOut(session, operation)
      .then(
        (outcome) => this.parts.note(session.view.who, `${operation.kind} ${outcome}`),
        (error: unknown) => {
          this.parts.note(session.view.who, `${operation.kind} failed: ${isZooKeeperError(error) ? error.code : String(error)}`)
          if (!isZooKeeperError(error)) this.parts.onViolation(error)
        },
      )
      .finally(() => {
        this.pendingCount--
      })
  }

  private carryOut(session: Session, operation: Operation): Promise<string> {
    switch (operation.kind) {
      case 'create':
      case 'create-ephemeral':
        return this.create(session, operation.kind === 'create-ephemeral')
      case 'delete':
        return this.delete(session)
      case 'set':
        return this.set(session, sharedPath(operation.key), -1)
      case 'set-version':
        return this.setVersion(session, sharedPath(operation.key))
      case 'get':
        return this.get(session, sharedPath(operation.key), false)
      case 'get-watched':
        return this.get(session, sharedPath(operation.key), true)
      case 'get-created':
        return this.get(session, this.created.at(-1) ?? '/none', false)
      case 'sync-get':
        return this.syncGet(session, sharedPath(operation.key))
      case 'multi':
        return this.multi(session, operation.keys.map(sharedPath), operation.fails)
      case 'lock':
        return this.lock(session, operation.holdMs)
      case 'close':
        return this.close(session)
      default:
        return this.guest.carryOut({ ...session, deadlineMs: DEADLINE_MS }, operation)
    }
  }

  private newValue(): string {
    return `#${this.name}-${++this.valueCount}`
  }

  private async create({ zk, view }: Session, isEphemeral: boolean): Promise<string> {
    const data = this.newValue()
    const path = `${isEphemeral ? '/e' : '/k'}-${data.slice(1)}`
    const asked = this.parts.promises.asks(view, true)
    const { stat } = await zk.createWithStat(path, data, { mode: isEphemeral ? 'ephemeral' : 'persistent' })
    this.wrote(asked, data, stat.czxid)
    if (!isEphemeral) this.created.push(path)
    return path
  }

  private async set({ zk, view }: Session, path: string, version: number): Promise<string> {
    const data = this.newValue()
    const asked = this.parts.promises.asks(view, true)
    const stat = await zk.set(path, data, { version })
    this.wrote(asked, data, stat.mzxid)
    return `${path} ${data}`
  }

  private async setVersion(session: Session, path: string): Promise<string> {
    const value = await this.read(session, path, 0, false)
    return this.set(session, path, value?.stat.version ?? 0)
  }

  /** A persistent node, a container, or with a time to live a TTL node. */
  private async createNode(path: string, data: string, ttlMs: number | null): Promise<void> {
    const { zk, view } = this.session
    const asked = this.parts.promises.asks(view, true)
    const kind = ttlMs === null ? {} : ttlMs === 0 ? { mode: 'container' as const } : { mode: 'ttl' as const, ttlMs }
    const { stat } = await zk.createWithStat(path, data, kind)
    this.wrote(asked, data, stat.czxid)
  }

  private async delete(session: Session): Promise<string> {
    const path = this.created.shift()
    if (path === undefined) return 'nothing'
    await this.deleteNode(session, path)
    return path
  }

  private async deleteNode({ zk, view }: Session, path: string): Promise<void> {
    const asked = this.parts.promises.asks(view, true)
    await zk.delete(path)
    this.acknowledgedCount++
    this.parts.promises.deleted(asked, path, Number(zk.lastZxid))
  }

  private async multi({ zk, view }: Session, paths: readonly string[], fails: boolean): Promise<string> {
    const data = this.newValue()
    const asked = this.parts.promises.asks(view, true)
    let transaction = zk.transaction()
    for (const path of paths) transaction = transaction.set(path, data)
    if (fails) transaction = transaction.check(paths[0] as string, 1_000_000)
    const results = await transaction.commit()
    const zxids = new Set(results.map((result) => (result.type === 'set' ? result.stat.mzxid : -1n)))
    if (zxids.size !== 1)
      throw new Violation('transactions are one', `${view.who} set ${paths.join(' and ')} with different zxids`)
    for (const zxid of zxids) this.wrote(asked, data, zxid)
    return `${paths.join(' ')} ${data}`
  }

  private async get(session: Session, path: string, isWatched: boolean): Promise<string> {
    const value = await this.read(session, path, 0, isWatched)
    return value === null ? `${path} is not there` : `${path} ${text(value)}`
  }

  private async syncGet(session: Session, path: string): Promise<string> {
    const { newestAcknowledged } = this.parts.promises.asks(session.view, false)
    await session.zk.sync(path)
    // The sync holds for the connection that it went over; the read may have to use another one.
    const value = await this.read(session, path, newestAcknowledged, false)
    return value === null ? `${path} is not there` : `${path} ${text(value)}`
  }

  /** `sinceSync`: what the read has to know at least, besides what the session has seen. */
  private async read({ zk, view }: Session, path: string, sinceSync: number, isWatched: boolean): Promise<NodeValue | null> {
    const { promises } = this.parts
    const asked = promises.asks(view, false)
    const watch = { path, mzxid: -1, hasFired: false }
    const listener = (event: WatchEvent): void => {
      watch.hasFired = true
      this.parts.note(view.who, `watch of ${path}: ${event.type}`)
    }
    const value = await orNull(isWatched ? zk.get(path, { watch: listener }) : zk.get(path))
    promises.read(asked, path, value === null ? null : seenNode(value), Number(zk.lastZxid), sinceSync)
    if (isWatched && value !== null) view.watches.push(Object.assign(watch, { mzxid: Number(value.stat.mzxid) }))
    return value
  }

  private async lock({ zk, view }: Session, holdMs: number): Promise<string> {
    const { locks, machine } = this.parts
    const lease = await new RecipeShelf().lock(zk, LOCK_PATH).acquire({ deadlineMs: DEADLINE_MS })
    locks.granted(view.who, LOCK_PATH, lease)
    await new Promise<void>((resolve) => {
      machine.after(holdMs, resolve)
    })
    locks.released(LOCK_PATH, lease)
    await lease.release()
    return `token ${lease.fencingToken.toString(16)}`
  }

  private async close(session: Session): Promise<string> {
    if (this.session === session) this.session = this.newSession()
    await session.zk.close({ deadlineMs: DEADLINE_MS })
    return ''
  }

  private wrote(asked: Asked, data: string, zxid: bigint): void {
    this.acknowledgedCount++
    this.parts.promises.wrote(asked, data, Number(zxid))
  }
}

export function sharedPath(key: number): string {
  return `/r${key}`
}

async function orNull(reading: Promise<NodeValue>): Promise<NodeValue | null> {
  try {
    return await reading
  } catch (error) {
    if (isZooKeeperError(error, 'NO_NODE')) return null
    throw error
  }
}

function seenNode({ data, stat }: { readonly data: Uint8Array; readonly stat: Stat }): SeenNode {
  return { data: Buffer.from(data).toString('latin1'), version: stat.version, mzxid: Number(stat.mzxid) }
}

function text({ data }: NodeValue): string {
  return Buffer.from(data).toString('latin1')
}
