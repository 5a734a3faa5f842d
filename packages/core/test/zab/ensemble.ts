import { assert } from '../../src/lib/assert.ts'
import { SeededRandom } from '../../src/lib/seeded-random.ts'
import { makeConfig, withQuorumOf } from './configs.ts'
import type { EnsembleLink } from './ensemble-link.ts'
import { EnsembleNode, type Surroundings } from './ensemble-node.ts'
import { Invariants } from './invariants.ts'

/** How many things may happen until everything under way has arrived, before something must be going in circles. */
const QUIET_STEPS_MAX = 20_000
/** How many leaders it may take until everyone is synchronised. */
const REGROUP_ROUNDS_MAX = 12

/** What one run is like. */
export interface EnsembleShape {
  readonly seed: number
  readonly voters: number
  readonly observers: number
  /** Members come, go and change their roles. */
  readonly isReconfigured?: boolean
  /** So many voters are taken for a quorum; without it the majority is. */
  readonly quorumSize?: number
}

/**
 * An ensemble in memory: every server with its disk, links with packets under way, and a seed that decides what happens
 * next. The election is not part of it: whoever is looking may be told that it has won, mostly the best one, and Zab has
 * to be safe with any.
 */
export class Ensemble {
  readonly random: SeededRandom
  readonly invariants: Invariants
  readonly nodes: EnsembleNode[] = []
  private readonly links = new Set<EnsembleLink>()
  /** Some runs are calm and get far, others are wild. */
  private readonly faultsPerMille: number
  private readonly isReconfigured: boolean
  /** Pairs of servers that do not reach each other, as sid * 100 + sid. */
  private readonly separated = new Set<number>()

  constructor(shape: EnsembleShape) {
    this.random = new SeededRandom(shape.seed)
    this.isReconfigured = shape.isReconfigured ?? false
    this.invariants = new Invariants(() => this.nodes)
    this.faultsPerMille = 2 + this.random.below(60)
    const voters = Array.from({ length: shape.voters }, (_, index) => index + 1)
    const observers = Array.from({ length: shape.observers }, (_, index) => shape.voters + index + 1)
    const config = makeConfig(voters, { observers })
    const surroundings: Surroundings = {
      random: this.random,
      invariants: this.invariants,
      config: shape.quorumSize === undefined ? config : withQuorumOf(shape.quorumSize, config),
      isReconfigEnabled: shape.isReconfigured ?? false,
      configs: new Map(),
      windowEntries: 1 + this.random.below(8),
      links: this.links,
    }
    for (const sid of [...voters, ...observers]) this.nodes.push(new EnsembleNode(sid, surroundings))
  }

  /** One thing happens. */
  step(): void {
    const dice = this.random.below(1000)
    const node = this.one(this.nodes)
    if (dice < this.faultsPerMille) this.fault(node)
    else if (dice < 590) this.deliver()
    else if (dice < 740) this.work(node)
    else if (dice < 820) this.write()
    else if (dice < 830) this.reconfigure()
    else if (dice < 850) node.heartbeat()
    else this.elect(node)
  }

  /** All faults end: everyone starts anew, the best one leads, and everything that is under way arrives. */
  heal(): void {
    this.separated.clear()
    for (const node of this.nodes) {
      if (!node.isUp) node.restart()
      else if (!node.isLooking) node.endRole(true)
    }
    this.links.clear()
    const leader = this.regroup()
    leader.propose(3)
    this.settle()
    this.invariants.healed()
  }

  /** Elects until everyone is synchronised. A change of configuration that was in flight may make that take more than one leader. */
  private regroup(): EnsembleNode {
    for (let round = 0; round < REGROUP_ROUNDS_MAX; round++) {
      for (const node of this.nodes) for (const other of this.nodes) this.gossip(node, other)
      const leader = this.best(this.nodes)
      leader.lead()
      // An observer is refused while others are being synchronised, and tries again.
      for (const _ of this.nodes) {
        for (const node of this.nodes) if (node.isLooking && node !== leader) node.follow(leader)
        this.settle()
      }
      if (this.nodes.every((node) => node === leader || node.isServing) && leader.leader?.phase === 'leading') return leader
      for (const node of this.nodes) if (!node.isLooking) node.endRole(true)
      this.links.clear()
    }
    throw new Error('liveness: everyone is synchronised')
  }

  /** Delivers and works until nothing is left to do. */
  settle(): void {
    for (let steps = 0; steps < QUIET_STEPS_MAX; steps++) {
      const isQuiet = [...this.links].every((link) => link.toLeader.length === 0 && link.toLearner.length === 0)
      const isIdle = this.nodes.every((node) => node.tasks.length === 0 && node.disk.syncedCount === node.disk.log.length)
      if (isQuiet && isIdle) return
      this.deliver()
      this.work(this.one(this.nodes))
    }
    throw new Error('liveness: what is under way arrives')
  }

