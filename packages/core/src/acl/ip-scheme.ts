import type { AclScheme } from './acl-scheme.ts'
import { IPV4_GROUPS, type IpGroups, parseIpAddress } from './ip-address.ts'

/**
 * Where the connection comes from: an ACL's id is an address, or a network as "address/bits". An IPv4
 * network never holds an IPv6 address, nor the other way round. Each connection has an identity of this scheme
 * without asking, so it says nothing about who somebody is and does not stand in for `auth`.
 */
export const ipScheme: AclScheme = {
  name: 'ip',
  countsForAuth: false,
  isValid(id: string): boolean {
    return parseNetwork(id) !== null
  },
  matches(identityId: string, aclId: string): boolean {
    const address = parseIpAddress(identityId)
    const network = parseNetwork(aclId)
    return address !== null && network !== null && contains(network, address)
  },
  displayUser(id: string): string {
    return id
  },
}

interface Network {
  readonly groups: IpGroups
  /** How many leading bits an address must share. */
  readonly bits: number
}

function parseNetwork(text: string): Network | null {
  const slash = text.indexOf('/')
  const groups = parseIpAddress(slash < 0 ? text : text.slice(0, slash))
  if (groups === null) return null
  const bitsMax = groups.length === IPV4_GROUPS ? 32 : 128
  if (slash < 0) return { groups, bits: bitsMax }
  const bitsText = text.slice(slash + 1)
  if (!BITS.test(bitsText)) return null
  const bits = Number(bitsText)
  return bits > bitsMax ? null : { groups, bits }
}

function contains(network: Network, address: IpGroups): boolean {
  if (address.length !== network.groups.length) return false
  let bits = network.bits
  for (let index = 0; bits > 0; index++, bits -= 16) {
    const difference = (network.groups[index] ?? 0) ^ (address[index] ?? 0)
    if (difference >>> Math.max(16 - bits, 0) !== 0) return false
  }
  return true
}

const BITS = /^[0-9]{1,3}$/
