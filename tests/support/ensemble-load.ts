// Clients that write and read through any server of an ensemble, move their sessions when a connection ends, and record everything.

import { EnsembleHistory, type LoadOperation } from './ensemble-history.ts'
import { RawClient, type RawReply, RawReplyError, SessionRefusedError } from './raw-client.ts'
import { RawErrorName, RawOp, readStat } from './raw-records.ts'

const HOST = '127.0.0.1'
const RETRY_MS = 15
/** A server that does not answer this long is as good as gone for a client. */
const ANSWER_MS = 8000
const SHARED_NODES = 6
/** Own nodes that a writer keeps before it deletes the oldest. */
const OWN_NODES_MAX = 40

export interface LoadOptions {
  /** Client ports of the servers to move between. */
  readonly ports: readonly number[]
  readonly writers: number
  readonly sessionTimeoutMs: number
  /** Pause of each writer between two rounds of requests, so that a long run's history stays small. */
  readonly pauseMs?: number
  /** Requests on the way at once, of each writer. */
  readonly window?: number
  /** Uniform in [0, 1). */
  readonly random: () => number
  /**
   * Servers whose sync is not held to its promise. Apache's leader answers the sync of a client of its own before it has applied
   * what a follower may already have acknowledged to another client.
   */
  readonly isSyncWeak?: (port: number) => boolean
}

/** The nodes of the load are below this one. */
export const LOAD_ROOT = '/load'

export class EnsembleLoad {
  readonly history: EnsembleHistory = new EnsembleHistory()
  readonly #writers: Writer[] = []

  /** Creates what the writers share, and starts them. */
  static async start(options: LoadOptions): Promise<EnsembleLoad> {
    const load = new EnsembleLoad()
    const [port = 0] = options.ports
    const client = await RawClient.connect(HOST, port, { timeoutMs: options.sessionTimeoutMs })
    await client.create(LOAD_ROOT, '')
    for (let i = 0; i < SHARED_NODES; i++) await client.create(sharedPath(i), '')
    await client.close()
    load.history.restartGap()
    for (let i = 0; i < options.writers; i++) load.#writers.push(new Writer(i, load.history, options))
    return load
  }

  /** How many writes of each writer were acknowledged so far. */
  get progress(): number[] {
    return this.#writers.map(({ acknowledged }) => acknowledged)
  }

  /** Waits until every writer has had `count` more writes acknowledged. */
  async untilMore(count: number, timeoutMs = 60_000): Promise<void> {
    const before = this.progress
    const deadlineMs = performance.now() + timeoutMs
    while (this.progress.some((now, index) => now < (before[index] ?? 0) + count)) {
      if (performance.now() > deadlineMs) throw new Error(`not every writer got ${count} writes through within ${timeoutMs} ms`)
      await delay(RETRY_MS)
    }
  }

  /** Ends the writers; what is on the way is waited for. Their sessions are closed. */
  async stop(): Promise<void> {
    await Promise.all(this.#writers.map((writer) => writer.stop()))
  }
}

class Writer {
  acknowledged = 0
  readonly #index: number
  readonly #history: EnsembleHistory
  readonly #options: LoadOptions
  readonly #ended: Promise<void>
  readonly #own: string[] = []
  #client: RawClient | null = null
  /** Of the server that the client is connected with. */
  #port = 0
  #session = -1
  #sessionId = 0n
  #password: Uint8Array | null = null
  #lastZxid = 0
  #sequence = 0
  #isStopping = false

  constructor(index: number, history: EnsembleHistory, options: LoadOptions) {
    this.#index = index
    this.#history = history
    this.#options = options
    this.#ended = this.#run()
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#ended
  }

  async #run(): Promise<void> {
    while (!this.#isStopping) {
      const client = this.#client ?? (await this.#connect())
      if (client === null) continue
      await this.#round(client)
      if (this.#options.pauseMs !== undefined) await delay(this.#options.pauseMs)
    }
    await this.#client?.close().catch(() => this.#client?.destroy())
  }

