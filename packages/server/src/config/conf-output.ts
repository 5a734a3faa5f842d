import { join } from 'node:path'
import { bracketedHost, formatMembership, type Membership } from '@tskeeper/core'
import type { ServerConfig } from './server-config.ts'

/** What the running server adds to its configuration. */
export interface ConfFacts {
  /** Ports as bound, -1 for none. */
  readonly clientPort: number
  readonly secureClientPort: number
  /** Bytes of the files in the two directories. */
  readonly dataDirSize: number
  readonly dataLogSize: number
}

/** The text of the word `conf` for a server of its own: twelve lines. */
export function confOutput(config: ServerConfig, facts: ConfFacts): string {
  return confLines(config, facts, 0).map(withNewline).join('')
}

/** The same for a member of an ensemble, with the membership in force; it ends without a newline, as Apache's does. */
export function ensembleConfOutput(config: ServerConfig, facts: ConfFacts, membership: Membership): string {
  const id = config.myId ?? 0
  const own = membership.members.get(id)
  const ports = (kind: 'quorumPort' | 'electionPort'): string => own?.addresses.map((address) => address[kind]).join('|') ?? ''
  const lines = [
    ...confLines(config, facts, id),
    `initLimit=${config.initLimit}`,
    `syncLimit=${config.syncLimit}`,
    'electionAlg=3',
    `electionPort=${ports('electionPort')}`,
    `quorumPort=${ports('quorumPort')}`,
    `peerType=${config.peerRole === 'participant' ? 0 : 1}`,
    'membership: ',
  ]
  return lines.map(withNewline).join('') + formatMembership(membership)
}

function confLines(config: ServerConfig, facts: ConfFacts, serverId: number): string[] {
  return [
    `clientPort=${facts.clientPort}`,
    `secureClientPort=${facts.secureClientPort}`,
    `dataDir=${join(config.dataDir, 'version-2')}`,
    `dataDirSize=${facts.dataDirSize}`,
    `dataLogDir=${join(config.dataLogDir, 'version-2')}`,
    `dataLogSize=${facts.dataLogSize}`,
    `tickTime=${config.tickTimeMs}`,
    `maxClientCnxns=${config.maxClientCnxns}`,
    `minSessionTimeout=${config.minSessionTimeoutMs}`,
    `maxSessionTimeout=${config.maxSessionTimeoutMs}`,
    `clientPortListenBacklog=${config.clientPortListenBacklog}`,
    `serverId=${serverId}`,
  ]
}

/** The address for people: `0.0.0.0:2181`, `[0:0:0:0:0:0:0:1]:2181`. */
export function describeListener(config: ServerConfig, port: number): string {
  return `${config.clientPortAddress === '' ? '0.0.0.0' : bracketedHost(config.clientPortAddress)}:${port}`
}

function withNewline(line: string): string {
  return `${line}\n`
}
