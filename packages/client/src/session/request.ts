import type { ByteReader, ByteWriter } from '@tskeeper/protocol'
import { ZooKeeperError } from '../errors.ts'
import type { PersistentWatchMode, WatchFn } from '../watch/watch-event.ts'

/** Which watch an operation leaves when it is asked to. */
export type WatchPlace = 'data' | 'exists' | 'children' | PersistentWatchMode

/** What an operation has to know of a request. */
export interface RequestContent<Body> {
  /** With the chroot. */
  readonly serverPath: string
  readonly body: Body
  readonly watch: WatchFn | null
}

/** An operation of the protocol: how its request is written and its reply read. One object for each kind, shared by all requests. */
export interface Operation<Body, Result> {
  readonly op: number
  /** The protocol's name, for messages. */
  readonly name: string
  /** Whether carrying it out changes something, so that doing it again may do too much. */
  readonly isWrite: boolean
  readonly watchPlace: WatchPlace | null
  /** The result when the server says that there is no such node; undefined when that is an error. */
  readonly resultIfMissing: Result | undefined
  /** Writes what follows the request's header. */
  encode(out: ByteWriter, request: RequestContent<Body>): void
  /** Reads what follows the reply's header. What it throws besides a decode error fails the request alone. */
  decode(input: ByteReader, request: RequestContent<Body>): Result
}

/** How far a request has got. */
export const RequestStatus = {
  /** It waits for a connection: `encoded` has its bytes. */
  waiting: 0,
  /** Its bytes are in a connection's output buffer, or further. */
  written: 1,
  /** Its promise is settled; a reply that still comes is passed over. */
  settled: 2,
} as const
export type RequestStatus = (typeof RequestStatus)[keyof typeof RequestStatus]

/** One request and the promise that waits for it. All have the same shape: there are hundreds of thousands a second. */
export class Request<Body, Result> implements RequestContent<Body> {
  readonly operation: Operation<Body, Result>
  /** As the caller spelt it; null for operations without one. */
  readonly path: string | null
  /** With the chroot. */
  readonly serverPath: string
  readonly body: Body
  readonly watch: WatchFn | null
  private readonly resolve: (result: Result) => void
  private readonly reject: (error: ZooKeeperError) => void
  xid = 0
  status: RequestStatus = RequestStatus.waiting
  /** What follows the header, while the request waits for a connection. */
  encoded: Uint8Array | null = null
  /** Called once when the promise is settled: takes away timers and listeners. */
  onSettled: ((error: ZooKeeperError | null) => void) | null = null

  constructor(
    operation: Operation<Body, Result>,
    path: string | null,
    serverPath: string,
    body: Body,
    watch: WatchFn | null,
    resolve: (result: Result) => void,
    reject: (error: ZooKeeperError) => void,
  ) {
    this.operation = operation
    this.path = path
    this.serverPath = serverPath
    this.body = body
    this.watch = watch
    this.resolve = resolve
    this.reject = reject
  }

  /** The operation and its path, for messages. */
  get subject(): string {
    return this.path === null ? this.operation.name : `${this.operation.name} ${this.path}`
  }

  succeed(result: Result): void {
    this.status = RequestStatus.settled
    this.encoded = null
    if (this.onSettled !== null) this.onSettled(null)
    this.resolve(result)
  }

  fail(error: ZooKeeperError): void {
    this.status = RequestStatus.settled
    this.encoded = null
    if (this.onSettled !== null) this.onSettled(error)
    this.reject(error)
  }

  /** Fails because nobody will bring an answer; `wasSent` says whether a server may have seen the request. */
  abandon(code: AbandonCode, wasSent: boolean, cause: Error | null): void {
    const mayHaveBeenApplied = wasSent && this.operation.isWrite
    const reason = ABANDON_REASONS[code]
    const message = `${this.subject}: ${reason}${this.outcome(mayHaveBeenApplied)} (${code})`
    this.fail(
      new ZooKeeperError(code, message, {
        path: this.path,
        wireCode: ABANDON_WIRE_CODES[code],
        mayHaveBeenApplied,
        cause: cause ?? undefined,
      }),
    )
  }

  /** What is known of a write; it is of no interest whether a read was carried out. */
  private outcome(mayHaveBeenApplied: boolean): string {
    if (!this.operation.isWrite) return ''
    return mayHaveBeenApplied ? '; it may have been carried out' : '; it was not carried out'
  }

  /** Fails because the caller does not want to wait any longer. */
  giveUp(code: 'TIMEOUT' | 'ABORTED', reason: string, cause: unknown): void {
    const mayHaveBeenApplied = this.status === RequestStatus.written && this.operation.isWrite
    const message = `${this.subject}: ${reason}${this.outcome(mayHaveBeenApplied)} (${code})`
    this.fail(new ZooKeeperError(code, message, { path: this.path, mayHaveBeenApplied, cause }))
  }
}

/** A request of any kind, as queues hold them. */
export type AnyRequest = Request<unknown, unknown>

/** A request that the session makes by itself: without a path, and with callbacks in place of a promise. */
export function ownRequest<Body, Result>(
  operation: Operation<Body, Result>,
  body: Body,
  done: (result: Result) => void,
  failed: (error: ZooKeeperError) => void,
): AnyRequest {
  return new Request(operation, null, '', body, null, done, failed) as unknown as AnyRequest
}

/** Why nobody brings an answer. */
export type AbandonCode = 'CONNECTION_LOSS' | 'SESSION_EXPIRED' | 'AUTH_FAILED' | 'CLOSED'

const ABANDON_REASONS = {
  CONNECTION_LOSS: 'the connection was lost',
  SESSION_EXPIRED: 'the session has expired',
  AUTH_FAILED: 'the server refused the credentials',
  CLOSED: 'the client is closed',
} as const

const ABANDON_WIRE_CODES = { CONNECTION_LOSS: -4, SESSION_EXPIRED: -112, AUTH_FAILED: -115, CLOSED: null } as const