  async #connect(): Promise<RawClient | null> {
    const { ports, random, sessionTimeoutMs } = this.#options
    const port = ports[Math.floor(random() * ports.length)] ?? 0
    try {
      const client = await RawClient.connect(HOST, port, {
        timeoutMs: sessionTimeoutMs,
        sessionId: this.#sessionId,
        ...(this.#password === null ? {} : { password: this.#password }),
        lastZxidSeen: this.#lastZxid,
        connectTimeoutMs: 2000,
      })
      if (this.#sessionId === 0n) this.#session = this.#history.sessionCount++
      this.#sessionId = client.sessionId
      this.#password = client.password
      this.#client = client
      this.#port = port
      return client
    } catch (error) {
      if (error instanceof SessionRefusedError) {
        this.#history.sessionsLost++
        this.#sessionId = 0n
        this.#password = null
      }
      await delay(RETRY_MS)
      return null
    }
  }

  /** Sends a few requests at once and waits for all of them. */
  async #round(client: RawClient): Promise<void> {
    const requests: Promise<void>[] = []
    for (let i = this.#options.window ?? 4; i > 0; i--) requests.push(this.#request(client))
    // A server that hangs is left, as a client does whose pings are not answered.
    const timer = setTimeout(() => client.destroy(), Math.min(ANSWER_MS, this.#options.sessionTimeoutMs * (2 / 3)))
    await Promise.all(requests)
    clearTimeout(timer)
    this.#lastZxid = Math.max(this.#lastZxid, client.lastZxid)
    if (client.isClosed) this.#client = null
  }

  #request(client: RawClient): Promise<void> {
    const choice = this.#options.random() * 100
    const shared = sharedPath(Math.floor(this.#options.random() * SHARED_NODES))
    if (choice < 40) return this.#set(client, shared)
    if (choice < 55) return this.#create(client)
    if (choice < 65) return this.#createAndSet(client, shared)
    if (choice < 75) return this.#own.length > OWN_NODES_MAX ? this.#delete(client) : this.#create(client)
    if (choice < 92) return this.#read(client, shared, 'read')
    return this.#read(client, shared, 'sync-read')
  }

  #set(client: RawClient, path: string): Promise<void> {
    const operation = this.#record('set', path, this.#nextValue())
    return this.#answered([operation], async () => {
      const stat = await client.setData(path, operation.value)
      operation.version = stat.version
      return stat.mzxid
    })
  }

  #create(client: RawClient): Promise<void> {
    const value = this.#nextValue()
    const operation = this.#record('create', `${LOAD_ROOT}/${value}`, value)
    return this.#answered([operation], async () => {
      const { stat } = await client.create2(operation.path, value)
      this.#own.push(operation.path)
      return stat.czxid
    })
  }

  #createAndSet(client: RawClient, shared: string): Promise<void> {
    const value = this.#nextValue()
    const create = this.#record('create', `${LOAD_ROOT}/${value}`, value)
    const set = this.#record('set', shared, value)
    return this.#answered([create, set], async () => {
      const [, result] = await client.multi([
        { op: 'create', path: create.path, data: value },
        { op: 'setData', path: shared, data: value },
      ])
      if (result?.stat == null) throw new RawReplyError('multi', result?.err ?? 0, 0)
      set.version = result.stat.version
      return result.stat.mzxid
    })
  }

  #delete(client: RawClient): Promise<void> {
    const path = this.#own.shift() ?? LOAD_ROOT
    const operation = this.#record('delete', path, null)
    return this.#answered([operation], async () => {
      const reply = await client.request(RawOp.delete, (writer) => {
        writer.writeString(path)
        writer.writeInt(-1)
      })
      return zxidOf(reply, 'delete')
    })
  }

  #read(client: RawClient, path: string, kind: 'read' | 'sync-read'): Promise<void> {
    const isWeak = this.#options.isSyncWeak?.(this.#port) === true
    const operation = this.#record(isWeak ? 'read' : kind, path, null)
    const synced = kind === 'sync-read' ? client.sync(path) : null
    return this.#answered([operation], async () => {
      // Sent behind the sync at once: a session's requests are answered in their order.
      const request = client.request(RawOp.getData, (writer) => {
        writer.writeString(path)
        writer.writeBoolean(false)
      })
      const [reply] = await Promise.all([request, synced])
      const zxid = zxidOf(reply, 'getData')
      const data = reply.body.readBuffer()
      operation.value = data === null ? null : new TextDecoder().decode(data)
      operation.mzxid = readStat(reply.body).mzxid
      return zxid
    })
  }

  async #answered(operations: readonly LoadOperation[], send: () => Promise<number>): Promise<void> {
    try {
      const zxid = await send()
      for (const operation of operations) this.#history.acknowledged(operation, zxid)
      this.acknowledged += operations.some(({ kind }) => !kind.endsWith('read')) ? 1 : 0
    } catch (error) {
      // An answered error is certain, except that the session is over: then others of its requests may have gone through.
      if (!(error instanceof RawReplyError)) return
      for (const operation of operations) operation.outcome = 'refused'
      if (RawErrorName[error.code] === 'SESSIONEXPIRED') this.#client?.destroy()
    }
  }

  #record(kind: LoadOperation['kind'], path: string, value: string | null): LoadOperation {
    return this.#history.record(this.#session, kind, path, value)
  }

  #nextValue(): string {
    return `w${this.#index}-${this.#sequence++}`
  }
}

/** The zxid of this very reply: others may have come with it. */
function zxidOf({ err, zxid }: RawReply, what: string): number {
  if (err !== 0) throw new RawReplyError(what, err, zxid)
  return zxid
}

function sharedPath(index: number): string {
  return `${LOAD_ROOT}/shared-${index}`
}

function delay(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs))
}
