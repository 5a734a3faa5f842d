// Where a server of this configuration serves clients, found in the order in which Apache's script looks, with its words.

/** What there is to look into. */
export interface ConfigReader {
  /** Keys of the main file; empty when it cannot be read. */
  readonly keys: ReadonlyMap<string, string>
  /** The id in the file `myid`; null when there is none. */
  readonly myId: string | null
  /** Keys of another file; null when it cannot be read. */
  readOther(path: string): ReadonlyMap<string, string> | null
}

/** An address, or null, and the lines that tell how it was found. */
export interface ClientPortSearch {
  readonly lines: readonly string[]
  readonly address: ClientAddress | null
}

/** Where to connect. */
export interface ClientAddress {
  readonly host: string
  readonly port: number
  readonly isSecure: boolean
}

/** Looks in the main file, then by `myid` in the lines of the servers there and in the dynamic file, then for a TLS port. */
export function findClientPort(reader: ConfigReader): ClientPortSearch {
  const lines: string[] = []
  const plain = addressFrom(reader.keys, 'clientPort', false) ?? ownAddress(reader, lines)
  if (plain !== null) return found(lines, plain)
  lines.push('Client port not found. Looking for secureClientPort in the static config.')
  const secure = addressFrom(reader.keys, 'secureClientPort', true)
  if (secure !== null) return found(lines, secure)
  lines.push('Unable to find either secure or unsecure client port in any configs. Terminating.')
  return { lines, address: null }
}

function ownAddress(reader: ConfigReader, lines: string[]): ClientAddress | null {
  if (reader.myId === null) {
    lines.push('myid could not be determined, will not able to locate clientPort in the server configs.')
    return null
  }
  const key = `server.${reader.myId}`
  const inMainFile = addressAfterSemicolon(reader.keys.get(key))
  if (inMainFile !== null) return inMainFile
  lines.push('Client port not found in static config file. Looking in dynamic config file.')
  const dynamicFile = reader.keys.get('dynamicConfigFile')
  const inDynamicFile = dynamicFile === undefined ? null : addressAfterSemicolon(reader.readOther(dynamicFile)?.get(key))
  if (inDynamicFile === null) lines.push('Client port not found in the server configs')
  return inDynamicFile
}

function addressFrom(keys: ReadonlyMap<string, string>, portKey: string, isSecure: boolean): ClientAddress | null {
  const port = portNumber(keys.get(portKey))
  return port === null ? null : { host: keys.get(`${portKey}Address`) || 'localhost', port, isSecure }
}

/** The part of a server's line that is for clients: `[host:]port`. */
function addressAfterSemicolon(line: string | undefined): ClientAddress | null {
  const text = line?.split(';')[1] ?? ''
  const colon = text.lastIndexOf(':')
  const port = portNumber(text.slice(colon + 1))
  if (port === null) return null
  const host = colon < 0 ? 'localhost' : text.slice(0, colon).replace(/^\[|\]$/g, '')
  return { host, port, isSecure: false }
}

function portNumber(text: string | undefined): number | null {
  return text !== undefined && /^\d+$/.test(text) && Number(text) > 0 && Number(text) <= 65535 ? Number(text) : null
}

function found(lines: readonly string[], address: ClientAddress): ClientPortSearch {
  const line = `Client port found: ${address.port}. Client address: ${address.host}. Client SSL: ${address.isSecure}.`
  return { lines: [...lines, line], address }
}
