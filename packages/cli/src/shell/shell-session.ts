// The client that the shell's commands use, replaced by another one at each `connect`, and what the shell tells of it.

import {
  type ClientOptions,
  type ClientState,
  type Logger,
  silentLogger,
  type WatchEvent,
  type WatchFn,
  ZooKeeper,
} from '@tskeeper/client'
import { serverCount } from './shell-arguments.ts'
import { ShellError } from './shell-error.ts'

/** A server that does not answer keeps nobody longer who wants to leave; the session then ends with its time-out. */
const CLOSE_TIMEOUT_MS = 5_000

/** An event as it is printed: of the session, with type None and no path, or of a node. */
export interface ShownEvent {
  readonly state: string
  readonly type: string
  readonly path: string | null
  /** -1 where there is none. */
  readonly zxid: bigint
}

export interface ShellSessionOptions {
  readonly servers: string
  readonly client: ClientOptions
  /** How long a command waits for a connection. */
  readonly patienceMs: number
  readonly onEvent: (event: ShownEvent) => void
  /** The state or the servers have changed: the prompt has to say so. */
  readonly onChange: () => void
}

/** Names of states in the prompt. */
const promptStates: Readonly<Record<ClientState, string>> = {
  connecting: 'CONNECTING',
  connected: 'CONNECTED',
  'connected-read-only': 'CONNECTEDREADONLY',
  suspended: 'CONNECTING',
  expired: 'CLOSED',
  'auth-failed': 'AUTH_FAILED',
  closed: 'CLOSED',
}

/** Names of states in events; a client that connects has none to tell. */
const eventStates: Readonly<Record<ClientState, string | null>> = {
  connecting: null,
  connected: 'SyncConnected',
  'connected-read-only': 'ConnectedReadOnly',
  suspended: 'Disconnected',
  expired: 'Expired',
  'auth-failed': 'AuthFailed',
  closed: 'Closed',
}

const eventTypes: Readonly<Record<WatchEvent['type'], string | null>> = {
  created: 'NodeCreated',
  deleted: 'NodeDeleted',
  changed: 'NodeDataChanged',
  children: 'NodeChildrenChanged',
  'data-watch-removed': 'DataWatchRemoved',
  'child-watch-removed': 'ChildWatchRemoved',
  'persistent-watch-removed': 'PersistentWatchRemoved',
  // The events of the session tell these.
  gap: null,
  none: null,
}

export class ShellSession {
  readonly #options: ShellSessionOptions
  #servers: string
  #client: ZooKeeper | null = null
  #stopListening: () => void = () => undefined
  /** Attempts to connect that failed since the last good one. */
  #failedAttempts = 0
  /** Which server refused last, and how. */
  #lastFailure: string | null = null
  /** Called when something changed that `ready` waits for. */
  readonly #waiters = new Set<() => void>()

  constructor(options: ShellSessionOptions) {
    this.#options = options
    this.#servers = options.servers
  }

  /** The connect string, as the prompt shows it. */
  get servers(): string {
    return this.#servers
  }

  /** The state as the prompt shows it. */
  get promptState(): string {
    return this.#client === null ? 'NOT_CONNECTED' : promptStates[this.#client.state]
  }

  /** Whether there is a session, or may be one soon. */
  get isAlive(): boolean {
    const state = this.#client?.state
    return state !== undefined && state !== 'closed' && state !== 'expired' && state !== 'auth-failed'
  }

