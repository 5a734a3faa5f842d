import { channel } from 'node:diagnostics_channel'
import { lookup } from 'node:dns'
import { isIP } from 'node:net'
import { nodeTransport } from '../transport/node-transport.ts'
import type { ClientRuntime, Clock, Random, Resolver, Timers, TracedRequest, Tracing } from './runtime.ts'

const clock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
}

/** Node calls back at once when it is to wait longer than this, which is 25 days. */
const DELAY_MS_MAX = 0x7fffffff

const timers: Timers = {
  after(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(delayMs, DELAY_MS_MAX))
    return { cancel: () => clearTimeout(timer) }
  },
  soon(callback) {
    setImmediate(callback)
  },
}

const random: Random = {
  next: () => Math.random(),
  below: (limit) => Math.floor(Math.random() * limit),
}

const resolver: Resolver = {
  resolve(host, done) {
    if (isIP(host) !== 0) return done(null, [host])
    lookup(host, { all: true }, (error, found) => done(error, error === null ? found.map(({ address }) => address) : []))
  },
}

const started = channel('tskeeper:client:request:start')
const ended = channel('tskeeper:client:request:end')

/** Publishes on `node:diagnostics_channel`: `tskeeper:client:request:start` and `tskeeper:client:request:end`. */
const tracing: Tracing = {
  get isEnabled(): boolean {
    return started.hasSubscribers || ended.hasSubscribers
  },
  start(request: TracedRequest): void {
    started.publish({ request })
  },
  end(request: TracedRequest, error: Error | null): void {
    ended.publish({ request, error })
  },
}

const runtime: ClientRuntime = { clock, timers, random, transport: nodeTransport, resolver, tracing }

/** The world of a Node process: its clock, timers, chance, name service and sockets. */
export function nodeRuntime(): ClientRuntime {
  return runtime
}
