import { QuorumPacketType } from '@tskeeper/protocol/server'
import { assert } from '../../src/lib/assert.ts'
import type { SeededRandom } from '../../src/lib/seeded-random.ts'
import { verifiersInForce } from '../../src/membership/quorum-tracker.ts'
import type { QuorumVerifier } from '../../src/membership/quorum-verifier.ts'
import { CommittedWindow } from '../../src/zab/committed-window.ts'
import { Leader } from '../../src/zab/leader.ts'
import { Learner } from '../../src/zab/learner.ts'
import { processReconfig } from '../../src/zab/process-reconfig.ts'
import { EnsembleDisk } from './ensemble-disk.ts'
import { END_OF_STREAM, EnsembleLink, type Packet, packetOf } from './ensemble-link.ts'
import type { Invariants } from './invariants.ts'
import { leaderEffectsOf } from './node-leader.ts'
import { learnerEffectsOf } from './node-learner.ts'
import { type Transaction, TYPE_RECONFIG, TYPE_SET_DATA, transactionBytes } from './transactions.ts'

const TICK_MS = 2000
const INIT_LIMIT = 10
const SYNC_LIMIT = 5

interface Task {
  readonly run: number
  readonly action: () => void
}

/** What a run is about, shared by its servers. */
export interface Surroundings {
  readonly random: SeededRandom
  readonly invariants: Invariants
  readonly config: QuorumVerifier
  readonly isReconfigEnabled: boolean
  /** Proposed configurations by the zxid of their transaction. */
  readonly configs: Map<number, QuorumVerifier>
  /** Committed transactions that a server keeps in memory. */
  readonly windowEntries: number
  readonly links: Set<EnsembleLink>
}

/** One server: the machines, and a shell that keeps disk, tree and links in memory. */
export class EnsembleNode {
  readonly sid: number
  readonly surroundings: Surroundings
  readonly disk: EnsembleDisk
  readonly tasks: Task[] = []
  /** Counts roles and lives: what was begun in an earlier one must not go on in this one. */
  run = 0
  isUp = true
  leader: Leader<EnsembleLink> | null = null
  learner: Learner | null = null
  link: EnsembleLink | null = null
  tree: Transaction[] = []
  /** Zxid that the tree has come to; also the beginning of an epoch. */
  treeZxid = 0
  window: CommittedWindow
  isServing = false
  private marks = 0

  constructor(sid: number, surroundings: Surroundings) {
    this.sid = sid
    this.surroundings = surroundings
    this.disk = new EnsembleDisk(surroundings.config)
    this.window = new CommittedWindow(surroundings.windowEntries)
  }

  get isLooking(): boolean {
    return this.isUp && this.leader === null && this.learner === null
  }

  get isObserver(): boolean {
    return this.disk.committed.observers.has(this.sid)
  }

  /** Wins an election. */
  lead(): void {
    this.run++
    const { disk, surroundings } = this
    // A leader writes a snapshot before it begins; the window and the log stay.
    if (surroundings.random.below(2) === 0) disk.snapshot = { zxid: this.treeZxid, history: [...this.tree] }
    this.leader = new Leader<EnsembleLink>(
      {
        sid: this.sid,
        acceptedEpoch: disk.acceptedEpoch,
        currentEpoch: disk.currentEpoch,
        lastZxid: this.treeZxid,
        committed: disk.committed,
        lastSeen: disk.lastSeen,
        isReconfigEnabled: surroundings.isReconfigEnabled,
        tickTimeMs: TICK_MS,
        initLimitTicks: INIT_LIMIT,
        syncLimitTicks: SYNC_LIMIT,
        snapshotSyncsMax: 1,
        diffSyncsMax: 1,
      },
      leaderEffectsOf(this),
    )
    this.leader.start()
  }

