// The line of one member:
//
//   server.<id>=<host>:<quorumPort>:<electionPort>[:<role>] { "|" the same again } [ ";" [<clientHost>:] <clientPort> ]
//
// Blanks inside the parts are not trimmed and so are mistakes. An IPv6 host stands in brackets. The
// canonical form names the role once, after the last address, and always names the client's host.

import { ConfigError } from './config-error.ts'
import { bracketedHost } from './ip-literal.ts'
import { INTEGER_MAX, INTEGER_MIN, notANumber } from './whole-number.ts'

/** Whether a member votes. */
export type MemberRole = 'participant' | 'observer'

/** One address of a member, for its peers. */
export interface MemberAddress {
  /** Name or IP literal, without brackets, as written. */
  readonly host: string
  readonly quorumPort: number
  readonly electionPort: number
}

/** A server of the ensemble as its line describes it. */
export interface Member {
  readonly id: number
  /** At least one; several only with `multiAddress.enabled`. */
  readonly addresses: readonly MemberAddress[]
  readonly role: MemberRole
  /** Where it serves clients; null when the line does not tell. */
  readonly client: { readonly host: string; readonly port: number } | null
}

const EXAMPLE = 'for example server.1=zoo1.example.org:2888:3888;2181'

/** Reads the value of a `server.<id>` line; throws `ConfigError`. */
export function parseServerLine(id: number, text: string, isMultiAddressEnabled: boolean): Member {
  const parts = text.split(';')
  // A semicolon with nothing after it is the same as none.
  if (parts.length > 2 && parts.slice(2).some((part) => part !== '')) throw malformed(text)
  const [addressList = '', clientText = ''] = parts
  const client = clientText === '' ? null : parseClient(text, clientText)
  const addressTexts = addressList.split('|')
  if (addressTexts.length > 1 && !isMultiAddressEnabled) {
    throw new ConfigError(
      `Multiple address feature is disabled, but multiple addresses were specified for sid ${id}`,
      'set multiAddress.enabled=true on every server, or give one address',
    )
  }
  const parsed = addressTexts.map((address) => parseAddress(id, text, address))
  return { id, addresses: parsed.map(({ address }) => address), role: commonRole(id, parsed), client }
}

/** The line's value in canonical form, as it stands in `/zookeeper/config`. */
export function formatServerLine(member: Member): string {
  const addresses = [...member.addresses].sort(byHost).map((address) => {
    return `${bracketedHost(address.host)}:${address.quorumPort}:${address.electionPort}`
  })
  const client = member.client === null ? '' : `;${bracketedHost(member.client.host)}:${member.client.port}`
  return `${addresses.join('|')}:${member.role}${client}`
}

/** Reads `participant` or `observer` in any case; throws `ConfigError`. */
export function parseRole(text: string): MemberRole {
  const role = text.toLowerCase()
  if (role === 'participant' || role === 'observer') return role
  throw new ConfigError(`Unrecognised peertype: ${text}`, 'a server is a participant or an observer')
}

/** Code point order, which is the same on every machine. Equal hosts are ordered by port so that there is one canonical text. */
function byHost(one: MemberAddress, other: MemberAddress): number {
  if (one.host !== other.host) return one.host < other.host ? -1 : 1
  return one.quorumPort - other.quorumPort || one.electionPort - other.electionPort
}

interface ParsedAddress {
  readonly address: MemberAddress
  readonly role: MemberRole | null
}

function parseAddress(id: number, line: string, text: string): ParsedAddress {
  const [host, quorumText, electionText, roleText, ...rest] = splitHostAndPorts(line, text)
  if (host === undefined || quorumText === undefined || electionText === undefined || rest.length > 0) throw malformed(line)
  const address = { host, quorumPort: parsePort(host, quorumText), electionPort: parsePort(host, electionText) }
  if (address.quorumPort === address.electionPort) {
    throw new ConfigError(
      `Client and election port must be different! Please update the configuration file on server.${id}`,
      `the port for the quorum and the port for the election are both ${quorumText}`,
    )
  }
  return { address, role: roleText === undefined ? null : parseRole(roleText) }
}

function parseClient(line: string, text: string): { host: string; port: number } {
  const [first, second, ...rest] = splitHostAndPorts(line, text)
  if (first === undefined || rest.length > 0) throw malformed(line)
  return second === undefined
    ? { host: '0.0.0.0', port: parsePort('0.0.0.0', first) }
    : { host: first, port: parsePort(first, second) }
}

/** Parts at the colons; what stands in brackets is one part, because it has colons of its own. */
function splitHostAndPorts(line: string, text: string): string[] {
  if (!text.startsWith('[')) return text.split(':')
  const end = text.indexOf(']:')
  if (end >= 0) return [text.slice(1, end), ...text.slice(end + 2).split(':')]
  if (text.endsWith(']')) throw malformed(line)
  throw new ConfigError(
    `${text} starts with '[' but has no matching ']:'`,
    'an IPv6 address stands in brackets, as in [2001:db8::1]:2888:3888',
  )
}

function parsePort(host: string, text: string): number {
  const port = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN
  if (!(port >= INTEGER_MIN && port <= INTEGER_MAX)) {
    throw new ConfigError(
      `Address unresolved: ${host}:${text}`,
      `${notANumber(text)} is where a port should be, a number from 1 to 65535`,
    )
  }
  if (port < 0 || port > 65535) throw new ConfigError(`port out of range:${port}`, 'a port is a number from 1 to 65535')
  return port
}

function commonRole(id: number, parsed: readonly ParsedAddress[]): MemberRole {
  const roles = new Set(parsed.flatMap(({ role }) => (role === null ? [] : [role])))
  if (roles.size > 1) {
    throw new ConfigError(
      `Multiple addresses should have similar roles: ${[...roles].map((role) => role.toUpperCase()).join(' vs ')}`,
      `all addresses of server.${id} must name the same role`,
    )
  }
  return [...roles][0] ?? 'participant'
}

function malformed(line: string): ConfigError {
  return new ConfigError(
    `${line} does not have the form server_config or server_config;client_config where server_config is the pipe separated list of ` +
      'host:port:port or host:port:port:type and client_config is port or host:port',
    EXAMPLE,
  )
}
