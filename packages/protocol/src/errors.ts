// Every result code of the protocol, in one table. Codes below -100 are answers of the operation
// itself; those from -1 to -99 say that the system could not try it.

/** A row of the table. */
export interface ErrorEntry {
  readonly code: number
  /** How this project's code spells it. */
  readonly name: string
  /** How Apache's client shows it after `KeeperErrorCode = `. */
  readonly apacheName: string
  /** What happened, in a few words for people. */
  readonly meaning: string
}

const rows = [
  [0, 'OK', 'Ok', 'success'],
  [-1, 'SYSTEM_ERROR', 'SystemError', 'a system error; marks the range, never sent'],
  [-2, 'RUNTIME_INCONSISTENCY', 'RuntimeInconsistency', 'not tried, because an earlier part of the multi failed'],
  [-3, 'DATA_INCONSISTENCY', 'DataInconsistency', 'the data was found to be inconsistent'],
  [-4, 'CONNECTION_LOSS', 'ConnectionLoss', 'the connection was lost; the request may or may not have been carried out'],
  [-5, 'MARSHALLING_ERROR', 'MarshallingError', 'the request could not be understood'],
  [-6, 'UNIMPLEMENTED', 'Unimplemented', 'the server does not do this'],
  [-7, 'OPERATION_TIMEOUT', 'OperationTimeout', 'no answer in time'],
  [-8, 'BAD_ARGUMENTS', 'BadArguments', 'a path, flag or other argument is not allowed'],
  [-12, 'UNKNOWN_SESSION', 'UnknownSession', 'no such session'],
  [-13, 'NEW_CONFIG_NO_QUORUM', 'NewConfigNoQuorum', 'no quorum of the new configuration is connected and up to date'],
  [-14, 'RECONFIG_IN_PROGRESS', 'ReconfigInProgress', 'another reconfiguration is in progress'],
  [-100, 'API_ERROR', 'APIError', 'an error of the operation; marks the range, never sent'],
  [-101, 'NO_NODE', 'NoNode', 'the node does not exist'],
  [-102, 'NO_AUTH', 'NoAuth', 'the access control list does not permit it'],
  [-103, 'BAD_VERSION', 'BadVersion', 'the version is not the one expected'],
  [-108, 'NO_CHILDREN_FOR_EPHEMERALS', 'NoChildrenForEphemerals', 'an ephemeral node cannot have children'],
  [-110, 'NODE_EXISTS', 'NodeExists', 'the node exists already'],
  [-111, 'NOT_EMPTY', 'Directory not empty', 'the node has children'],
  [-112, 'SESSION_EXPIRED', 'Session expired', 'the session has expired'],
  [-113, 'INVALID_CALLBACK', 'Invalid callback', 'the callback is not valid'],
  [-114, 'INVALID_ACL', 'InvalidACL', 'the access control list is not valid'],
  [-115, 'AUTH_FAILED', 'AuthFailed', 'the authentication failed'],
  [-118, 'SESSION_MOVED', 'Session moved', 'the session has moved to another server'],
  [-119, 'NOT_READ_ONLY', 'Not a read-only call', 'the server is read-only for now'],
  [-120, 'EPHEMERAL_ON_LOCAL_SESSION', 'Ephemeral node on local session', 'a local session cannot own ephemeral nodes'],
  [-121, 'NO_WATCHER', 'No such watcher', 'there is no such watch'],
  [-122, 'REQUEST_TIMEOUT', 'RequestTimeout', 'no answer within the request timeout'],
  [-123, 'RECONFIG_DISABLED', 'Reconfig is disabled', 'reconfiguration is switched off'],
  [
    -124,
    'SESSION_CLOSED_REQUIRE_SASL_AUTH',
    'Session closed because client failed to authenticate',
    'the server serves authenticated clients only',
  ],
  [-125, 'QUOTA_EXCEEDED', 'Quota has exceeded', 'it would exceed a quota'],
  [-127, 'THROTTLED_OP', 'Op throttled due to high load', 'the server is overloaded and did not try it'],
] as const

type Row = (typeof rows)[number]

/** Every error, by the name that this project's code uses. */
export const ErrorCode: { readonly [R in Row as R[1]]: R[0] } = Object.fromEntries(rows.map(([code, name]) => [name, code])) as {
  readonly [R in Row as R[1]]: R[0]
}

/** A code that exists. */
export type ErrorCode = Row[0]

/** The name of a code that exists. */
export type ErrorName = Row[1]

/** The whole table, for documentation and for text shown to people. */
export const errorTable: readonly ErrorEntry[] = rows.map(([code, name, apacheName, meaning]) => ({
  code,
  name,
  apacheName,
  meaning,
}))

const entries = new Map(errorTable.map((entry) => [entry.code, entry]))

/** The row of a code, or undefined for a code that nobody assigned. */
export function errorEntry(code: number): ErrorEntry | undefined {
  return entries.get(code)
}

/** The code's name, such as `NO_NODE`, or `UNKNOWN(<code>)`. */
export function errorName(code: number): string {
  return entries.get(code)?.name ?? `UNKNOWN(${code})`
}
