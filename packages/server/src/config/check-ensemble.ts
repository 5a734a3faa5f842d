// What an ensemble needs that a server of its own does not, and what cannot work in one. Found before anything is opened,
// with the line, the port or the file in the message.

import { resolve } from 'node:path'
import { ConfigError, isAnyAddress, type Membership } from '@tskeeper/core'

/** What the checks look at. */
export interface EnsembleFacts {
  readonly membership: Membership
  readonly myId: number | null
  readonly dataDir: string
  readonly initLimit: number
  readonly syncLimit: number
  readonly areExtendedTypesEnabled: boolean
  /** Ports of this server's own listeners for clients, by the key that set them; null is none. */
  readonly clientPorts: Readonly<Record<string, number | null>>
}

/** With TTL nodes, a session id that begins with 255 would be taken for a time to live. */
const EXTENDED_SERVER_ID_MAX = 254

/** Throws `ConfigError` for the first thing that is missing or in the way. */
export function checkEnsemble(facts: EnsembleFacts): void {
  if (facts.initLimit === 0)
    throw new ConfigError('initLimit is not set', 'an ensemble needs it, for example initLimit=10 (ticks)')
  if (facts.syncLimit === 0)
    throw new ConfigError('syncLimit is not set', 'an ensemble needs it, for example syncLimit=5 (ticks)')
  checkId(facts)
  checkPortsOfMembers(facts.membership)
  checkOwnPorts(facts)
}

function checkId({ myId, dataDir, areExtendedTypesEnabled }: EnsembleFacts): void {
  const path = resolve(dataDir, 'myid')
  if (myId === null) {
    throw new ConfigError('myid file is missing', `write the id of this server, the N of its line server.N, into ${path}`)
  }
  if (areExtendedTypesEnabled && myId > EXTENDED_SERVER_ID_MAX) {
    throw new ConfigError(
      `extendedTypesEnabled is true but Server ID of ${myId} is larger than max allowed of ${EXTENDED_SERVER_ID_MAX}`,
      `give this server a smaller id, in ${path} and in its line server.${myId}, or take extendedTypesEnabled away`,
    )
  }
}

/** Two members cannot listen on one port of one host. Names are compared as written; addresses that mean all of a machine are no host. */
function checkPortsOfMembers(membership: Membership): void {
  const users = new Map<string, string>()
  for (const member of membership.members.values()) {
    for (const { host, quorumPort, electionPort } of member.addresses) {
      if (isAnyAddress(host)) continue
      claim(users, host, quorumPort, `the quorum port of server.${member.id}`)
      claim(users, host, electionPort, `the election port of server.${member.id}`)
    }
  }
}

function claim(users: Map<string, string>, host: string, port: number, user: string): void {
  const address = `${host}:${port}`
  const other = users.get(address)
  if (other !== undefined) {
    throw new ConfigError(
      `port ${port} of ${host} is used twice`,
      `it is ${other} and ${user}; servers on one host need ports of their own`,
    )
  }
  users.set(address, user)
}

function checkOwnPorts({ membership, myId, clientPorts }: EnsembleFacts): void {
  const own = myId === null ? undefined : membership.members.get(myId)
  for (const [key, port] of Object.entries(clientPorts)) {
    if (port === null || port === 0) continue
    const clash = own?.addresses.find(({ quorumPort, electionPort }) => port === quorumPort || port === electionPort)
    if (clash === undefined) continue
    const kind = port === clash.quorumPort ? 'quorum' : 'election'
    throw new ConfigError(
      `port ${port} is used twice`,
      `${key} is also the ${kind} port of server.${myId}; clients need a port of their own`,
    )
  }
}
