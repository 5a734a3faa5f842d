// What a person reads when an operation failed. The texts are those of the command line of old, which scripts look for.

import { isZooKeeperError, type ZooKeeperError } from '@tskeeper/client'
import { errorTable } from '@tskeeper/protocol'
import { ShellError } from '../shell-error.ts'

/** Texts that name the node; the path stands behind. */
const texts: Readonly<Record<string, string>> = {
  NO_NODE: 'Node does not exist: ',
  NODE_EXISTS: 'Node already exists: ',
  NOT_EMPTY: 'Node not empty: ',
  NO_CHILDREN_FOR_EPHEMERALS: 'Ephemerals cannot have children: ',
  BAD_VERSION: 'version No is not valid : ',
  NO_AUTH: 'Insufficient permission : ',
  INVALID_ACL: 'Acl is not valid : ',
  BAD_ARGUMENTS: 'Arguments are not valid : ',
  NOT_READ_ONLY: 'Not a read-only call: ',
  QUOTA_EXCEEDED: 'Quota has exceeded : ',
}

/** Texts that do not. */
const plainTexts: Readonly<Record<string, string>> = {
  RECONFIG_IN_PROGRESS: 'Another reconfiguration is in progress -- concurrent reconfigs not supported (yet)',
  // The three m are what scripts know.
  NEW_CONFIG_NO_QUORUM:
    'No quorum of new config is connected and up-to-date with the leader of last commmitted config - ' +
    'try invoking reconfiguration after new servers are connected and synced',
  RECONFIG_DISABLED: 'KeeperErrorCode = Reconfig is disabled',
}

/** The error in the shell's words; `path` is used where the error names none. */
export function describeFailure(error: unknown, path: string | null): ShellError {
  return failureAbout(error, isZooKeeperError(error) ? (error.path ?? path) : path)
}

/** The same, told of this path whatever the error names. */
export function failureAbout(error: unknown, path: string | null): ShellError {
  if (error instanceof ShellError) return error
  if (!isZooKeeperError(error)) throw error
  return new ShellError(failureText(error, path), { code: error.code, path, cause: error })
}

/** `KeeperErrorCode = NoNode for /x`. */
export function keeperErrorText(code: string, path: string | null): string {
  const name = errorTable.find((entry) => entry.name === code)?.apacheName ?? code
  return `KeeperErrorCode = ${name}${path === null || path === '' ? '' : ` for ${path}`}`
}

function failureText(error: ZooKeeperError, path: string | null): string {
  const plain = plainTexts[error.code]
  if (plain !== undefined) return plain
  const text = texts[error.code]
  if (text !== undefined) return `${text}${path ?? ''}`
  switch (error.code) {
    case 'TIMEOUT':
    case 'ABORTED':
    case 'REQUEST_TOO_LARGE':
    case 'UNKNOWN_ERROR':
      return error.message
    case 'CLOSED':
      return 'Not connected'
    default:
      return keeperErrorText(error.code, path)
  }
}
