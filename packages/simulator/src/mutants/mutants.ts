// The mistakes that the simulator is measured by. Each takes the place of one method of the servers while it is planted, so that the
// servers' own code holds nothing of it.

import { Database, FastLeaderElection, Leader, makeQuorumVerifier, NodeField } from '@tskeeper/core'
import { type ByteWriter, ErrorCode } from '@tskeeper/protocol/server'
import { LeaderLatch, Lock } from '@tskeeper/recipes'
import {
  ClientConnection,
  ContainerReaper,
  LeaderPipeline,
  LeaderRole,
  LearnerPipeline,
  LearnerRole,
  ObserverService,
  ReadAnswers,
  Replica,
  SessionService,
  SyncSender,
  TouchedSessions,
  TxnLog,
  WritePipeline,
} from '@tskeeper/server/internals'
import { insteadOf, type Original } from '../probe/instead-of.ts'
import { RecipeShelf } from '../workload/recipe-shelf.ts'
import { HandmadeQueue } from './handmade-queue.ts'
import type { Mutant } from './mutant.ts'

/** A value is behind its length. */
const LENGTH_BYTES = 4

/** Fields and methods of the servers' classes, as far as the mistakes need them. */
interface Timers {
  soon(callback: () => void): void
}

interface LeaderFields {
  readonly options: { readonly sid: number; readonly acceptedEpoch: number }
  readonly quorum: { addAck(sid: number): void }
  readonly committed: { readonly voters: ReadonlySet<number> }
  proposedEpoch: number
  state: string
  acknowledge(sid: number, zxid: number): void
  establish(): void
}

interface PipelineFields {
  readonly loggedZxid: number
  readonly isStopped: boolean
  readonly proposed: unknown[]
  readonly parts: { onSynced(zxid: number): void }
  releaseSync(): boolean
}

interface LearnerRoleFields {
  readonly parts: { readonly runtime: { readonly timers: Timers } }
  readonly learner: { logFlushed(): void; snapshotWritten(): void; readonly leaderEpoch: number }
  readonly isOver: boolean
  persistCurrentEpoch(epoch: number): void
  releaseUnlessWaiting(): void
}

interface ReaperFields {
  readonly parts: { readonly database: Database }
}

interface AloneFields {
  parts: {
    readonly log: { append(...entries: readonly unknown[]): void; sync(done: (error: Error | null) => void): void }
    readonly timers: Timers
  }
}

interface TxnLogFields {
  readonly file: unknown
  readonly nameDue: string | null
  nameFile(name: string): void
  finishSync(): void
}

interface ReplicaFields {
  readonly database: { lastZxid: number }
  reload(): Promise<unknown>
}

function mutant(
  name: string,
  description: string,
  owner: Parameters<typeof insteadOf>[0],
  method: string,
  make: (original: Original) => (...args: never[]) => unknown,
): Mutant {
  return { name, description, plant: () => insteadOf(owner, method, make) }
}

const DISCOVERY: readonly Mutant[] = [
  mutant(
    'wrong-vote-order',
    'votes say nothing of the history: the largest id wins',
    FastLeaderElection,
    'lookForLeader',
    (own) =>
      function (this: object, _lastZxid: number, _epoch: number, nowMs: number): unknown {
        return own.call(this, 0, 0, nowMs)
      },
  ),
  mutant(
    'no-accepted-epoch',
    'a learner promises an epoch and does not write it down',
    LearnerRole,
    'persistAcceptedEpoch',
    () => () => {},
  ),
  mutant(
    'no-current-epoch',
    'a learner adopts an epoch and does not write it down',
    LearnerRole,
    'persistCurrentEpoch',
    () => () => {},
  ),
  mutant(
    'leader-keeps-epoch',
    'a leader writes no accepted epoch before it tells it',
    LeaderRole,
    'persistAcceptedEpoch',
    () => () => {},
  ),
  mutant(
    'same-epoch',
    'a new leader takes the largest epoch that it hears of instead of the next',
    Leader,
    'considerEpoch',
    (own) =>
      function (this: object, sid: number, acceptedEpoch: number): unknown {
        return own.call(this, sid, acceptedEpoch === 0 ? 0 : acceptedEpoch - 1)
      },
  ),
  mutant(
    'leader-without-followers',
    'a leader does not wait for a quorum that has its history',
    Leader,
    'countNewLeader',
    () =>
      function (this: LeaderFields, sid: number): void {
        this.quorum.addAck(sid)
        if (this.state === 'newLeader') this.establish()
      },
  ),
]

