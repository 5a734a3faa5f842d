// The world as the client sees it. Time, timers, randomness, host names and connections reach every other file
// through these interfaces: Node's stand in `node-runtime.ts`, a simulator brings its own, on virtual time.

import type { Transport } from '../transport/transport.ts'

/** Everything outside of the client that it needs. */
export interface ClientRuntime {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly transport: Transport
  readonly resolver: Resolver
  /** Where operations are announced, if anybody listens. */
  readonly tracing?: Tracing
}

/** What time it is. */
export interface Clock {
  /** Wall clock, whole milliseconds since 1970. May jump. */
  nowMs(): number
  /** Milliseconds, with a fraction, since some fixed moment. Never goes back. */
  monotonicMs(): number
}

/** Calls back later. */
export interface Timers {
  /** Calls `callback` once after about `delayMs`. */
  after(delayMs: number, callback: () => void): TimerHandle
  /** Calls `callback` once when the events that are waiting now have been handled. */
  soon(callback: () => void): void
}

/** A timer that has been set. */
export interface TimerHandle {
  cancel(): void
}

/** Where chance comes from. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number
  /** Uniform in [0, limit), a whole number; `limit` is at most 2^32. */
  below(limit: number): number
}

/** Host names to addresses. */
export interface Resolver {
  /** Calls `done` once, later or at once, with the addresses that `host` has now, or with an error. */
  resolve(host: string, done: (error: Error | null, addresses: readonly string[]) => void): void
}

/** Hears of each operation; costs nothing while `isEnabled` is false. */
export interface Tracing {
  readonly isEnabled: boolean
  /** A request begins; the returned record is handed back when it ends. */
  start(request: TracedRequest): void
  /** The request succeeded (`error` is null) or failed. */
  end(request: TracedRequest, error: Error | null): void
}

/** What a tracer hears of a request. The same object is given at its start and at its end. */
export interface TracedRequest {
  /** The protocol's name of the operation, such as `getData`. */
  readonly operation: string
  readonly path: string | null
  readonly sessionId: bigint
  readonly server: string | null
}
