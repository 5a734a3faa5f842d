/** `npm run bench:client`: our client next to those that npm has, and what it costs in memory and at start. */
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { MeasuredServer } from '../compare/measured-server.ts'
import { killAllGroups } from '../compare/process-group.ts'
import { ratioOf, spreadOf } from '../compare/statistics.ts'
import { parseTarget } from '../compare/target.ts'
import type { ClientKind } from './client-kind.ts'

const run = promisify(execFile)
const HERE = dirname(fileURLToPath(import.meta.url))
const REPOSITORY = join(HERE, '..', '..', '..', '..')
const IMPORTS = 15
const WATCHES = 10_000
const CLIENTS = 1_000
/** The native client is compiled when it is installed. */
const INSTALL_LIMIT_MS = 300_000

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    gets: { type: 'string', default: '200000' },
    window: { type: 'string', default: '1000' },
    /** A directory in which npm's `zookeeper` is installed already. */
    native: { type: 'string' },
  },
})

interface Contender {
  readonly kind: ClientKind
  readonly modules: string
}

async function node(script: string, words: readonly string[], flags: readonly string[] = []): Promise<string> {
  const { stdout } = await run(process.execPath, [...flags, join(HERE, script), ...words], { cwd: HERE })
  return stdout.trim().split('\n').at(-1) ?? ''
}

/** Installs the native client in a directory of its own; null when that does not work here. */
async function installNative(directory: string): Promise<string | null> {
  writeFileSync(join(directory, 'package.json'), '{"private":true}')
  try {
    await run('npm', ['install', 'zookeeper', '--no-audit', '--no-fund'], { cwd: directory, timeout: INSTALL_LIMIT_MS })
    return existsSync(join(directory, 'node_modules', 'zookeeper')) ? directory : null
  } catch (error) {
    console.error(`npm's zookeeper does not install here: ${String(error).split('\n', 1)[0]}`)
    return null
  }
}

/** Whether a client can be loaded and answers at all. */
async function isUsable({ kind, modules }: Contender, address: string): Promise<boolean> {
  try {
    return Number(await node('pipelined-gets.js', [kind, address, modules, '100', '10'])) > 0
  } catch (error) {
    console.error(`${kind} is left out: ${String(error).split('\n').slice(0, 3).join(' ')}`)
    return false
  }
}

/** Gets a second of each client, round after round, so that a drift of the machine meets all of them. */
async function measureGets(contenders: readonly Contender[], address: string): Promise<Map<ClientKind, number[]>> {
  const results = new Map<ClientKind, number[]>(contenders.map(({ kind }) => [kind, []]))
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const { kind, modules } of contenders) {
      const perSecond = Number(await node('pipelined-gets.js', [kind, address, modules, values.gets, values.window]))
      results.get(kind)?.push(perSecond)
    }
  }
  return results
}

function printGets(results: ReadonlyMap<ClientKind, readonly number[]>): void {
  console.log(
    `pipelined gets of 100 bytes, ${values.window} under way, gets a second (median of ${values.rounds}, lowest to highest):`,
  )
  const ours = results.get('tskeeper') ?? []
  for (const [kind, perSecond] of results) {
    const spread = spreadOf(perSecond)
    if (spread === null) continue
    const ratio = ratioOf(perSecond.map((value, index) => [ours[index] ?? null, value]))
    const whole = (value: number): string => Math.round(value).toLocaleString('en')
    const line = `  ${kind.padEnd(22)} ${whole(spread.median).padStart(9)}  (${whole(spread.min)} to ${whole(spread.max)})`
    console.log(kind === 'tskeeper' || ratio === null ? line : `${line}  tskeeper is ${ratio.median.toFixed(1)} times as fast`)
  }
}

async function printFootprints(address: string): Promise<void> {
  for (const [what, count] of [
    ['watches', WATCHES],
    ['clients', CLIENTS],
  ] as const) {
    const printed = await node('footprint.js', [what, address, String(count)], ['--expose-gc'])
    const { heap, resident } = JSON.parse(printed) as { heap: number; resident: number }
    const name = what === 'watches' ? 'armed watches' : 'idle clients'
    const mebibytes = (bytes: number): string => ((bytes * count) / 2 ** 20).toFixed(1)
    console.log(
      `${count.toLocaleString('en')} ${name}: ${mebibytes(heap)} MiB of heap and buffers (${Math.round(heap)} bytes each), ${mebibytes(resident)} MiB resident`,
    )
  }
}

async function printImportTime(): Promise<void> {
  const times: number[] = []
  for (let round = 0; round < IMPORTS; round++) times.push(Number(await node('import-time.js', [])))
  const spread = spreadOf(times)
  if (spread !== null)
    console.log(
      `import of @tskeeper/client: ${spread.median.toFixed(1)} ms (median of ${IMPORTS}, ${spread.min.toFixed(1)} to ${spread.max.toFixed(1)})`,
    )
}

async function main(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'tskeeper-bench-client-'))
  try {
    const native = values.native ?? (await installNative(directory))
    const server = await MeasuredServer.create(parseTarget('ours'), join(directory, 'server'))
    await server.start({ maxClientCnxns: 0 })
    const contenders: Contender[] = []
    for (const contender of [
      { kind: 'tskeeper', modules: REPOSITORY },
      { kind: 'node-zookeeper-client', modules: REPOSITORY },
      ...(native === null ? [] : [{ kind: 'zookeeper', modules: native } as const]),
    ] as const) {
      if (await isUsable(contender, server.address)) contenders.push(contender)
    }
    printGets(await measureGets(contenders, server.address))
    await printFootprints(server.address)
    await printImportTime()
  } finally {
    killAllGroups()
    rmSync(directory, { recursive: true, force: true })
  }
}

await main()
