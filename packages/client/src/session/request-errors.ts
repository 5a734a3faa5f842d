import { ZooKeeperError } from '../errors.ts'
import type { AnyRequest } from './request.ts'

/** The error for a request that no server would take: they drop the connection of who sends it. */
export function requestTooLarge(request: AnyRequest, length: number, lengthMax: number): ZooKeeperError {
  return new ZooKeeperError(
    'REQUEST_TOO_LARGE',
    `${request.subject}: the request has ${length} bytes and servers accept ${lengthMax} (jute.maxbuffer); it was not sent`,
    { path: request.path },
  )
}

/** The error for arguments of a kind that the protocol has no bytes for: types forbid them, and not every caller has types. */
export function requestUnwritable(request: AnyRequest, cause: unknown): ZooKeeperError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new ZooKeeperError('BAD_ARGUMENTS', `${request.subject}: the arguments cannot be written: ${reason}; it was not sent`, {
    path: request.path,
    cause,
  })
}
