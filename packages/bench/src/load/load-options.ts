import { parseArgs } from 'node:util'
import { numberOption, realFrom, textOption, UsageError, wholeFrom } from '../command-line.ts'
import type { ServerAddress } from './socket-transport.ts'

/** The kinds of load, with what one operation is. */
export const WORKLOADS = {
  get: 'getData of a random key',
  exists: 'exists of a random key',
  set: 'setData of a random key',
  mix: 'getData with the share --read-share, setData otherwise',
  'create-delete': 'a create, or the delete of the node created just before',
  ephemeral: 'the create of an ephemeral node',
  multi: 'a transaction of --multi-size sets',
  children: 'getChildren of a node with --children children',
  'sync-get': 'a sync and a getData, sent together',
  connect: 'a session opened and closed',
  watch: 'a notification: one node watched by every session is set, --operations times',
  load: 'the create of a node that stays; use with --operations and --keep',
} as const

/** The name of a workload. */
export type WorkloadName = keyof typeof WORKLOADS

/** One load, completely described. */
export interface LoadOptions {
  /** Sessions are spread over them, one after the other; the first prepares and inspects the run. */
  readonly servers: readonly ServerAddress[]
  readonly workload: WorkloadName
  readonly connections: number
  readonly window: number
  readonly payloadBytes: number
  readonly durationMs: number
  readonly warmupMs: number
  readonly operations: number | null
  readonly ratePerS: number | null
  readonly readShare: number
  readonly multiSize: number
  readonly childCount: number
  readonly keyCount: number
  readonly seed: number
  /** The node to work below; null makes a fresh name. */
  readonly root: string | null
  readonly keepsNodes: boolean
  readonly isRaw: boolean
  readonly stallMs: number
  readonly sessionTimeoutMs: number
  readonly isQuiet: boolean
}

const DEFAULT_ROUNDS = 5
const RAW_WORKLOADS: readonly WorkloadName[] = ['get', 'exists', 'set', 'mix']

/** What `--help` prints. */
export function loadUsage(): string {
  const workloads = Object.entries(WORKLOADS).map(([name, operation]) => `  ${name.padEnd(14)} ${operation}`)
  return `usage: bench:load --workload NAME [options]

Loads a ZooKeeper server, verifies every reply, prints one JSON object to stdout and a line to stderr.
Exit status: 0 good, 1 usage or no connection, 3 the server broke a promise, 4 it stalled.

Workloads, and what one operation is:
${workloads.join('\n')}

Options:
  --server HOST:PORT,...  the servers that the sessions are spread over (127.0.0.1:2181)
  --connections N         sessions (1)
  --window N              operations outstanding on each (1)
  --payload BYTES         node data: 0, or 16 and more (1024)
  --duration S            measured interval (5), after --warmup S (2)
  --operations N          so many operations instead of an interval; rounds for watch (${DEFAULT_ROUNDS})
  --rate N                open loop: N operations a second are due, latency counts from then
  --read-share F          reads of a mix (0.9)
  --multi-size N          sets of a transaction (10)
  --children N            children of the node that is listed (1000)
  --keys N                nodes that are read and set (1000)
  --seed N                of the choice of keys and of the payloads (1)
  --root PATH             node to work below; must not exist (a fresh name)
  --keep                  leave the nodes there
  --raw                   for servers that answer without looking: prepare nothing, check frames only
  --stall S               fail when no reply comes for so long (30)
  --session-timeout S     to ask for (30)
  --quiet                 no line on stderr`
}

/** Reads the command line of the load generator; throws a `UsageError` that says what is wrong. */
export function parseLoadOptions(argv: readonly string[]): LoadOptions {
  const { values } = parse(argv)
  const workload = workloadNamed(textOption(values, 'workload', null))
  const isRaw = values['raw'] === true
  if (isRaw && !RAW_WORKLOADS.includes(workload)) throw new UsageError(`--raw works with ${RAW_WORKLOADS.join(', ')} only`)
  const payloadBytes = numberOption(values, 'payload', 1024, wholeFrom(0))
  if (payloadBytes > 0 && payloadBytes < 16) {
    throw new UsageError(`--payload ${payloadBytes}: 0, or at least 16 bytes, so that they can be checked`)
  }
  const operations = numberOption(values, 'operations', workload === 'watch' ? DEFAULT_ROUNDS : null, wholeFrom(1))
  if (workload === 'load' && operations === null) throw new UsageError('--workload load needs --operations')
  const ratePerS = numberOption(values, 'rate', null, realFrom(0.001))
  if (ratePerS !== null && (workload === 'watch' || workload === 'connect')) {
    throw new UsageError(`--rate does not apply to --workload ${workload}`)
  }
  const root = textOption(values, 'root', null)
  if (root !== null && !/^\/[\x21-\x7e]*[^/]$/.test(root))
    throw new UsageError(`--root ${root}: an absolute path in ASCII is expected`)
  return {
    servers: textOption(values, 'server', '127.0.0.1:2181').split(',').map(parseAddress),
    workload,
    connections: numberOption(values, 'connections', 1, wholeFrom(1)),
    window: numberOption(values, 'window', 1, wholeFrom(1)),
    payloadBytes,
    durationMs: numberOption(values, 'duration', 5, realFrom(0.01)) * 1000,
    warmupMs: operations === null ? numberOption(values, 'warmup', 2, realFrom(0)) * 1000 : 0,
    operations,
    ratePerS,
    readShare: numberOption(values, 'read-share', 0.9, { min: 0, max: 1, isInteger: false }),
    multiSize: numberOption(values, 'multi-size', 10, { min: 1, max: 1000, isInteger: true }),
    childCount: numberOption(values, 'children', 1000, { min: 1, max: 90000, isInteger: true }),
    keyCount: numberOption(values, 'keys', 1000, { min: 1, max: 1000000, isInteger: true }),
    seed: numberOption(values, 'seed', 1, { min: 0, max: 0x7fffffff, isInteger: true }),
    root,
    keepsNodes: values['keep'] === true,
    isRaw,
    stallMs: numberOption(values, 'stall', 30, realFrom(0.01)) * 1000,
    sessionTimeoutMs: numberOption(values, 'session-timeout', 30, realFrom(1)) * 1000,
    isQuiet: values['quiet'] === true,
  }
}

function parse(argv: readonly string[]): { values: Record<string, string | boolean | undefined> } {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  try {
    return parseArgs({
      args: [...argv],
      options: {
        server: text,
        workload: text,
        connections: text,
        window: text,
        payload: text,
        duration: text,
        warmup: text,
        operations: text,
        rate: text,
        'read-share': text,
        'multi-size': text,
        children: text,
        keys: text,
        seed: text,
        root: text,
        keep: flag,
        raw: flag,
        stall: text,
        'session-timeout': text,
        quiet: flag,
      },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function workloadNamed(name: string | null): WorkloadName {
  if (name === null) throw new UsageError('--workload is missing')
  if (!Object.hasOwn(WORKLOADS, name)) {
    throw new UsageError(`--workload ${name}: one of ${Object.keys(WORKLOADS).join(', ')} is expected`)
  }
  return name as WorkloadName
}

/** Reads `host:port`, an IPv6 address in brackets; throws a `UsageError` that says what is wrong. */
export function parseAddress(text: string): ServerAddress {
  const match = /^(.+):(\d{1,5})$/.exec(text)
  const port = Number(match?.[2])
  if (match === null || port < 1 || port > 65535) throw new UsageError(`--server ${text}: HOST:PORT is expected`)
  return { host: (match[1] as string).replace(/^\[(.*)\]$/, '$1'), port }
}