const SYNCHRONISATION: readonly Mutant[] = [
  mutant(
    'no-truncate',
    'a learner that is told to cut its log does not',
    Replica,
    'truncate',
    () =>
      async function (this: ReplicaFields, zxid: number): Promise<boolean> {
        await this.reload()
        this.database.lastZxid = Math.max(this.database.lastZxid, zxid)
        return true
      },
  ),
  mutant('diff-one-short', 'the last transaction of a difference is left out', SyncSender, 'committed', (own) => {
    type Call = readonly [zxid: number, bytes: Uint8Array, start: number, end: number]
    return function (this: object & { readonly window: { readonly maxCommitted: number | null } }, ...call: Call): void {
      if (call[0] !== this.window.maxCommitted) own.apply(this, call)
    }
  }),
  mutant(
    'epoch-before-history',
    'a learner adopts the epoch before its log is synced',
    LearnerRole,
    'flushLog',
    (own) =>
      function (this: LearnerRoleFields): void {
        this.persistCurrentEpoch(this.learner.leaderEpoch)
        own.call(this)
      },
  ),
  mutant(
    'history-not-synced',
    'a learner acknowledges NEWLEADER without syncing its log',
    LearnerRole,
    'flushLog',
    () =>
      function (this: LearnerRoleFields): void {
        this.parts.runtime.timers.soon(() => {
          if (this.isOver) return
          this.learner.logFlushed()
          this.releaseUnlessWaiting()
        })
      },
  ),
  mutant(
    'snapshot-not-written',
    'a learner acknowledges a snapshot that is in memory only',
    LearnerRole,
    'writeSnapshot',
    () =>
      function (this: LearnerRoleFields): void {
        this.parts.runtime.timers.soon(() => {
          if (this.isOver) return
          this.learner.snapshotWritten()
          this.releaseUnlessWaiting()
        })
      },
  ),
]

const BROADCAST: readonly Mutant[] = [
  mutant(
    'commit-without-quorum',
    'a leader commits what is in its own log',
    Leader,
    'selfSynced',
    (own) =>
      function (this: object & LeaderFields, zxid: number): void {
        for (const sid of this.committed.voters) if (this.state === 'leading') this.acknowledge(sid, zxid)
        own.call(this, zxid)
      },
  ),
  mutant('follower-acks-unsynced', 'a follower acknowledges what is not synced', LearnerPipeline, 'sync', (own) =>
    acknowledgeAtOnce(own),
  ),
  mutant('leader-acks-unsynced', 'a leader counts itself before its log is synced', LeaderPipeline, 'sync', (own) =>
    acknowledgeAtOnce(own),
  ),
  mutant('leader-stays', 'a leader that has lost its quorum leads on', Leader, 'beatQuorum', () => () => {}),
  mutant(
    'learner-forgets-logged',
    'what is logged and not committed is left out when a role ends',
    LearnerPipeline,
    'applyLogged',
    () => () => {},
  ),
  mutant(
    'leader-forgets-logged',
    'what is proposed and not committed is left out when a leader ends',
    LeaderPipeline,
    'applyLogged',
    () =>
      function (this: PipelineFields): void {
        this.proposed.length = 0
      },
  ),
  mutant('out-of-order', 'now and then two transactions change places when they are applied', Database, 'apply', (own) =>
    outOfOrder(own),
  ),
]

