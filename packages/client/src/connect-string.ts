import { CLIENT_PORT_DEFAULT, validatePath } from '@tskeeper/protocol'
import { ZooKeeperError } from './errors.ts'

/** One server of a connect string. */
export interface HostPort {
  /** A name or an address; IPv6 addresses without their brackets. */
  readonly host: string
  readonly port: number
}

/** What a connect string says. */
export interface ConnectString {
  readonly hosts: readonly HostPort[]
  /** The node that the client takes for the root, or an empty string. */
  readonly chroot: string
}

/**
 * Reads `host1:2181,host2,[::1]:2182/chroot`. The port is 2181 unless given; everything from the first slash is the chroot.
 * Throws a `BAD_ARGUMENTS` error that says which part is wrong.
 */
export function parseConnectString(text: string): ConnectString {
  const slash = text.indexOf('/')
  const chroot = slash < 0 ? '' : text.slice(slash)
  const names = (slash < 0 ? text : text.slice(0, slash)).split(',').map((name) => name.trim())
  const hosts = names.filter((name) => name !== '').map((name) => parseHost(name, text))
  if (hosts.length === 0) throw refusal(text, 'it names no server')
  if (chroot === '' || chroot === '/') return { hosts, chroot: '' }
  const problem = validatePath(chroot)
  if (problem !== null) throw refusal(text, `its chroot is not a valid path: ${problem}`)
  return { hosts, chroot }
}

/** A server as `host:port`, with brackets around IPv6 addresses. */
export function formatHost(server: HostPort): string {
  return server.host.includes(':') ? `[${server.host}]:${server.port}` : `${server.host}:${server.port}`
}

function parseHost(name: string, text: string): HostPort {
  if (name.startsWith('[')) return parseBracketed(name, text)
  const colon = name.indexOf(':')
  if (colon < 0) return { host: name, port: CLIENT_PORT_DEFAULT }
  if (name.indexOf(':', colon + 1) >= 0) throw refusal(text, `IPv6 addresses go in brackets, as [${name}]:2181`)
  if (colon === 0) throw refusal(text, `"${name}" has no host before the port`)
  return { host: name.slice(0, colon), port: parsePort(name.slice(colon + 1), text) }
}

function parseBracketed(name: string, text: string): HostPort {
  const end = name.indexOf(']')
  if (end < 0) throw refusal(text, `"${name}" has no closing bracket`)
  const host = name.slice(1, end)
  const rest = name.slice(end + 1)
  if (host === '') throw refusal(text, `"${name}" has nothing between the brackets`)
  if (rest === '') return { host, port: CLIENT_PORT_DEFAULT }
  if (!rest.startsWith(':')) throw refusal(text, `"${rest}" stands behind the brackets instead of a port`)
  return { host, port: parsePort(rest.slice(1), text) }
}

function parsePort(digits: string, text: string): number {
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : 0
  if (port < 1 || port > 65_535) throw refusal(text, `"${digits}" is not a port from 1 to 65535`)
  return port
}

function refusal(text: string, problem: string): ZooKeeperError {
  return new ZooKeeperError('BAD_ARGUMENTS', `the connect string "${text}" cannot be used: ${problem}`)
}