  private deliver(): void {
    const links = [...this.links].filter((link) => link.toLeader.length > 0 || link.toLearner.length > 0)
    const link = this.pick(links)
    if (link === undefined) return
    // A few at a time: packets come in chunks.
    for (let count = 1 + this.random.below(4); count > 0; count--) {
      if (this.random.below(2) === 0) link.leader.deliverToLeader(link)
      else link.learner.deliverToLearner(link)
    }
    if (link.isCut && link.toLeader.length === 0 && link.toLearner.length === 0) this.links.delete(link)
  }

  private work(node: EnsembleNode): void {
    if (!node.isUp) return
    if (this.random.below(2) === 0) node.runTask()
    else node.syncSome()
  }

  private write(): void {
    const leaders = this.nodes.filter((node) => node.leader?.phase === 'leading')
    this.pick(leaders)?.propose(1 + this.random.below(3))
  }

  private reconfigure(): void {
    if (!this.isReconfigured) return
    const voters: number[] = []
    const observers: number[] = []
    for (const { sid } of this.nodes) {
      const dice = this.random.below(6)
      if (dice < 4) voters.push(sid)
      else if (dice < 5) observers.push(sid)
    }
    if (voters.length === 0) return
    const leaders = this.nodes.filter((node) => node.leader?.phase === 'leading')
    this.pick(leaders)?.reconfigure((version) => makeConfig(voters, { version, observers }))
  }

  /** Servers that are looking tell each other their configurations. */
  private gossip(node: EnsembleNode, other: EnsembleNode): void {
    if (!this.isReconfigured || !node.isLooking || !other.isLooking || this.isSeparated(node, other)) return
    const { committed } = other.disk
    node.activate(committed, null, committed.version)
  }

  private elect(node: EnsembleNode): void {
    if (!node.isLooking) return
    this.gossip(node, this.one(this.nodes))
    const leaders = this.nodes.filter((other) => other.leader !== null && !this.isSeparated(node, other))
    if (leaders.length > 0 && this.random.below(8) > 0) {
      node.follow(this.random.below(4) === 0 ? this.one(leaders) : this.newest(leaders))
      return
    }
    const candidates = this.nodes.filter((other) => other.isLooking && isVoter(other) && !this.isSeparated(node, other))
    if (candidates.length === 0) return
    const winner = this.random.below(4) === 0 ? this.one(candidates) : this.best(candidates)
    winner.lead()
  }

  private fault(node: EnsembleNode): void {
    const dice = this.random.below(10)
    if (dice < 3) {
      if (node.isUp) node.crash()
    } else if (dice < 7) {
      for (const other of this.nodes) if (!other.isUp && this.random.below(2) === 0) other.restart()
    } else if (dice < 8) this.pick([...this.links])?.cut((limit) => this.random.below(limit))
    else if (dice < 9) this.separate(node)
    else this.separated.clear()
  }

  /** Cuts one server off from some of the others. */
  private separate(node: EnsembleNode): void {
    for (const other of this.nodes) {
      if (other === node || this.random.below(3) === 0) continue
      this.separated.add(pairOf(node, other))
      for (const link of this.links) {
        if (pairOf(link.leader, link.learner) === pairOf(node, other)) link.cut((limit) => this.random.below(limit))
      }
    }
  }

  private isSeparated(node: EnsembleNode, other: EnsembleNode): boolean {
    return this.separated.has(pairOf(node, other))
  }

  /** Who wins a real election. */
  private best(nodes: readonly EnsembleNode[]): EnsembleNode {
    const [first, ...others] = nodes.filter(isVoter)
    assert(first !== undefined, 'someone can be elected')
    return others.reduce((best, node) => (isBetter(node, best) ? node : best), first)
  }

  /** The leader with the largest epoch: the others are mostly ghosts. */
  private newest(leaders: readonly EnsembleNode[]): EnsembleNode {
    const [first, ...others] = leaders
    assert(first !== undefined, 'there is a leader')
    return others.reduce((newest, node) => (node.disk.acceptedEpoch >= newest.disk.acceptedEpoch ? node : newest), first)
  }

  private one<T>(items: readonly T[]): T {
    const item = this.pick(items)
    assert(item !== undefined, 'one of none cannot be picked')
    return item
  }

  private pick<T>(items: readonly T[]): T | undefined {
    return items[this.random.below(items.length)]
  }
}

/** Only a voter of the configuration in force can be elected. */
function isVoter(node: EnsembleNode): boolean {
  return node.disk.committed.voters.has(node.sid)
}

function pairOf(one: EnsembleNode, other: EnsembleNode): number {
  return Math.min(one.sid, other.sid) * 100 + Math.max(one.sid, other.sid)
}

function isBetter(one: EnsembleNode, other: EnsembleNode): boolean {
  if (one.disk.currentEpoch !== other.disk.currentEpoch) return one.disk.currentEpoch > other.disk.currentEpoch
  if (one.treeZxid !== other.treeZxid) return one.treeZxid > other.treeZxid
  return one.sid > other.sid
}
