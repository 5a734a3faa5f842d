import { FRAME_LENGTH_MAX_DEFAULT, PASSWORD_LENGTH } from '@tskeeper/protocol'
import { ZooKeeperError } from '../errors.ts'
import { type Logger, silentLogger } from '../logger.ts'
import type { AuthCredentials, ClientOptions, SessionCredentials } from '../options.ts'
import { type RetryPolicy, retries } from '../retry.ts'
import type { ClientRuntime } from '../runtime/runtime.ts'
import type { SaslMechanism } from '../sasl.ts'
import type { TlsOptions } from '../transport/tls-options.ts'

const SESSION_TIMEOUT_MS = 30_000
/**
 * Replies may be longer than requests: a node's children come in one frame however many they are. The limit is there so
 * that four wrong bytes do not make the client wait for gigabytes.
 */
const REPLY_BYTES_MAX = 64 * 1024 * 1024

/** The options of a client with every default filled in. */
export interface SessionSettings {
  readonly runtime: ClientRuntime
  readonly logger: Logger
  readonly sessionTimeoutMs: number
  readonly connectTimeoutMs: number | null
  readonly readOnly: boolean
  readonly session: SessionCredentials | null
  readonly auth: readonly AuthCredentials[]
  readonly sasl: SaslMechanism | null
  readonly retry: RetryPolicy
  readonly maxPacketBytes: number
  readonly maxReplyBytes: number
  readonly requestTimeoutMs: number | null
  readonly renewSession: boolean
  readonly tls: TlsOptions | null
}

/** Checks the options and fills in the defaults. Throws a `BAD_ARGUMENTS` error that names the option. */
export function settingsFrom(options: ClientOptions, runtime: ClientRuntime): SessionSettings {
  const { session } = options
  if (session !== undefined && session.password.length !== PASSWORD_LENGTH) {
    throw new ZooKeeperError('BAD_ARGUMENTS', `session.password has ${session.password.length} bytes and not ${PASSWORD_LENGTH}`)
  }
  return {
    runtime,
    logger: options.logger ?? silentLogger,
    sessionTimeoutMs: positive('sessionTimeoutMs', options.sessionTimeoutMs ?? SESSION_TIMEOUT_MS),
    connectTimeoutMs: optionalPositive('connectTimeoutMs', options.connectTimeoutMs),
    readOnly: options.readOnly ?? false,
    session: session === undefined ? null : { id: session.id, password: Uint8Array.from(session.password) },
    auth: options.auth ?? [],
    sasl: options.sasl ?? null,
    retry: options.retry ?? retries.none,
    maxPacketBytes: positive('maxPacketBytes', options.maxPacketBytes ?? FRAME_LENGTH_MAX_DEFAULT),
    maxReplyBytes: positive('maxReplyBytes', options.maxReplyBytes ?? REPLY_BYTES_MAX),
    requestTimeoutMs: optionalPositive('requestTimeoutMs', options.requestTimeoutMs),
    renewSession: options.renewSession ?? false,
    tls: options.tls ?? null,
  }
}

function optionalPositive(name: string, value: number | undefined): number | null {
  return value === undefined ? null : positive(name, value)
}

function positive(name: string, value: number): number {
  if (Number.isFinite(value) && value > 0 && value <= 0x7fffffff) return value
  throw new ZooKeeperError('BAD_ARGUMENTS', `${name} is ${value}; it must be more than 0 and at most 2147483647`)
}