  /** Connects to a leader. */
  follow(other: EnsembleNode): void {
    if (other.leader === null) return
    this.run++
    const link = new EnsembleLink(other, this, this.isObserver)
    this.surroundings.links.add(link)
    this.link = link
    this.learner = new Learner(
      {
        isObserver: this.isObserver,
        acceptedEpoch: this.disk.acceptedEpoch,
        currentEpoch: this.disk.currentEpoch,
        lastZxid: this.treeZxid,
        isFirstSnapshotNeeded: false,
        tickTimeMs: TICK_MS,
        initLimitTicks: INIT_LIMIT,
        syncLimitTicks: SYNC_LIMIT,
      },
      learnerEffectsOf(this, link),
    )
    other.leader.linkOpened(link)
    this.learner.start()
  }

  /** Proposes `count` writes at once. */
  propose(count: number): void {
    const { leader } = this
    if (leader?.phase !== 'leading') return
    const packets: Packet[] = []
    for (let index = 1; index <= count; index++) packets.push(this.makeProposal(leader, leader.lastProposed + index))
    leader.proposed(leader.lastProposed + count)
    this.forward(leader, packets)
  }

  /** Proposes another configuration, if that is allowed now. */
  reconfigure(makeNext: (version: number) => QuorumVerifier): void {
    const { leader } = this
    if (leader?.phase !== 'leading' || leader.lastSeen.version !== leader.committed.version) return
    const zxid = leader.lastProposed + 1
    const next = makeNext(zxid)
    if (!next.containsQuorum(leader.syncedSids())) return
    this.surroundings.configs.set(zxid, next)
    const packet = this.makeProposal(leader, zxid, next)
    leader.reconfigProposed(zxid, next)
    this.forward(leader, [packet])
  }

  private forward(leader: Leader<EnsembleLink>, packets: readonly Packet[]): void {
    for (const link of leader.forwarding) for (const packet of packets) link.send('toLearner', packet)
  }

  /** A configuration comes into force. Returns true when the role has to end. */
  activate(next: QuorumVerifier, suggestedLeader: number | null, zxid: number): boolean {
    const { disk } = this
    const outcome = processReconfig(
      {
        isReconfigEnabled: this.surroundings.isReconfigEnabled,
        sid: this.sid,
        role: this.isObserver ? 'observer' : 'participant',
        committed: disk.committed,
        lastSeen: disk.lastSeen,
        currentLeader: this.leader === null ? (this.link?.leader.sid ?? null) : this.sid,
      },
      next,
      suggestedLeader,
      zxid,
      true,
    )
    assert(outcome.committed.version >= disk.committed.version, 'I14: the version of the committed configuration never decreases')
    disk.committed = outcome.committed
    disk.lastSeen = outcome.lastSeen
    return outcome.isMajor
  }

  private makeProposal(leader: Leader<EnsembleLink>, zxid: number, next?: QuorumVerifier): Packet {
    const { invariants } = this.surroundings
    const type = next === undefined ? TYPE_SET_DATA : TYPE_RECONFIG
    const bytes = transactionBytes(zxid, this.sid * 65536 + this.marks++, type)
    const configs = verifiersInForce(leader.committed, next ?? leader.lastSeen)
    const transaction = { zxid, bytes, previousZxid: this.window.lastZxid ?? this.tree.at(-1)?.zxid ?? 0 }
    invariants.propose(this, leader.epoch, transaction, configs)
    this.window.append(zxid, bytes, 0, bytes.length)
    this.log(transaction)
    return packetOf(QuorumPacketType.proposal, zxid, bytes)
  }

  /** Part of the log reaches the disk. */
  syncSome(): void {
    const { disk } = this
    const open = disk.log.length - disk.syncedCount
    if (open === 0) return
    disk.syncedCount += 1 + this.surroundings.random.below(open)
    const zxid = disk.log[disk.syncedCount - 1]?.zxid ?? 0
    this.leader?.selfSynced(zxid)
    this.learner?.logged(zxid)
  }

  /** The oldest of the things that take time is done. */
  runTask(): void {
    const task = this.tasks.shift()
    if (task !== undefined && task.run === this.run && this.isUp) task.action()
  }

  /** Something that takes time; it is forgotten when the role ends. */
  later(action: () => void): void {
    this.tasks.push({ run: this.run, action })
  }

