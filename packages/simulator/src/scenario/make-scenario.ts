import { SeededRandom } from '@tskeeper/core'
import { guestPlans } from './guest-plan.ts'
import { type Fault, type Operation, type Scenario, SESSION_TIMEOUT_MS, SHARED_KEYS } from './scenario.ts'
import { makeTraits, PLAIN_TRAITS } from './traits.ts'

/** How much of everything there is. */
export interface Intensity {
  readonly faultsMax: number
  readonly clientsMax: number
  readonly operationsMax: number
  readonly durationMs: number
}

export const DEFAULT_INTENSITY: Intensity = { faultsMax: 14, clientsMax: 4, operationsMax: 50, durationMs: 5000 }

/** When the first fault may come: the ensemble has formed by then, mostly. */
const FIRST_FAULT_MS = 400
/** How many of the ensembles change their members. */
const RECONFIG_RATE = 0.2
/** The stream of random numbers of the scenario is another one than that of the run. */
const SCENARIO_STREAM = 0x5ce4a210
/** So is that of what is unusual in some runs. */
const TRAITS_STREAM = 0x7a175000
/** How many of the servers stand alone. */
const ALONE_RATE = 0.06

export function makeScenario(seed: number, intensity: Intensity = DEFAULT_INTENSITY): Scenario {
  const random = new SeededRandom(seed * 4 + TRAITS_STREAM)
  const drawn = makeUsualScenario(seed, intensity)
  const scenario = random.next() < ALONE_RATE ? standingAlone(drawn) : drawn
  const traits = makeTraits(random, scenario)
  const clients = [...scenario.clients, ...guestPlans(random, traits, intensity.durationMs)]
  const faults = [...scenario.faults, ...(traits.isReadOnlyServed ? longLoss(random, scenario) : [])]
  faults.sort((a, b) => a.atMs - b.atMs)
  const calmMs = Math.max(scenario.calmMs, ...faults.map((fault) => fault.atMs + fault.durationMs))
  return { ...scenario, traits, faults, clients, calmMs }
}

/** No server reaches another for so long that all of them begin to serve alone. */
function longLoss(random: SeededRandom, { voterCount, observerCount }: Scenario): Fault[] {
  const atMs = FIRST_FAULT_MS + random.below(1500)
  const durationMs = 3500 + random.below(2000)
  return Array.from({ length: voterCount + observerCount }, (_, index): Fault => {
    return { kind: 'partition', atMs, durationMs, servers: [index + 1], isOneWay: false }
  })
}

/** The same with one server, which has all the troubles of the others. */
function standingAlone(scenario: Scenario): Scenario {
  const faults = scenario.faults.filter(({ kind }) => kind !== 'reconfigure')
  return {
    ...scenario,
    voterCount: 1,
    observerCount: 0,
    isReconfigEnabled: false,
    faults: faults.map((fault): Fault => {
      if ('from' in fault) return { ...fault, from: 1, to: 1 }
      if ('servers' in fault) return { ...fault, servers: [1] }
      return 'server' in fault ? { ...fault, server: 1 } : fault
    }),
  }
}

function makeUsualScenario(seed: number, intensity: Intensity): Scenario {
  const random = new SeededRandom(seed * 4 + SCENARIO_STREAM)
  const chance = random.next()
  const voterCount = chance < 0.85 ? 3 : 5
  const observerCount = voterCount > 1 && random.next() < 0.2 ? 1 : 0
  const serverCount = voterCount + observerCount
  const clientCount = 1 + random.below(intensity.clientsMax)
  const faultCount = random.next() < 0.1 ? 0 : 1 + random.below(intensity.faultsMax)
  const maker = new FaultMaker(random, serverCount, clientCount, intensity.durationMs)
  const isReconfigEnabled = voterCount > 1 && random.next() < RECONFIG_RATE
  const faults = Array.from({ length: faultCount }, () => maker.fault())
  if (isReconfigEnabled) faults.push(maker.reconfiguration(voterCount))
  faults.sort((a, b) => a.atMs - b.atMs)
  return {
    seed,
    voterCount,
    observerCount,
    clockRates: Array.from({ length: serverCount }, () => 0.98 + random.next() * 0.04),
    snapCount: pick(random, [6, 20, 60, 100_000]),
    isReconfigEnabled,
    isSnapshotForced: random.next() < 0.05,
    traits: PLAIN_TRAITS,
    faults,
    idleMs: random.next() < 0.3 ? 3 * SESSION_TIMEOUT_MS : 0,
    clients: Array.from({ length: clientCount }, () => operations(random, intensity)),
    calmMs: Math.max(intensity.durationMs / 2, ...faults.map((fault) => fault.atMs + fault.durationMs)),
  }
}

class FaultMaker {
  private readonly random: SeededRandom
  private readonly serverCount: number
  private readonly clientCount: number
  private readonly durationMs: number

  constructor(random: SeededRandom, serverCount: number, clientCount: number, durationMs: number) {
    this.random = random
    this.serverCount = serverCount
    this.clientCount = clientCount
    this.durationMs = durationMs
  }

