// Textual forms of IP addresses. Apache prints IPv6 addresses in full, without the `::` abbreviation,
// and configurations are compared as text by its servers, so ours must print the same.

/** True for four decimal numbers with dots. */
export function isIpv4(host: string): boolean {
  const parts = host.split('.')
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255)
}

/** `::1` becomes `0:0:0:0:0:0:0:1`; null when the text is not an IPv6 address. A zone (`%eth0`) is kept. */
export function expandIpv6(text: string): string | null {
  const zoneAt = text.indexOf('%')
  const address = zoneAt < 0 ? text : text.slice(0, zoneAt)
  const zone = zoneAt < 0 ? '' : text.slice(zoneAt)
  const halves = address.split('::')
  if (halves.length > 2) return null
  const head = groups(halves[0] ?? '', halves.length === 1)
  const tail = halves.length === 2 ? groups(halves[1] ?? '', true) : []
  if (head === null || tail === null) return null
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null
  return [...head, ...new Array<string>(missing).fill('0'), ...tail].join(':') + zone
}

/** The 16-bit groups of a part of an address, without leading zeros. The end of an address may be dotted, which gives two. */
function groups(part: string, isEnd: boolean): string[] | null {
  if (part === '') return []
  const result: string[] = []
  const texts = part.split(':')
  for (const [index, text] of texts.entries()) {
    if (isEnd && index === texts.length - 1 && isIpv4(text)) {
      const [a = 0, b = 0, c = 0, d = 0] = text.split('.').map(Number)
      result.push((a * 256 + b).toString(16), (c * 256 + d).toString(16))
    } else if (/^[0-9a-fA-F]{1,4}$/.test(text)) {
      result.push(Number.parseInt(text, 16).toString(16))
    } else return null
  }
  return result
}

/** The host as it stands in an address with a port: IPv6 in full and in brackets. */
export function bracketedHost(host: string): string {
  const expanded = expandIpv6(host)
  return expanded === null ? host : `[${expanded}]`
}

/** True when the text means every address of the machine. */
export function isAnyAddress(host: string): boolean {
  return host === '' || host === '0.0.0.0' || expandIpv6(host) === '0:0:0:0:0:0:0:0'
}
