import { type ErrorName, errorEntry } from '@tskeeper/protocol'

/** Codes that the client makes by itself; no server sends them. */
export type ClientErrorCode =
  /** The deadline passed before the answer came. */
  | 'TIMEOUT'
  /** The caller's signal was aborted. */
  | 'ABORTED'
  /** The client has been closed. */
  | 'CLOSED'
  /** The request is longer than servers accept. */
  | 'REQUEST_TOO_LARGE'
  /** A server sent a code that this client does not know; `wireCode` has it. */
  | 'UNKNOWN_ERROR'

/** Codes of the protocol that a client can meet. */
export type WireErrorCode = Exclude<ErrorName, 'OK' | 'SYSTEM_ERROR' | 'API_ERROR'>

/** Every code that a `ZooKeeperError` can have. */
export type ErrorCode = WireErrorCode | ClientErrorCode

/**
 * What kind of trouble it is.
 *
 * - `connection`: the connection was lost, or the answer did not come: `mayHaveBeenApplied` says what is known.
 * - `session`: the session is over (expired, closed, refused): a new client is needed.
 * - `server`: a server answered, and the answer is no.
 * - `usage`: the call itself is wrong, or was taken back: nothing was sent, or nobody waits any more.
 */
export type ErrorCategory = 'connection' | 'session' | 'server' | 'usage'

/** What is known about a failure besides its code. */
export interface ErrorDetails {
  readonly path?: string | null
  readonly wireCode?: number | null
  readonly mayHaveBeenApplied?: boolean
  readonly cause?: unknown
}

/** Marks the class, so that errors are known across two copies of this package. */
const brand = Symbol.for('@tskeeper/client.ZooKeeperError')

/** The one error that this client rejects with. Look at `code`, not at the message. */
export class ZooKeeperError extends Error {
  override readonly name: string = 'ZooKeeperError'
  readonly code: ErrorCode
  /** The number in the protocol, or null for the client's own codes. */
  readonly wireCode: number | null
  /** The node that the operation was about, as the caller spelt it; null when there was none. */
  readonly path: string | null
  readonly category: ErrorCategory
  /** Whether the same call may succeed when it is made again. */
  readonly isRetryable: boolean
  /** For writes: whether the server may have carried it out although there was no good answer. */
  readonly mayHaveBeenApplied: boolean

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.wireCode = details.wireCode ?? null
    this.path = details.path ?? null
    this.category = code === 'BAD_ARGUMENTS' && this.wireCode === null ? 'usage' : categoryOf(code)
    this.isRetryable = isRetryableCode(code)
    this.mayHaveBeenApplied = details.mayHaveBeenApplied ?? false
  }
}

Object.defineProperty(ZooKeeperError.prototype, brand, { value: true })

/** A transaction that was refused: `code` and `path` are those of the part that failed, and nothing of it was carried out. */
export class TransactionError extends ZooKeeperError {
  /** Which part failed, counted from 0. */
  readonly failedIndex: number
  /** The outcome of every part: `OK` before the failed one, `RUNTIME_INCONSISTENCY` (not tried) after it. */
  readonly partCodes: readonly (ErrorCode | 'OK')[]

  constructor(
    code: ErrorCode,
    message: string,
    details: ErrorDetails,
    failedIndex: number,
    partCodes: readonly (ErrorCode | 'OK')[],
  ) {
    super(code, message, details)
    this.failedIndex = failedIndex
    this.partCodes = partCodes
  }
}

/** Whether `error` is a `ZooKeeperError`, and has that code if one is given. */
export function isZooKeeperError(error: unknown, code?: ErrorCode): error is ZooKeeperError {
  if (!(error instanceof Object) || Reflect.get(error, brand) !== true) return false
  return code === undefined || (error as object as ZooKeeperError).code === code
}

/** The name of a code on the wire. */
export function errorCodeOf(wireCode: number): ErrorCode | 'OK' {
  const name = errorEntry(wireCode)?.name as ErrorName | undefined
  return name === undefined || name === 'SYSTEM_ERROR' || name === 'API_ERROR' ? 'UNKNOWN_ERROR' : name
}

/** The error for a server's answer. */
export function errorFromWire(wireCode: number, operation: string, path: string | null): ZooKeeperError {
  const code = errorCodeOf(wireCode)
  const meaning = errorEntry(wireCode)?.meaning ?? `the server answered with the unknown code ${wireCode}`
  const subject = path === null ? operation : `${operation} ${path}`
  return new ZooKeeperError(code === 'OK' ? 'UNKNOWN_ERROR' : code, `${subject}: ${meaning} (${code})`, { wireCode, path })
}

function categoryOf(code: ErrorCode): ErrorCategory {
  switch (code) {
    case 'CONNECTION_LOSS':
    case 'TIMEOUT':
    case 'OPERATION_TIMEOUT':
    case 'REQUEST_TIMEOUT':
      return 'connection'
    case 'SESSION_EXPIRED':
    case 'SESSION_MOVED':
    case 'UNKNOWN_SESSION':
    case 'AUTH_FAILED':
    case 'SESSION_CLOSED_REQUIRE_SASL_AUTH':
    case 'CLOSED':
      return 'session'
    case 'ABORTED':
    case 'REQUEST_TOO_LARGE':
      return 'usage'
    default:
      return 'server'
  }
}

function isRetryableCode(code: ErrorCode): boolean {
  switch (code) {
    case 'CONNECTION_LOSS':
    case 'TIMEOUT':
    case 'OPERATION_TIMEOUT':
    case 'REQUEST_TIMEOUT':
    case 'THROTTLED_OP':
    case 'NOT_READ_ONLY':
    case 'SESSION_MOVED':
    case 'RECONFIG_IN_PROGRESS':
    case 'NEW_CONFIG_NO_QUORUM':
      return true
    default:
      return false
  }
}
