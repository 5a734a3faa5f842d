// One run: from a scenario to a verdict. First the faults come, mixed with the clients' work, and nothing wrong may happen. Then
// everything is mended, and within a bounded time the ensemble serves all clients again, all servers hold the same, and
// nothing is lost.

import type { Logger } from '@tskeeper/server'
import { ClientPromises } from '../invariants/client-promises.ts'
import { Invariants } from '../invariants/invariants.ts'
import { LockWatch } from '../invariants/lock-watch.ts'
import { QueueWatch } from '../invariants/queue-watch.ts'
import { Violation } from '../invariants/violation.ts'
import { databaseOf, listenTo } from '../probe/taps.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { Administrator } from '../workload/administrator.ts'
import { WorkloadClient } from '../workload/client.ts'
import { Machine } from '../world/machine.ts'
import { VirtualNetwork } from '../world/virtual-network.ts'
import { World } from '../world/world.ts'
import { compareTrees } from './compare-trees.ts'
import { Ensemble } from './ensemble.ts'
import { Faults } from './faults.ts'
import { Transcript } from './transcript.ts'

/** When all faults are over, all has to be well within so many virtual milliseconds. */
export const RECOVERY_LIMIT_MS = 60_000
/** How often it is looked whether it is. */
const LOOK_INTERVAL_MS = 100

export interface Outcome {
  readonly scenario: Scenario
  /** What went wrong, null for nothing. */
  readonly failure: Error | null
  readonly hash: string
  readonly transcript: readonly string[]
  readonly virtualMs: number
  readonly eventCount: number
  readonly committedCount: number
  readonly acknowledgedCount: number
  /** Reads that servers without a quorum answered. */
  readonly readsWithoutQuorum: number
  readonly epochCount: number
}

export interface SimulationOptions {
  /** Keep the transcript's lines; without them a run is faster. */
  readonly isTranscriptKept?: boolean
  /** What the servers log goes into the transcript, too. */
  readonly areLogsKept?: boolean
}

/** Runs the scenario. Never rejects: what goes wrong is in the outcome. */
export async function simulate(scenario: Scenario, options: SimulationOptions = {}): Promise<Outcome> {
  const simulation = new Simulation(scenario, options)
  const failure = await simulation.run()
  return simulation.outcome(failure)
}

class Simulation {
  private readonly scenario: Scenario
  private readonly world: World
  private readonly transcript: Transcript
  private readonly ensemble: Ensemble
  private readonly clients: readonly WorkloadClient[]
  private readonly administrator: Administrator | null
  private readonly faults: Faults
  private readonly invariants: Invariants
  private readonly promises: ClientPromises
  private readonly queue: QueueWatch

  constructor(scenario: Scenario, options: SimulationOptions) {
    this.scenario = scenario
    const world = new World(scenario.seed)
    this.world = world
    this.transcript = new Transcript(options.isTranscriptKept === true)
    const note = (who: string, what: string): void => this.transcript.note(world.nowMs, who, what)
    const network = new VirtualNetwork(world)
    const logger = (server: string): Logger => transcriptLogger(server, options.areLogsKept === true ? note : null)
    this.ensemble = new Ensemble(world, network, scenario, logger)
    const onViolation = (error: unknown): void => world.fail(error)
    this.invariants = new Invariants({
      random: world.forkRandom(),
      voters: this.ensemble.nodes.slice(0, scenario.voterCount).map((node) => node.machine.name),
      hierarchy: scenario.traits.hierarchy,
      diskOf: (server) => this.diskOf(server),
      note,
      onViolation,
    })
    listenTo(world, this.invariants)
    this.promises = new ClientPromises(this.invariants.nodes)
    const locks = new LockWatch()
    this.queue = new QueueWatch(this.invariants.nodes)
    const { queue, promises } = this
    const { history } = this.invariants
    const { connectString } = this.ensemble
    const machines = scenario.clients.map((_, index) => new Machine(world, `client ${index}`, `10.0.1.${index + 1}`))
    for (const machine of machines) network.addMachine(machine)
    this.clients = scenario.clients.map((plan, index) => {
      const machine = machines[index] as Machine
      const parts = { machine, network, connectString, promises, locks, queue, history, note, onViolation }
      return new WorkloadClient(parts, plan)
    })
    this.administrator = scenario.isReconfigEnabled ? this.makeAdministrator(network, note) : null
    const { ensemble, administrator } = this
    this.faults = new Faults({ world, network, ensemble, clients: machines, administrator, note })
  }

