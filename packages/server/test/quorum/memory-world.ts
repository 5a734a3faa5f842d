// Several servers' network, timers and clock in memory. Nothing happens but in `settle` and `advance`, in an order that depends on the test alone.

import type {
  ConnectionAttempt,
  ConnectionHandler,
  ConnectOptions,
  Listener,
  ListenOptions,
  Network,
  NetworkConnection,
} from '../../src/runtime/network.ts'
import type { Clock, TimerHandle, Timers } from '../../src/runtime/runtime.ts'

interface Waiting {
  readonly dueMs: number
  readonly callback: () => void
}

const idle: ConnectionHandler = { onData() {}, onDrain() {}, onEnd() {}, onClose() {} }

/** One end of a connection. */
export class MemoryConnection implements NetworkConnection {
  readonly remoteAddress = '127.0.0.1'
  readonly remotePort: number
  handler: ConnectionHandler = idle
  isClosed = false
  /** False: what is written waits, and no further writes are taken, until it is true again. */
  #isOpen = true
  #held: Uint8Array[] = []
  /** Everything that this end has written. */
  readonly written: Uint8Array[] = []
  peer: MemoryConnection | null = null
  readonly #world: MemoryWorld

  constructor(world: MemoryWorld, remotePort: number) {
    this.#world = world
    this.remotePort = remotePort
  }

  write(bytes: Uint8Array, length: number): boolean {
    const copy = bytes.slice(0, length)
    this.written.push(copy)
    if (this.#isOpen) this.#pass(copy)
    else this.#held.push(copy)
    return this.#isOpen
  }

  /** Holds what this end writes from now on, as a peer that does not read does. */
  hold(): void {
    this.#isOpen = false
  }

  release(): void {
    this.#isOpen = true
    for (const bytes of this.#held.splice(0)) this.#pass(bytes)
    this.handler.onDrain()
  }

  #pass(bytes: Uint8Array): void {
    const { peer } = this
    this.#world.soon(() => {
      if (peer === null || peer.isClosed) return
      peer.handler.onData(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), bytes.length)
    })
  }

  pause(): void {}

  resume(): void {}

  end(): void {
    const { peer } = this
    this.#world.soon(() => {
      if (peer !== null && !peer.isClosed) peer.handler.onEnd()
    })
  }

  destroy(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.#world.soon(() => this.handler.onClose(null))
    const { peer } = this
    this.#world.soon(() => {
      if (peer !== null && !peer.isClosed) {
        peer.isClosed = true
        peer.handler.onClose(null)
      }
    })
  }
}

export class MemoryWorld implements Network, Timers, Clock {
  #nowMs = 0
  #soon: (() => void)[] = []
  #waiting: Waiting[] = []
  readonly #listeners = new Map<string, (connection: NetworkConnection) => void>()
  /** Addresses that cannot be bound. */
  readonly taken = new Set<string>()
  /** The dialling ends of all connections that were opened, and where they went. */
  readonly dialled: { readonly to: string; readonly connection: MemoryConnection }[] = []

  get runtime(): { network: Network; timers: Timers; clock: Clock } {
    return { network: this, timers: this, clock: this }
  }

  nowMs(): number {
    return this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, callback: () => void): TimerHandle {
    const timer = { dueMs: this.#nowMs + delayMs, callback }
    this.#waiting.push(timer)
    return {
      cancel: () => {
        this.#waiting = this.#waiting.filter((other) => other !== timer)
      },
    }
  }

  soon(callback: () => void): void {
    this.#soon.push(callback)
  }

  listen(
    { host, port }: ListenOptions,
    accept: (connection: NetworkConnection) => void,
    ready: (error: Error | null, port: number) => void,
  ): Listener {
    const address = `${host}:${port}`
    const isTaken = this.taken.has(address) || this.#listeners.has(address)
    if (!isTaken) this.#listeners.set(address, accept)
    this.soon(() => (isTaken ? ready(new Error(`${address} is in use`), 0) : ready(null, port)))
    return {
      port,
      close: (done) => {
        if (!isTaken) this.#listeners.delete(address)
        done()
      },
    }
  }

  connect(
    { host, port }: ConnectOptions,
    handler: ConnectionHandler,
    ready: (error: Error | null, connection: NetworkConnection | null) => void,
  ): ConnectionAttempt {
    let isCancelled = false
    const to = `${host}:${port}`
    this.soon(() => {
      if (isCancelled) return
      const accept = this.#listeners.get(to)
      if (accept === undefined) {
        ready(new Error(`nobody listens at ${to}`), null)
        return
      }
      const near = this.pair(accept, port)
      near.handler = handler
      this.dialled.push({ to, connection: near })
      ready(null, near)
    })
    return {
      cancel: () => {
        isCancelled = true
      },
    }
  }

  /** A new connection whose other end is given to `accept`. */
  pair(accept: (connection: NetworkConnection) => void, port: number): MemoryConnection {
    const near = new MemoryConnection(this, port)
    const far = new MemoryConnection(this, 40_000 + this.dialled.length)
    near.peer = far
    far.peer = near
    accept(far)
    return near
  }

  /** Everything that can happen without time going on happens. */
  settle(): void {
    for (let round = 0; this.#soon.length > 0; round++) {
      if (round > 10_000) throw new Error('the servers do not come to rest')
      for (const callback of this.#soon.splice(0)) callback()
    }
  }

  /** Moves the clock by this time, and goes off at each moment that is due on the way. */
  advance(durationMs: number): void {
    const endMs = this.#nowMs + durationMs
    this.settle()
    for (let next = this.#firstDue(endMs); next !== null; next = this.#firstDue(endMs)) {
      const { dueMs, callback } = next
      this.#waiting = this.#waiting.filter((timer) => timer !== next)
      this.#nowMs = Math.max(this.#nowMs, dueMs)
      callback()
      this.settle()
    }
    this.#nowMs = endMs
  }

  #firstDue(endMs: number): Waiting | null {
    let first: Waiting | null = null
    for (const timer of this.#waiting) if (timer.dueMs <= endMs && (first === null || timer.dueMs < first.dueMs)) first = timer
    return first
  }
}
