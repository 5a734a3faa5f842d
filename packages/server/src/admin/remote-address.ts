/**
 * The address of a peer as the outputs write it: `/127.0.0.1:41680`, and for IPv6 all eight groups,
 * `/[0:0:0:0:0:0:0:1]:41680`.
 */
export function remoteAddressText(address: string, port: number): string {
  return address.includes(':') ? `/[${expandIpv6(address)}]:${port}` : `/${address}:${port}`
}

/** All eight groups without leading zeros; a zone (`%eth0`) stays behind them. */
function expandIpv6(address: string): string {
  const zoneStart = address.indexOf('%')
  const bare = zoneStart === -1 ? address : address.slice(0, zoneStart)
  const zone = zoneStart === -1 ? '' : address.slice(zoneStart)
  const [head = '', tail] = bare.split('::')
  const first = groupsOf(head)
  if (tail === undefined) return first.join(':') + zone
  const last = groupsOf(tail)
  const zeros = Array.from({ length: Math.max(0, 8 - first.length - last.length) }, () => '0')
  return [...first, ...zeros, ...last].join(':') + zone
}

function groupsOf(text: string): string[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => (group.includes('.') ? groupsOfIpv4(group) : [group.replace(/^0+(?=.)/, '')]))
}

/** The two groups that an IPv4 address makes at the end of an IPv6 one. */
function groupsOfIpv4(text: string): string[] {
  const [a = 0, b = 0, c = 0, d = 0] = text.split('.').map(Number)
  return [((a << 8) | b).toString(16), ((c << 8) | d).toString(16)]
}