  log(transaction: Transaction): void {
    this.surroundings.invariants.append(this.disk, transaction)
    this.disk.log.push(transaction)
  }

  /** Applies a transaction, or finds it there already: a snapshot may hold more than its zxid says. */
  apply(transaction: Transaction): void {
    const last = this.tree.at(-1)
    if (last !== undefined && last.zxid >= transaction.zxid) {
      assert(this.tree.includes(transaction), 'I4: what a snapshot held beyond its zxid is the same history')
    } else {
      this.surroundings.invariants.apply(this.tree, transaction)
      this.tree.push(transaction)
    }
    this.treeZxid = Math.max(this.treeZxid, transaction.zxid)
    this.window.commit(transaction.zxid)
  }

  /** A packet for the role that the link belongs to. */
  deliverToLearner(link: EnsembleLink): void {
    const isDeaf = link.learnerRun !== this.run || this.learner === null
    const packet = link.toLearner[0]
    if (packet === undefined) return
    if (!isDeaf && packet.type === QuorumPacketType.snap && packet.history === null) return
    if (!isDeaf && packet.type !== END_OF_STREAM && this.learner?.isWaiting === true) return
    link.toLearner.shift()
    if (isDeaf) return
    if (packet.type === END_OF_STREAM) this.learner?.linkClosed()
    else this.takeFromLeader(packet)
  }

  /** The history of the SNAP that is being read. */
  incomingHistory: readonly Transaction[] = []
  /** The configuration of the NEWLEADER that is being read. */
  incomingConfig: QuorumVerifier | null = null

  private takeFromLeader(packet: Packet): void {
    if (packet.history !== null) this.incomingHistory = packet.history
    if (packet.config !== null) this.incomingConfig = packet.config
    this.learner?.packet(packet.type, packet.zxid, packet.bytes, 0, packet.bytes.length)
  }

  /** A packet for the leader that the link belongs to. */
  deliverToLeader(link: EnsembleLink): void {
    const packet = link.toLeader.shift()
    if (packet === undefined || link.leaderRun !== this.run || this.leader === null) return
    if (packet.type === END_OF_STREAM) this.leader.linkClosed(link)
    else this.leader.packet(link, packet.type, packet.zxid, packet.bytes, 0, packet.bytes.length)
  }

  heartbeat(): void {
    this.leader?.heartbeat()
    this.learner?.heartbeat()
  }

  /** Back to LOOKING: the log is flushed, and what it holds beyond the tree is replayed onto it. */
  endRole(isDatabaseBroken: boolean): void {
    this.run++
    this.closeLinks()
    const { disk, surroundings } = this
    disk.syncedCount = disk.log.length
    const recovered = disk.recover()
    if (isDatabaseBroken) this.reload()
    else {
      surroundings.invariants.endOfRole(this, recovered)
      this.tree = recovered
      this.treeZxid = Math.max(this.treeZxid, disk.lastZxid())
      this.window.truncate(disk.lastZxid())
      this.window.commit(disk.lastZxid())
    }
  }

  /** The process dies; `survivors` entries of the log that were not synced are on the disk by chance. */
  crash(): void {
    this.run++
    this.isUp = false
    this.closeLinks()
    const open = this.disk.log.length - this.disk.syncedCount
    this.disk.crash(this.surroundings.random.below(open + 1))
  }

  restart(): void {
    this.isUp = true
    this.reload()
  }

  private reload(): void {
    const { disk } = this
    this.tree = disk.recover()
    this.treeZxid = disk.lastZxid()
    this.window = new CommittedWindow(this.surroundings.windowEntries)
    for (const { zxid, bytes } of disk.log) this.window.append(zxid, bytes, 0, bytes.length)
    this.window.commit(disk.lastZxid())
  }

  private closeLinks(): void {
    const { links, random } = this.surroundings
    for (const link of links) if (link.leader === this || link === this.link) link.cut((limit) => random.below(limit))
    this.leader = null
    this.learner = null
    this.link = null
    this.isServing = false
    this.tasks.length = 0
  }
}
