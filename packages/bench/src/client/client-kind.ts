// The clients that are compared, each behind the same two functions, so that the loop around them is the same.

import { createRequire } from 'node:module'
import { join } from 'node:path'
import { connect } from '@tskeeper/client'

/** Which client. */
export type ClientKind = 'tskeeper' | 'node-zookeeper-client' | 'zookeeper'

/** A connected client, as the benchmark uses it. */
export interface MeasuredClient {
  create(path: string, data: Buffer): Promise<void>
  /** Reads a node's data; calls back with its length. Without a promise where the client has none: nothing is added to what it costs. */
  get(path: string, done: (error: unknown, length: number) => void): void
  close(): Promise<void>
}

/** A client of `kind`, connected. Packages of others are loaded from `modules`, a directory with a `node_modules`. */
export function connectClient(kind: ClientKind, address: string, modules: string): Promise<MeasuredClient> {
  if (kind === 'tskeeper') return connectOurs(address)
  const load = createRequire(join(modules, 'package.json'))
  if (kind === 'node-zookeeper-client') return connectCallbackClient(load(kind) as CallbackModule, address)
  return connectNativeClient(load(kind) as NativeModule, address)
}

async function connectOurs(address: string): Promise<MeasuredClient> {
  const client = await connect(address, { deadlineMs: 10_000 })
  return {
    create: async (path, data) => void (await client.create(path, data)),
    get: (path, done) =>
      void client.get(path).then(
        ({ data }) => done(null, data.length),
        (error: unknown) => done(error, 0),
      ),
    close: () => client.close(),
  }
}

/** What is used of npm's `node-zookeeper-client`. */
interface CallbackModule {
  createClient(address: string, options: { readonly sessionTimeout: number }): CallbackClient
}

interface CallbackClient {
  once(name: 'connected', listener: () => void): void
  connect(): void
  create(path: string, data: Buffer, done: (error: Error | null) => void): void
  getData(path: string, done: (error: Error | null, data: Buffer) => void): void
  close(): void
}

async function connectCallbackClient(module: CallbackModule, address: string): Promise<MeasuredClient> {
  const client = module.createClient(address, { sessionTimeout: 30_000 })
  await new Promise<void>((resolve) => {
    client.once('connected', resolve)
    client.connect()
  })
  return {
    create: (path, data) =>
      new Promise((resolve, reject) => client.create(path, data, (error) => (error === null ? resolve() : reject(error)))),
    get: (path, done) => client.getData(path, (error, data) => done(error, error ? 0 : data.length)),
    close: () => Promise.resolve(client.close()),
  }
}

/** What is used of npm's `zookeeper`, which wraps the C client. */
type NativeModule = (new (options: object) => NativeClient) & { readonly default?: new (options: object) => NativeClient }

interface NativeClient {
  init(options: object): void
  once(name: 'connect', listener: () => void): void
  a_create(path: string, data: Buffer, flags: number, done: (code: number) => void): number
  a_get(path: string, watch: boolean, done: (code: number, message: string, stat: object, data: Buffer) => void): number
  close(): void
}

async function connectNativeClient(module: NativeModule, address: string): Promise<MeasuredClient> {
  const options = { connect: address, timeout: 30_000, debug_level: 1, host_order_deterministic: false, data_as_buffer: true }
  const client = new (module.default ?? module)(options)
  await new Promise<void>((resolve) => {
    client.once('connect', resolve)
    client.init(options)
  })
  return {
    create: (path, data) =>
      new Promise((resolve, reject) => {
        client.a_create(path, data, 0, (code) => (code === 0 ? resolve() : reject(new Error(`create ${path}: ${code}`))))
      }),
    get: (path, done) =>
      void client.a_get(path, false, (code, _, __, data) => done(code === 0 ? null : code, code === 0 ? data.length : 0)),
    close: () => Promise.resolve(client.close()),
  }
}
