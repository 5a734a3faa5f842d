// Where the simulator listens to the servers. Nothing in the server knows of it: a few methods of its classes are wrapped
// while the simulator's process runs, and what they are called with is handed to the probe of the run in hand.

import { Database, type Leader, type Learner } from '@tskeeper/core'
import { Op } from '@tskeeper/protocol/server'
import type { ServerConfig } from '@tskeeper/server'
import { LeaderRole, LearnerRole, Replica, type WriteBatch, WritePipeline } from '@tskeeper/server/internals'
import type { World } from '../world/world.ts'
import { insteadOf } from './instead-of.ts'
import type { Probe } from './probe.ts'

interface Run {
  readonly world: World
  readonly probe: Probe
  /** What each server that serves, or served last, keeps. */
  readonly replicas: Map<string, { readonly database: Database }>
}

/** The role's own fields, as far as they are looked at here. */
interface LeaderFields {
  readonly leader: Leader<object>
  /** As with learners. */
  readonly isOver: boolean
  readonly parts: { readonly replica: Replica }
}

interface LearnerFields {
  readonly learner: Learner
  /** After a failure of the disk nothing leaves any more, whatever the role still says. */
  readonly isOver: boolean
  readonly parts: { readonly replica: Replica }
}

interface ReplicaFields {
  readonly parts: { readonly config: ServerConfig }
  readonly database: Database
}

interface AloneFields {
  readonly prepare: { readonly gathering: WriteBatch }
  readonly isSyncing: boolean
  readonly hasFailed: boolean
}

let run: Run | null = null
let isTapped = false

/** From now on the probe hears of what happens in this world. */
export function listenTo(world: World, probe: Probe): void {
  if (!isTapped) tap()
  isTapped = true
  run = { world, probe, replicas: new Map() }
}

/** The database of a server that has served in this run; null for others. */
export function databaseOf(server: string): Database | null {
  return run?.replicas.get(server)?.database ?? null
}

/** Tells the probe, if the process that acts is alive: what one that has just died still does is nobody's business. */
function tell(what: (probe: Probe, server: string) => void): void {
  const active = run?.world.active
  if (run === null || active === null || active === undefined || !active.isAlive) return
  what(run.probe, active.name)
}

function tap(): void {
  tapDatabase()
  tapLeader()
  tapLearner()
  tapAlone()
}

function tellProposals(batch: WriteBatch, epochNow: () => number): void {
  const { bytes, view } = batch.entries
  for (let i = 0; i < batch.count; i++) {
    const [start, end] = [batch.starts[i] as number, batch.ends[i] as number]
    const transaction = { zxid: batch.firstZxid + i, bytes, view, start, end }
    tell((probe, server) => probe.proposed(server, epochNow(), transaction))
  }
}

/** A server that stands alone has no role: it begins when it has its data, and its log is all that has to agree. */
function tapAlone(): void {
  insteadOf(
    Replica,
    'newPreparer',
    (original) =>
      function (this: ReplicaFields, ...args: never[]): unknown {
        if (!this.parts.config.isDistributed) {
          tell((probe, server) => {
            run?.replicas.set(server, this)
            probe.beganAlone(server, this.database.lastZxid)
          })
        }
        return original.apply(this, args)
      },
  )
  insteadOf(
    WritePipeline,
    'flush',
    (original) =>
      function (this: AloneFields): void {
        if (!this.isSyncing && !this.hasFailed) tellProposals(this.prepare.gathering, () => 0)
        original.call(this)
      },
  )
  insteadOf(
    WritePipeline,
    'commit',
    (original) =>
      function (this: object, batch: WriteBatch, nowMs: number): void {
        tell((probe, server) => probe.committed(server, batch.lastZxid))
        original.call(this, batch, nowMs)
      },
  )
}

function tapDatabase(): void {
  insteadOf(
    Database,
    'apply',
    (original) =>
      function (this: Database, ...args: Parameters<Database['apply']>): void {
        const before = this.lastZxid
        original.apply(this, args)
        const [bytes, view, start, end] = args
        const zxid = this.appliedZxid
        tell((probe, server) => {
          probe.applied(server, before, { zxid, bytes, view, start, end }, this.digestMismatchCount)
          if (this.type === Op.closeSession) {
            probe.sessionClosed(server, this.sessionId, this.tree.ephemerals.get(this.sessionId)?.size ?? 0)
          }
        })
      },
  )
}

function tapLeader(): void {
  insteadOf(
    LeaderRole,
    'propose',
    (original) =>
      function (this: LeaderFields, batch: WriteBatch): void {
        tellProposals(batch, () => this.leader.epoch)
        original.call(this, batch)
      },
  )
  insteadOf(
    LeaderRole,
    'established',
    (original) =>
      function (this: LeaderFields, zxid: number): void {
        const { replica } = this.parts
        if (this.isOver) return void original.call(this, zxid)
        tell((probe, server) => {
          run?.replicas.set(server, replica)
          probe.established(server, this.leader.epoch, replica.database.lastZxid)
        })
        original.call(this, zxid)
      },
  )
  insteadOf(
    LeaderRole,
    'commit',
    (original) =>
      function (this: object, zxid: number): void {
        tell((probe, server) => probe.committed(server, zxid))
        original.call(this, zxid)
      },
  )
  insteadOf(
    LeaderRole,
    'commitReconfig',
    (original) =>
      function (this: object, ...args: Parameters<LeaderRole['commitReconfig']>): void {
        tell((probe, server) => probe.committed(server, args[0]))
        original.apply(this, args)
      },
  )
  insteadOf(
    LeaderRole,
    'end',
    (original) =>
      function (this: object, reason: string): void {
        tell((probe, server) => probe.roleEnded(server, reason))
        original.call(this, reason)
      },
  )
}

function tapLearner(): void {
  insteadOf(
    LearnerRole,
    'sendAckEpoch',
    (original) =>
      function (this: LearnerFields, ...args: Parameters<LearnerRole['sendAckEpoch']>): void {
        if (!this.isOver) tell((probe, server) => probe.promised(server, this.learner.leaderEpoch))
        original.apply(this, args)
      },
  )
  insteadOf(
    LearnerRole,
    'persistCurrentEpoch',
    (original) =>
      function (this: LearnerFields, epoch: number): void {
        if (!this.isOver) tell((probe, server) => probe.adopted(server, epoch, this.parts.replica.database.lastZxid))
        original.call(this, epoch)
      },
  )
  insteadOf(
    LearnerRole,
    'sendAck',
    (original) =>
      function (this: LearnerFields, zxid: number): void {
        if (!this.isOver)
          tell((probe, server) =>
            probe.historyAcknowledged(server, this.learner.leaderEpoch, this.parts.replica.database.lastZxid),
          )
        original.call(this, zxid)
      },
  )
  insteadOf(
    LearnerRole,
    'acknowledge',
    (original) =>
      function (this: object, afterZxid: number, lastZxid: number): void {
        tell((probe, server) => probe.acknowledged(server, lastZxid))
        original.call(this, afterZxid, lastZxid)
      },
  )
  insteadOf(
    LearnerRole,
    'serve',
    (original) =>
      function (this: LearnerFields): void {
        const { replica } = this.parts
        tell((probe, server) => {
          run?.replicas.set(server, replica)
          probe.serving(server, this.learner.leaderEpoch)
        })
        original.call(this)
      },
  )
  insteadOf(
    LearnerRole,
    'end',
    (original) =>
      function (this: object, reason: string): void {
        tell((probe, server) => probe.roleEnded(server, reason))
        original.call(this, reason)
      },
  )
}
