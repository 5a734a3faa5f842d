import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import type { Surroundings } from '../surroundings.ts'
import { type ClientAddress, findClientPort } from './client-port-search.ts'
import { configured, type LaunchSettings, readKeys } from './launch-settings.ts'

/** A server that has not answered by then is not there for its clients either. */
const TIMEOUT_MS = 5000

/** Asks the server in which mode it runs; the exit code is that of a health check. */
export async function status(settings: LaunchSettings, surroundings: Surroundings): Promise<number> {
  const search = findClientPort({
    keys: readKeys(settings.configPath) ?? new Map<string, string>(),
    myId: readMyId(configured(settings, 'dataDir')),
    readOther: readKeys,
  })
  for (const line of search.lines) surroundings.out(`${line}\n`)
  if (search.address === null) return 1
  const mode = await askMode(search.address)
  if (mode === null) {
    if (search.address.isSecure) surroundings.out(secureHint(search.address.port))
    surroundings.out('Error contacting service. It is probably not running.\n')
    return 1
  }
  surroundings.out(`${mode}\n`)
  return 0
}

/** The line `Mode: ...` of the answer to `srvr`; null when there is no answer or it has no such line. */
async function askMode(address: ClientAddress): Promise<string | null> {
  const socket = await open(address)
  return new Promise((resolve) => {
    let answer = ''
    socket.setEncoding('utf8')
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy())
    socket.on('error', () => socket.destroy())
    socket.on('data', (text: string) => {
      answer += text
    })
    socket.on('close', () => resolve(answer.split('\n').find((line) => line.startsWith('Mode: ')) ?? null))
    socket.write('srvr')
  })
}

async function open(address: ClientAddress): Promise<Socket> {
  if (!address.isSecure) return connect(address.port, address.host)
  const tls = await import('node:tls')
  return tls.connect({ host: address.host, port: address.port })
}

function readMyId(dataDir: string | null): string | null {
  if (dataDir === null) return null
  try {
    return readFileSync(`${dataDir}/myid`, 'utf8').split('\n', 1)[0]?.trim() || null
  } catch {
    return null
  }
}

function secureHint(port: number): string {
  return [
    '',
    `The configuration has no plain client port, so this command connected to the TLS port ${port}, without success.`,
    'If the server does run, its certificate may not be trusted here: the authority that signed it is',
    'taken from the file that NODE_EXTRA_CA_CERTS names, for example',
    '',
    '  NODE_EXTRA_CA_CERTS=/etc/zookeeper/ca.pem zkServer.sh status',
    '',
    'The settings of Apache for this case, in CLIENT_JVMFLAGS, name Java key stores and are not read.',
    '',
  ]
    .map((line) => `${line}\n`)
    .join('')
}
