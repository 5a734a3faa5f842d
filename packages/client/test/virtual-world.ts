// A world for one client in a test: time that the test moves, chance from a seed, and servers that do what the test says.

import type {
  ClientOptions,
  ClientRuntime,
  TimerHandle,
  Transport,
  TransportConnection,
  TransportHandler,
  TransportTarget,
} from '../src/portable.ts'
import { ZooKeeper } from '../src/portable.ts'
import { FakeServer } from './fake-server.ts'

interface Timer {
  readonly atMs: number
  readonly order: number
  readonly callback: () => void
}

export class VirtualWorld {
  nowMs = 1_000
  /** Names that have other addresses than themselves. */
  readonly addresses = new Map<string, readonly string[]>()
  readonly runtime: ClientRuntime
  readonly #servers = new Map<string, FakeServer>()
  readonly #timers = new Set<Timer>()
  #soon: (() => void)[] = []
  #order = 0
  #seed: number

  constructor(seed = 1) {
    this.#seed = seed
    const transport: Transport = { connect: (target, handler) => this.#connect(target, handler) }
    this.runtime = {
      clock: { nowMs: () => 1_700_000_000_000 + this.nowMs, monotonicMs: () => this.nowMs },
      timers: {
        after: (delayMs, callback) => this.#after(delayMs, callback),
        soon: (callback) => void this.#soon.push(callback),
      },
      random: { next: () => this.#next(), below: (limit) => Math.floor(this.#next() * limit) },
      transport,
      resolver: { resolve: (host, done) => done(null, this.addresses.get(host) ?? [host]) },
    }
  }

  /** Timers that are set. */
  get timerCount(): number {
    return this.#timers.size
  }

  /** The server at `host:port`; it is made at the first mention. */
  server(name: string): FakeServer {
    const known = this.#servers.get(name)
    if (known !== undefined) return known
    const server = new FakeServer(this.runtime.timers)
    this.#servers.set(name, server)
    return server
  }

  client(connectString = 'a:2181', options: ClientOptions = {}): ZooKeeper {
    return new ZooKeeper(connectString, { sessionTimeoutMs: 9_000, runtime: this.runtime, ...options })
  }

  /** Lets `durationMs` pass, and everything happen that falls into it. */
  async run(durationMs = 0): Promise<void> {
    const endMs = this.nowMs + durationMs
    for (;;) {
      await this.settle()
      const timer = this.#nextTimer(endMs)
      if (timer === null) break
      this.#timers.delete(timer)
      this.nowMs = Math.max(this.nowMs, timer.atMs)
      timer.callback()
    }
    this.nowMs = endMs
  }

  /** Lets everything happen that takes no time. */
  async settle(): Promise<void> {
    for (;;) {
      // All microtasks have run when the next turn of the real loop begins.
      await new Promise((resolve) => setImmediate(resolve))
      if (this.#soon.length === 0) return
      const callbacks = this.#soon
      this.#soon = []
      for (const callback of callbacks) callback()
    }
  }

  #nextTimer(endMs: number): Timer | null {
    let first: Timer | null = null
    for (const timer of this.#timers) {
      if (timer.atMs > endMs) continue
      if (first === null || timer.atMs < first.atMs || (timer.atMs === first.atMs && timer.order < first.order)) first = timer
    }
    return first
  }

  #after(delayMs: number, callback: () => void): TimerHandle {
    const timer: Timer = { atMs: this.nowMs + delayMs, order: this.#order++, callback }
    this.#timers.add(timer)
    return { cancel: () => this.#timers.delete(timer) }
  }

  #connect(target: TransportTarget, handler: TransportHandler): TransportConnection {
    return this.server(`${target.address}:${target.port}`).connect(handler)
  }

  /** A generator of Lehmer's: good enough to shuffle, and the same everywhere. */
  #next(): number {
    this.#seed = (this.#seed * 48_271) % 2_147_483_647
    return this.#seed / 2_147_483_647
  }
}

/** What became of a promise, so that a test can look at any time. */
export interface Outcome<T> {
  value: T | undefined
  error: unknown
  isSettled: boolean
}

export function outcomeOf<T>(promise: Promise<T>): Outcome<T> {
  const outcome: Outcome<T> = { value: undefined, error: undefined, isSettled: false }
  promise.then(
    (value) => Object.assign(outcome, { value, isSettled: true }),
    (error: unknown) => Object.assign(outcome, { error, isSettled: true }),
  )
  return outcome
}
