// The public surface without a platform: whoever imports this passes a `runtime`.

export { type Acl, CREATOR_ALL_ACL, OPEN_ACL, Perm, READ_ACL } from '@tskeeper/protocol'
export { whenAborted } from './abort-listeners.ts'
export { type DataInput, decodeJson, decodeText, encodeJson, encodeText } from './data.ts'
export {
  type ErrorCategory,
  type ErrorCode,
  isZooKeeperError,
  TransactionError,
  ZooKeeperError,
} from './errors.ts'
export { type LogFields, type Logger, silentLogger } from './logger.ts'
export type * from './options.ts'
export type * from './results.ts'
export { type BoundedRetryOptions, type RetryPolicy, retries } from './retry.ts'
export type * from './runtime/runtime.ts'
export type { SaslMechanism } from './sasl.ts'
export type { ConnectOptions } from './session/until-connected.ts'
export type { Stat } from './stat.ts'
export type { ClientState, StateChange } from './state.ts'
export * from './transaction.ts'
export type { Pem, TlsOptions } from './transport/tls-options.ts'
export type * from './transport/transport.ts'
export type * from './watch/watch-event.ts'
export { connect, ZooKeeper } from './zookeeper.ts'