  fault(): Fault {
    const { random } = this
    const atMs = FIRST_FAULT_MS + random.below(this.durationMs - FIRST_FAULT_MS)
    // Short troubles are as interesting as long ones.
    const when = { atMs, durationMs: Math.floor(20 * 1.06 ** random.below(75)) }
    const dice = random.below(100)
    if (dice < 40) return this.processFault(dice, when)
    if (dice < 75) return this.networkFault(dice, when)
    return this.machineFault(dice, when)
  }

  /** One at a time is away: so a majority of all voters is one of every configuration in between. */
  reconfiguration(voterCount: number): Fault {
    const { random, durationMs } = this
    const atMs = FIRST_FAULT_MS + random.below(durationMs / 2)
    const server = 1 + random.below(voterCount)
    return { kind: 'reconfigure', atMs, durationMs: random.below(durationMs / 2), server, becomesObserver: random.next() < 0.5 }
  }

  private processFault(dice: number, when: { atMs: number; durationMs: number }): Fault {
    const server = this.server()
    if (dice < 10) return { ...when, kind: 'crash', server }
    if (dice < 14) return { ...when, kind: 'kill', server }
    if (dice < 24) return { ...when, kind: 'pause', server }
    if (dice < 27) return { ...when, kind: 'stop', server }
    if (dice < 29) return { ...when, kind: 'blackout' }
    if (dice < 31) return { ...when, kind: 'rolling-restart' }
    return { ...when, kind: 'crash-in-write', server, change: this.random.below(30) }
  }

  private networkFault(dice: number, when: { atMs: number; durationMs: number }): Fault {
    const [from, to] = [this.server(), this.server()]
    const client = this.random.below(this.clientCount)
    const isOneWay = this.random.next() < 0.3
    if (dice < 50) return { ...when, kind: 'partition', servers: this.someServers(), isOneWay }
    if (dice < 56) return { ...when, kind: 'cut', from, to, isOneWay }
    if (dice < 58) return { ...when, kind: 'reset', from, to }
    if (dice < 60) return { ...when, kind: 'slow-link', from, to, extraMs: 1 + this.random.below(300) }
    // Long enough for clients to notice that the server is behind, not so late that it has to leave.
    if (dice < 67)
      return { ...when, durationMs: 500 + when.durationMs, kind: 'lag', server: to, extraMs: 30 + this.random.below(220) }
    if (dice < 69) return { ...when, kind: 'cut-client', client, server: from }
    return { ...when, kind: 'reset-client', client }
  }

  private machineFault(dice: number, when: { atMs: number; durationMs: number }): Fault {
    const { random } = this
    const server = this.server()
    if (dice < 80) return { ...when, kind: 'clock-jump', server, jumpMs: random.below(20_000_000) - 10_000_000 }
    if (dice < 90) return { ...when, kind: 'slow-disk', server, syncMs: 10 + random.below(700) }
    if (dice < 96) return { ...when, kind: 'failing-disk', server, operation: pick(random, ['write', 'sync', 'rename']) }
    return { ...when, kind: 'full-disk', server, spareBytes: random.below(8000) }
  }

  private server(): number {
    return 1 + this.random.below(this.serverCount)
  }

  private someServers(): number[] {
    const servers: number[] = []
    for (let server = 1; server <= this.serverCount; server++) if (this.random.next() < 0.4) servers.push(server)
    return servers.length === 0 ? [this.server()] : servers
  }
}

function operations(random: SeededRandom, { operationsMax, durationMs }: Intensity): Operation[] {
  const count = 1 + random.below(operationsMax)
  const meanWaitMs = durationMs / count
  return Array.from({ length: count }, () => {
    // Bursts, and pauses between them.
    const waitMs = random.next() < 0.5 ? 0 : Math.floor(random.next() * 4 * meanWaitMs)
    return operation(random, waitMs)
  })
}

function operation(random: SeededRandom, waitMs: number): Operation {
  const key = random.below(SHARED_KEYS)
  const dice = random.below(100)
  if (dice < 14) return { waitMs, kind: 'create' }
  if (dice < 19) return { waitMs, kind: 'create-ephemeral' }
  if (dice < 25) return { waitMs, kind: 'delete' }
  if (dice < 42) return { waitMs, kind: 'set', key }
  if (dice < 49) return { waitMs, kind: 'set-version', key }
  if (dice < 56) return { waitMs, kind: 'get', key }
  if (dice < 62) return { waitMs, kind: 'get-watched', key }
  if (dice < 76) return { waitMs, kind: 'sync-get', key }
  if (dice < 82) return { waitMs, kind: 'get-created' }
  if (dice < 93) return { waitMs, kind: 'multi', keys: [key, (key + 1) % SHARED_KEYS], fails: random.next() < 0.25 }
  if (dice < 98) return { waitMs, kind: 'lock', holdMs: random.below(200) }
  return { waitMs, kind: 'close' }
}

function pick<T>(random: SeededRandom, values: readonly T[]): T {
  return values[random.below(values.length)] as T
}