const CLIENTS: readonly Mutant[] = [
  mutant(
    'ephemerals-stay',
    'the nodes of a session are not deleted with it',
    Database,
    'applyCloseSession',
    () =>
      function (this: Database): number {
        this.sessions.delete(this.sessionId)
        return ErrorCode.OK
      },
  ),
  mutant(
    'sessions-not-reported',
    'a learner does not tell the leader which clients it heard of',
    TouchedSessions,
    'write',
    () => () => {},
  ),
  {
    name: 'late-watches',
    description: 'events of watches come after the replies that follow them',
    plant: () => delayEvents(),
  },
  mutant(
    'local-sync',
    'a learner answers a sync by itself',
    LearnerPipeline,
    'submitSync',
    (own) =>
      function (this: object & PipelineFields, ...args: never[]): void {
        own.apply(this, args)
        this.releaseSync()
      },
  ),
]

/** A verifier of groups: their class is nobody's business but that of who breaks it. */
const HIERARCHICAL = makeQuorumVerifier({
  members: new Map(),
  hierarchy: { groups: new Map(), weights: new Map() },
  version: 0,
}).constructor

const UNUSUAL: readonly Mutant[] = [
  mutant(
    'majority-of-voters',
    'weights and groups do not count: a majority is a quorum',
    HIERARCHICAL,
    'containsQuorum',
    () =>
      function (this: { readonly voters: ReadonlySet<number> }, ids: ReadonlySet<number>): boolean {
        return [...ids].filter((id) => this.voters.has(id)).length * 2 > this.voters.size
      },
  ),
  mutant(
    'observer-master-garbles',
    'a follower that feeds observers changes the time in what it passes on, now and then',
    ObserverService,
    'inform',
    (own) =>
      function (this: object, ...call: [number, number | null, Uint8Array, number, number]): void {
        const [zxid, designatedLeader, bytes, start, end] = call
        const copy = bytes.slice(start, end)
        // The last byte of the time, behind session, cxid and zxid.
        if (zxid % 16 === 9) copy[27] = (copy[27] ?? 0) ^ 1
        own.call(this, zxid, designatedLeader, copy, 0, copy.length)
      },
  ),
  mutant(
    'local-stays-local',
    'a local session that makes an ephemeral node does not become one of the ensemble',
    SessionService,
    'upgrade',
    () => () => {},
  ),
  mutant(
    'reaps-too-soon',
    'what has no children is deleted, whatever its age and whether it had any',
    ContainerReaper,
    'isDue',
    () =>
      function (this: ReaperFields, node: number): boolean {
        return this.parts.database.tree.nodes.getInt(node, NodeField.CHILD_COUNT) === 0
      },
  ),
  {
    name: 'makes-up-reads',
    description: 'a server without a quorum shows values that nobody has written',
    plant: () => makeUpReads(),
  },
  mutant('reaps-never', 'nobody looks for what could be deleted', ContainerReaper, 'start', () => () => {}),
  mutant(
    'alone-acks-unsynced',
    'a server that stands alone takes what it has written for what is on the disk',
    WritePipeline,
    'flush',
    (own) =>
      function (this: object & AloneFields): void {
        const { log, timers } = this.parts
        const impatient = {
          append: (...entries: readonly unknown[]) => log.append(...entries),
          sync: (done: (error: Error | null) => void) => timers.soon(() => done(null)),
        }
        const { parts } = this
        this.parts = { ...parts, log: impatient }
        own.call(this)
        this.parts = parts
      },
  ),
  mutant(
    'acks-unnamed-log',
    'the first entries of a log that was made ahead count as durable before its name is',
    TxnLog,
    'filesSynced',
    () =>
      function (this: TxnLogFields, sync: { readonly files: readonly unknown[] }): void {
        if (this.nameDue !== null && sync.files.includes(this.file)) this.nameFile(this.nameDue)
        this.finishSync()
      },
  ),
]

