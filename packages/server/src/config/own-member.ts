import type { Member } from '@tskeeper/core'
import { StartupError } from '../startup-error.ts'
import type { ServerConfig } from './server-config.ts'

/** The line of the list that describes this server; throws a `StartupError` when the id in `myid` has none. */
export function ownMember(config: ServerConfig): Member {
  const member = config.myId === null ? undefined : config.membership?.members.get(config.myId)
  if (member !== undefined) return member
  const ids = [...(config.membership?.members.keys() ?? [])].join(', ')
  throw new StartupError(`My id ${config.myId} not in the peer list: ${config.dataDir}/myid must hold one of ${ids}`, 1)
}
