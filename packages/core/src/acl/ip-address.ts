// Internet addresses as text: read into numbers for comparison, written in the one form that
// identities have (dotted decimal, or eight groups of hexadecimal digits without "::").

/** 16-bit groups, the first one first: two for IPv4, eight for IPv6. */
export type IpGroups = readonly number[]

export const IPV4_GROUPS = 2
export const IPV6_GROUPS = 8

/** Reads an IPv4 or IPv6 address, the latter with or without "::"; null if it is none. */
export function parseIpAddress(text: string): IpGroups | null {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text)
}

/**
 * The text that a connection from this address has as its `ip` identity. IPv4 addresses that came in an
 * IPv6 socket are written as IPv4, a zone ("%eth0") is left out. What is no address stays as it is.
 */
export function canonicalIpText(address: string): string {
  const zone = address.indexOf('%')
  const groups = parseIpAddress(zone < 0 ? address : address.slice(0, zone))
  if (groups === null) return address
  if (groups.length === IPV4_GROUPS) return ipv4Text(groups)
  if (isIpv4Mapped(groups)) return ipv4Text(groups.slice(IPV6_GROUPS - IPV4_GROUPS))
  return groups.map((group) => group.toString(16)).join(':')
}

function parseIpv4(text: string): IpGroups | null {
  const parts = text.split('.')
  if (parts.length !== 4) return null
  const bytes: number[] = []
  for (const part of parts) {
    if (!DECIMAL.test(part)) return null
    const byte = Number(part)
    if (byte > 255) return null
    bytes.push(byte)
  }
  const [first = 0, second = 0, third = 0, fourth = 0] = bytes
  return [first * 256 + second, third * 256 + fourth]
}

function parseIpv6(text: string): IpGroups | null {
  const halves = text.split('::')
  if (halves.length > 2) return null
  const [headText = '', tailText = ''] = halves
  const isShortened = halves.length === 2
  const head = parseGroups(headText, !isShortened)
  const tail = parseGroups(tailText, true)
  if (head === null || tail === null) return null
  const missing = IPV6_GROUPS - head.length - tail.length
  if (isShortened) return missing < 1 ? null : [...head, ...new Array<number>(missing).fill(0), ...tail]
  return missing === 0 ? head : null
}

/** Groups between colons, of which the last two can be written as an IPv4 address where the text may end. */
function parseGroups(text: string, mayEndInIpv4: boolean): number[] | null {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (const [index, part] of parts.entries()) {
    if (HEXADECIMAL.test(part)) {
      groups.push(Number.parseInt(part, 16))
      continue
    }
    const ipv4 = mayEndInIpv4 && index === parts.length - 1 ? parseIpv4(part) : null
    if (ipv4 === null) return null
    groups.push(...ipv4)
  }
  return groups
}

/** ::ffff:0:0/96, the place of IPv4 within IPv6. */
function isIpv4Mapped(groups: IpGroups): boolean {
  return groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0)
}

function ipv4Text(groups: IpGroups): string {
  return groups.map((group) => `${group >>> 8}.${group & 255}`).join('.')
}

/** Leading zeros count for nothing (and do not mean octal). */
const DECIMAL = /^0{0,8}[0-9]{1,3}$/
const HEXADECIMAL = /^[0-9a-fA-F]{1,4}$/