const RECIPES: readonly Mutant[] = [
  mutant(
    'lock-of-its-own',
    'now and then a client takes another lock for the same thing',
    RecipeShelf,
    'lock',
    () =>
      function (...[zk, path]: Parameters<RecipeShelf['lock']>): Lock {
        return new Lock(zk, zk.sessionId % 2n === 0n ? path : `${path}-too`)
      },
  ),
  mutant(
    'party-of-its-own',
    'now and then a candidate stands in another election for the same thing',
    RecipeShelf,
    'candidate',
    () =>
      function (...[zk, path, id]: Parameters<RecipeShelf['candidate']>): LeaderLatch {
        return new LeaderLatch(zk, id.startsWith('client 1') ? path : `${path}-too`, { id })
      },
  ),
  mutant(
    'queue-without-claims',
    'who takes an entry does not say so before it works on it',
    RecipeShelf,
    'queue',
    () =>
      function (...[zk, path]: Parameters<RecipeShelf['queue']>): HandmadeQueue {
        return new HandmadeQueue(zk, path, false)
      },
  ),
  mutant(
    'queue-deletes-first',
    'who takes an entry deletes it and works on it afterwards',
    RecipeShelf,
    'queue',
    () =>
      function (...[zk, path]: Parameters<RecipeShelf['queue']>): HandmadeQueue {
        return new HandmadeQueue(zk, path, true)
      },
  ),
]

export const MUTANTS: readonly Mutant[] = [...DISCOVERY, ...SYNCHRONISATION, ...BROADCAST, ...CLIENTS, ...UNUSUAL, ...RECIPES]

function acknowledgeAtOnce(own: Original): (...args: never[]) => unknown {
  return function (this: object & PipelineFields): void {
    own.call(this)
    if (!this.isStopped) this.parts.onSynced(this.loggedZxid)
  }
}

function outOfOrder(own: Original): (...args: never[]) => unknown {
  type Call = [bytes: Uint8Array, view: DataView, start: number, end: number, ...rest: unknown[]]
  const held = new WeakMap<Database, Call>()
  return function (this: Database, ...call: Call): void {
    const before = held.get(this)
    if (before === undefined && this.lastZxid % 13 === 7) {
      const bytes = call[0].slice(call[2], call[3])
      held.set(this, [bytes, new DataView(bytes.buffer), 0, bytes.length])
      return
    }
    own.apply(this, call)
    if (before === undefined) return
    held.delete(this)
    own.apply(this, before)
  }
}

/** Whoever is connected to a server without a quorum gets each value with another first byte. */
function makeUpReads(): () => void {
  const connections = new WeakSet<object>()
  const undoConnect = insteadOf(
    SessionService,
    'connect',
    (own) =>
      function (this: { readonly parts: { readonly isReadOnly: boolean } }, ...call: readonly [object, ...unknown[]]): void {
        if (this.parts.isReadOnly) connections.add(call[0])
        own.apply(this, call)
      },
  )
  const undoGetData = insteadOf(ReadAnswers, 'getData', (own) => {
    type Call = readonly [connection: object, input: unknown, out: ByteWriter]
    return function (this: object, ...call: Call): unknown {
      const [connection, , out] = call
      const begin = out.position
      const code = own.apply(this, call)
      const first = begin + LENGTH_BYTES
      if (code === ErrorCode.OK && connections.has(connection) && out.view.getInt32(begin) > 0)
        out.bytes[first] = (out.bytes[first] ?? 0) ^ 1
      return code
    }
  })
  return () => {
    undoGetData()
    undoConnect()
  }
}

/** Events wait for the next flush of their connection, and leave behind it. */
function delayEvents(): () => void {
  const waiting = new WeakMap<object, Uint8Array[]>()
  let notify: Original | null = null
  const undoNotify = insteadOf(ClientConnection, 'notify', (own) => {
    notify = own
    return function (this: object, frame: Uint8Array, length: number): void {
      const frames = waiting.get(this) ?? []
      frames.push(frame.slice(0, length))
      waiting.set(this, frames)
    }
  })
  const undoFlush = insteadOf(
    ClientConnection,
    'flush',
    (own) =>
      function (this: object): void {
        own.call(this)
        const frames = waiting.get(this) ?? []
        waiting.delete(this)
        for (const frame of frames) notify?.call(this, frame, frame.length)
        if (frames.length > 0) own.call(this)
      },
  )
  return () => {
    undoFlush()
    undoNotify()
  }
}