  get client(): ZooKeeper {
    if (this.#client === null) throw new ShellError('Not connected', { code: 'CLOSED' })
    return this.#client
  }

  /** The one callback of all watches. */
  readonly watcher: WatchFn = (event) => {
    const type = eventTypes[event.type]
    if (type === null) return
    const state = eventStates[event.state] ?? 'SyncConnected'
    this.#options.onEvent({ state, type, path: event.path, zxid: event.zxid ?? -1n })
  }

  /** Begins a new session, on other servers if some are named; the one before is closed. */
  async open(servers: string = this.#servers): Promise<void> {
    const logger = attemptLogger((failure) => {
      this.#failedAttempts++
      this.#lastFailure = failure
      this.#wake()
    })
    const client = this.#make(servers, logger)
    await this.close()
    this.#stopListening()
    this.#servers = servers
    this.#client = client
    this.#failedAttempts = 0
    this.#lastFailure = null
    this.#stopListening = client.on('state', ({ state }) => this.#stateChanged(client, state))
    // How it ends is told by the states.
    client.connect().catch(() => undefined)
    this.#options.onChange()
  }

  /** Ends the session, if there is one. */
  async close(): Promise<void> {
    if (this.#client === null || !this.isAlive) return
    await this.#client.close({ deadlineMs: Math.min(CLOSE_TIMEOUT_MS, this.#options.patienceMs) })
    // The event of the end is told in a turn of its own.
    await Promise.resolve()
  }

  /** Waits for a connection. Gives up when every server has refused one, or after the patience of this shell. */
  async ready(path: string | null, signal: AbortSignal): Promise<void> {
    this.#failedAttempts = 0
    const servers = serverCount(this.#servers)
    await this.#waitForConnection(path, signal, () => this.#failedAttempts >= servers)
  }

  /** Waits for a connection, however often servers refuse, for as long as this shell is patient. */
  async waitForConnection(signal: AbortSignal): Promise<void> {
    await this.#waitForConnection(null, signal, () => false)
  }

  /** Another client, of other servers, with the same settings. Gives up when every one of them has refused. */
  async connectTo(servers: string, signal: AbortSignal): Promise<ZooKeeper> {
    const refused = new AbortController()
    let reason = 'no answer'
    let failedAttempts = 0
    const logger = attemptLogger((failure) => {
      reason = failure
      failedAttempts++
      if (failedAttempts >= serverCount(servers)) refused.abort()
    })
    const client = this.#make(servers, logger)
    try {
      return await client.connect({ signal: AbortSignal.any([signal, refused.signal]), deadlineMs: this.#options.patienceMs })
    } catch (error) {
      await client.close()
      throw new ShellError(`${servers} cannot be reached: ${reason}`, { code: 'CONNECTION_LOSS', cause: error })
    }
  }

  #make(servers: string, logger: Logger): ZooKeeper {
    try {
      return new ZooKeeper(servers, { ...this.#options.client, logger })
    } catch (error) {
      throw new ShellError(error instanceof Error ? error.message : String(error), { code: 'BAD_ARGUMENTS', cause: error })
    }
  }

  #stateChanged(client: ZooKeeper, state: ClientState): void {
    if (client !== this.#client) return
    const name = eventStates[state]
    if (name !== null) this.#options.onEvent({ state: name, type: 'None', path: null, zxid: -1n })
    this.#options.onChange()
    this.#wake()
  }

  async #waitForConnection(path: string | null, signal: AbortSignal, isHopeless: () => boolean): Promise<void> {
    const lost = (): ShellError => connectionLoss(path, this.#lastFailure)
    const isConnected = (): boolean => this.promptState === 'CONNECTED' || this.promptState === 'CONNECTEDREADONLY'
    if (isConnected()) return
    await new Promise<void>((resolve, reject) => {
      const settle = (error: Error | null): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', check)
        this.#waiters.delete(check)
        if (error === null) resolve()
        else reject(error)
      }
      const check = (): void => {
        if (isConnected()) settle(null)
        else if (!this.isAlive || isHopeless()) settle(lost())
        else if (signal.aborted) settle(new ShellError('taken back', { code: 'ABORTED', path }))
      }
      const timer = setTimeout(() => settle(lost()), this.#options.patienceMs)
      signal.addEventListener('abort', check)
      this.#waiters.add(check)
    })
  }

  #wake(): void {
    for (const waiter of [...this.#waiters]) waiter()
  }
}

/** The client reports each attempt that failed, and each connection that was lost, with the server and the error. */
function attemptLogger(onFailure: (failure: string) => void): Logger {
  return {
    ...silentLogger,
    debug: (_message, fields) => {
      const { error, server } = fields ?? {}
      if (!(error instanceof Error) || typeof server !== 'string') return
      onFailure(error.message.startsWith(server) ? error.message : `${server}: ${error.message}`)
    },
  }
}

function connectionLoss(path: string | null, hint: string | null): ShellError {
  const subject = path === null ? '' : ` for ${path}`
  return new ShellError(`KeeperErrorCode = ConnectionLoss${subject}`, { code: 'CONNECTION_LOSS', path, hint })
}

/** The block that an event is printed as: `WATCHER::` and the event, each behind an empty line. */
export function eventText(event: ShownEvent): string {
  const { state, type, path, zxid } = event
  return `\nWATCHER::\n\nWatchedEvent state:${state} type:${type} path:${path} zxid: ${zxid}\n`
}