  private makeAdministrator(network: VirtualNetwork, note: (who: string, what: string) => void): Administrator {
    const { world, ensemble } = this
    const machine = new Machine(world, 'admin', '10.0.2.1')
    network.addMachine(machine)
    const { connectString } = ensemble
    const { scenario } = this
    return new Administrator({ machine, network, connectString, scenario, note, onError: (error) => world.fail(error) })
  }

  async run(): Promise<Error | null> {
    try {
      await this.runPhases()
      return null
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error))
      this.transcript.note(this.world.nowMs, 'verdict', failure.message)
      return failure
    }
  }

  outcome(failure: Error | null): Outcome {
    return {
      scenario: this.scenario,
      failure,
      hash: `${this.transcript.hash}-${this.world.eventCount}`,
      transcript: this.transcript.lines ?? [],
      virtualMs: this.world.nowMs,
      eventCount: this.world.eventCount,
      committedCount: this.invariants.history.committed.length,
      acknowledgedCount: this.clients.reduce((sum, client) => sum + client.acknowledgedCount, 0),
      readsWithoutQuorum: this.clients.reduce((sum, client) => sum + client.readsWithoutQuorum, 0),
      epochCount: this.invariants.history.lastEpoch,
    }
  }

  private diskOf(server: string): ReturnType<typeof this.ensemble.node>['disk']['disk'] {
    const node = this.ensemble.named(server)
    if (node === null) throw new Error(`there is no ${server}`)
    return node.disk.disk
  }

  private async runPhases(): Promise<void> {
    const { world, scenario, ensemble, clients, faults } = this
    for (const node of ensemble.nodes) world.after(0, () => node.start())
    for (const client of clients) world.after(0, () => client.start())
    const { administrator } = this
    if (administrator !== null) world.after(0, () => administrator.start())
    faults.schedule(scenario.faults)
    await world.runUntil(scenario.calmMs)
    this.transcript.note(world.nowMs, 'faults', 'are over')
    faults.calm()
    this.watchOver()
    await this.recover()
  }

  /** A server that ends by itself after a disk failed is started again, as an operator would. */
  private watchOver(): void {
    this.world.after(LOOK_INTERVAL_MS, () => {
      for (const node of this.ensemble.nodes) {
        if (node.ending !== null && !node.isOutsider) this.refuseEnding(node.ending)
        this.faults.restart(node)
      }
      this.watchOver()
    })
  }

  private refuseEnding(ending: Error): void {
    this.world.fail(new Violation('recovery', `a server with nothing wrong ended: ${reasonOf(ending)}`))
  }

  private async recover(): Promise<void> {
    const { world, clients } = this
    const untilMs = world.nowMs + RECOVERY_LIMIT_MS
    const isOver = await world.runUntil(untilMs, () => clients.every((client) => client.isDone && client.pendingCount === 0))
    if (!isOver)
      throw new Violation('recovery', `the clients' operations have not ended ${RECOVERY_LIMIT_MS} ms after the last fault`)
    // Sessions that only one server knows end with its role, and a change of members may end that.
    if (this.scenario.traits.areSessionsLocal) await this.awaitMembers(untilMs)
    await this.proveService(untilMs)
    await this.idle()
    await this.awaitMembers(untilMs)
    await this.reap(untilMs)
    await this.settle(untilMs)
    this.checkNothingLost()
  }

  /** Whoever was sent away votes again. */
  private async awaitMembers(untilMs: number): Promise<void> {
    const { world, administrator } = this
    if (administrator === null || (await world.runUntil(untilMs, () => administrator.isDone))) return
    throw new Violation('recovery', `the members are not what they were ${RECOVERY_LIMIT_MS} ms after the last fault`)
  }

  private async proveService(untilMs: number): Promise<void> {
    const { world, clients } = this
    let unproven = clients.length
    const prove = (client: WorkloadClient): void => {
      client.proveService().then(
        (isServed) => {
          if (isServed) unproven--
          else world.after(LOOK_INTERVAL_MS, () => prove(client))
        },
        (error: unknown) => world.fail(error),
      )
    }
    for (const client of clients) world.after(0, () => prove(client))
    if (!(await world.runUntil(untilMs, () => unproven === 0))) {
      throw new Violation(
        'recovery',
        `${unproven} of ${clients.length} clients are not served ${RECOVERY_LIMIT_MS} ms after the last fault`,
      )
    }
  }

  /** Clients that are only silent keep their sessions. */
  private async idle(): Promise<void> {
    const { world, clients, scenario } = this
    if (scenario.idleMs === 0) return
    const before = clients.map((client) => client.sessionsBegun)
    await world.runUntil(world.nowMs + scenario.idleMs)
    for (const [index, client] of clients.entries()) {
      if (client.sessionsBegun === before[index]) continue
      throw new Violation('sessions live with their clients', `${client.name} lost its session although nothing was wrong`)
    }
    this.promises.checkEnded()
  }

  /** What nobody needs any more goes. */
  private async reap(untilMs: number): Promise<void> {
    const { world, scenario, invariants } = this
    if (!scenario.traits.isReaperQuick) return
    const { reaped } = invariants.nodes
    const areClocksTrue = scenario.faults.every(({ kind }) => kind !== 'clock-jump')
    if (await world.runUntil(untilMs, () => reaped.waiting(areClocksTrue).length === 0)) return
    const left = reaped.waiting(areClocksTrue).join(' and ')
    throw new Violation('what is empty goes', `${left} should have been deleted ${RECOVERY_LIMIT_MS} ms after the last fault`)
  }

  /** All servers get to the same transaction, and then hold the same. */
  private async settle(untilMs: number): Promise<void> {
    const { world, ensemble, invariants } = this
    const { history } = invariants
    const isLevel = (): boolean => ensemble.nodes.every((node) => this.lastApplied(node.machine.name) === history.lastCommitted)
    if (!(await world.runUntil(untilMs, isLevel))) {
      const states = ensemble.nodes.map(
        (node) => `${node.machine.name} is at ${this.lastApplied(node.machine.name).toString(16)}`,
      )
      throw new Violation(
        'recovery',
        `not all servers have everything: ${states.join(', ')} of ${history.lastCommitted.toString(16)}`,
      )
    }
    compareTrees(ensemble.nodes.map((node) => node.machine.name))
  }

  private lastApplied(server: string): number {
    return this.invariants.history.transactionAt(databaseOf(server)?.lastZxid ?? 0)
  }

  private checkNothingLost(): void {
    this.queue.checkNothingLost()
    for (const [value, zxid] of this.promises.acknowledged) {
      if (this.invariants.nodes.writerOf(value) !== zxid) throw new Violation('no acknowledged write is lost', `${value} is gone`)
    }
  }
}

function reasonOf(error: Error): string {
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}

function transcriptLogger(server: string, note: ((who: string, what: string) => void) | null): Logger {
  const ignore = (): void => {}
  if (note === null) return { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore }
  const line =
    (level: string) =>
    (message: string, fields?: Readonly<Record<string, unknown>>): void => {
      const error = fields?.['error']
      note(server, `${level} ${message}${error instanceof Error ? `: ${error.message}` : ''}`)
    }
  return { trace: ignore, debug: ignore, info: line('info'), warn: line('warn'), error: line('error') }
}
