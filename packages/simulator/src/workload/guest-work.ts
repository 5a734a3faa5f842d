// What the clients do that are guests in some runs: nodes that the servers delete by themselves, a queue, an election, reads
// without a quorum.

import { isZooKeeperError, ZooKeeper } from '@tskeeper/client'
import type { ClientPromises, SessionView } from '../invariants/client-promises.ts'
import type { LockWatch } from '../invariants/lock-watch.ts'
import { QUEUE_PATH, type QueueWatch } from '../invariants/queue-watch.ts'
import type { ReplicatedHistory } from '../invariants/replicated-history.ts'
import { type Operation, SESSION_TIMEOUT_MS } from '../scenario/scenario.ts'
import type { Machine } from '../world/machine.ts'
import { machineClientRuntime } from '../world/machine-client-runtime.ts'
import type { VirtualNetwork } from '../world/virtual-network.ts'
import { RecipeShelf } from './recipe-shelf.ts'

const LEADER_PATH = '/leader'
/** A reader that finds no server within this time gives up. */
const READER_DEADLINE_MS = 3000

export interface GuestParts {
  readonly machine: Machine
  readonly network: VirtualNetwork
  readonly connectString: string
  readonly promises: ClientPromises
  readonly locks: LockWatch
  readonly queue: QueueWatch
  readonly history: ReplicatedHistory
}

/** The client's own part of the work. */
export interface GuestHost {
  newValue(): string
  /** Creates a node and checks what was answered. */
  createNode(path: string, data: string, ttlMs: number | null): Promise<void>
  setNode(path: string): Promise<string>
  deleteNode(path: string): Promise<void>
  getNode(path: string): Promise<string>
}

/** A guest's operation within a session of its client. */
export interface GuestSession {
  readonly zk: ZooKeeper
  readonly view: SessionView
  readonly deadlineMs: number
}

export class GuestWork {
  private readonly parts: GuestParts
  private readonly host: GuestHost
  private readonly recipes = new RecipeShelf()
  private nodeCount = 0
  /** Containers and TTL nodes that were made, the newest last, and children of them. */
  private readonly reaped: string[] = []
  private readonly children: string[] = []

  constructor(parts: GuestParts, host: GuestHost) {
    this.parts = parts
    this.host = host
  }

  carryOut(session: GuestSession, operation: Operation): Promise<string> {
    switch (operation.kind) {
      case 'put':
        return this.put(session)
      case 'take':
        return this.take(session, operation.workMs)
      case 'lead':
        return this.lead(session, operation.holdMs)
      case 'read-only-get':
        return this.readOnlyGet(`/r${operation.key}`)
      case 'make-reaped':
        return this.makeReaped(operation.ttlMs)
      default:
        return this.withReaped(operation)
    }
  }

  // --- nodes that the servers delete -------------------------------------------------------------

  private async makeReaped(ttlMs: number): Promise<string> {
    const data = this.host.newValue()
    const path = `/${ttlMs === 0 ? 'c' : 't'}-${data.slice(1)}`
    await this.host.createNode(path, data, ttlMs)
    this.reaped.push(path)
    return path
  }

  private async withReaped({ kind }: Operation): Promise<string> {
    const path = this.reaped[Math.max(0, this.reaped.length - 1 - (this.nodeCount % 3))]
    if (path === undefined) return 'nothing'
    switch (kind) {
      case 'fill-reaped': {
        const child = `${path}/${this.nodeCount++}`
        await this.host.createNode(child, this.host.newValue(), null)
        this.children.push(child)
        return child
      }
      case 'empty-reaped': {
        const child = this.children.shift()
        if (child !== undefined) await this.host.deleteNode(child)
        return child ?? 'nothing'
      }
      case 'touch-reaped':
        return this.host.setNode(path)
      case 'replace-reaped':
        await this.host.deleteNode(path)
        await this.host.createNode(path, this.host.newValue(), null)
        return path
      default:
        return this.host.getNode(path)
    }
  }

  // --- recipes ------------------------------------------------------------------------------------

  private async put({ zk }: GuestSession): Promise<string> {
    // Its value is written once, like all others, also when it is taken and done before a lost answer is looked into.
    const path = await this.recipes.queue(zk, QUEUE_PATH).put(this.host.newValue())
    if (path === null) return 'an entry that is gone already'
    this.parts.queue.put(path)
    return path
  }

  private async take({ zk, view }: GuestSession, workMs: number): Promise<string> {
    const { queue } = this.parts
    const entry = await this.recipes.queue(zk, QUEUE_PATH).poll()
    if (entry === null) return 'nothing'
    queue.taken(view.who, entry)
    await this.pause(workMs)
    // Now and then the work is not done, and the entry goes back.
    if (workMs % 5 === 0) {
      await entry.release()
      return `${entry.path} and puts it back`
    }
    queue.finish(entry)
    await entry.acknowledge()
    queue.finishedBy(entry)
    return entry.path
  }

  private async lead({ zk, view, deadlineMs }: GuestSession, holdMs: number): Promise<string> {
    const { locks } = this.parts
    const latch = this.recipes.candidate(zk, LEADER_PATH, view.who)
    try {
      const leadership = await latch.whenLeading({ deadlineMs })
      locks.granted(view.who, LEADER_PATH, leadership)
      await this.pause(holdMs)
      locks.released(LEADER_PATH, leadership)
      return `token ${leadership.fencingToken.toString(16)}`
    } finally {
      await latch.close()
    }
  }

  private pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.parts.machine.after(delayMs, resolve)
    })
  }

  // --- reads without a quorum ---------------------------------------------------------------------

  /** With a session of its own: one that the ensemble knows would have to wait for the ensemble. */
  private async readOnlyGet(path: string): Promise<string> {
    const { machine, network, connectString, history } = this.parts
    const runtime = machineClientRuntime(machine, network)
    const reader = new ZooKeeper(connectString, { runtime, sessionTimeoutMs: SESSION_TIMEOUT_MS, readOnly: true })
    try {
      await reader.connect({ deadlineMs: READER_DEADLINE_MS })
      const { data, stat } = await reader.get(path, { deadlineMs: READER_DEADLINE_MS })
      const isReadOnly = reader.state === 'connected-read-only'
      const seen = { mzxid: Number(stat.mzxid), data: Buffer.from(data).toString('latin1') }
      history.shown(path, seen)
      if (isReadOnly) this.readsWithoutQuorum++
      return `${path} ${seen.data}${isReadOnly ? ' without a quorum' : ''}`
    } catch (error) {
      if (isZooKeeperError(error, 'NO_NODE')) return `${path} is not there`
      throw error
    } finally {
      reader.close({ deadlineMs: READER_DEADLINE_MS }).catch(() => {})
    }
  }

  /** Reads that a server without a quorum answered. */
  readsWithoutQuorum = 0
}
