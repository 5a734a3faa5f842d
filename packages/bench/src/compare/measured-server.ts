import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, HOST, sleep, tryRead } from './loopback.ts'
import { ProcessGroup } from './process-group.ts'
import { residentMb } from './process-sampler.ts'
import { commandFor, type Target } from './target.ts'

/** Lines of the configuration beside those that every server gets. */
export type ExtraConfig = Readonly<Record<string, string | number>>

const START_TIMEOUT_MS = 180000
const POLL_INTERVAL_MS = 3

/** Something that can be loaded: its address, and the processes whose resources are counted. */
export interface LoadedServer {
  readonly name: string
  readonly address: string
  readonly groupId: number
}

/** One server process on the loopback, with a directory and a port of its own. */
export class MeasuredServer implements LoadedServer {
  readonly name: string
  readonly port: number
  private readonly target: Target
  private readonly directory: string
  private group: ProcessGroup | null = null

  private constructor(target: Target, directory: string, port: number) {
    this.name = target.name
    this.target = target
    this.directory = directory
    this.port = port
  }

  static async create(target: Target, directory: string): Promise<MeasuredServer> {
    return new MeasuredServer(target, directory, await freePort())
  }

  get address(): string {
    return `${HOST}:${this.port}`
  }

  get groupId(): number {
    if (this.group === null) throw new Error(`${this.name} is not running`)
    return this.group.id
  }

  /** Removes what earlier runs left. */
  clear(): void {
    rmSync(this.directory, { recursive: true, force: true })
  }

  /** Starts the process; returns the milliseconds until it first answered a read of `path`. */
  async start(extra: ExtraConfig = {}, path = '/'): Promise<number> {
    mkdirSync(this.dataDirectory, { recursive: true })
    const configPath = join(this.directory, 'zoo.cfg')
    writeFileSync(configPath, this.configText(extra))
    const { program, args } = commandFor(this.target, configPath)
    const startedMs = performance.now()
    const group = new ProcessGroup(program, args, this.directory, join(this.directory, 'server.log'))
    this.group = group
    for (;;) {
      const answeredMs = await tryRead(this.port, path)
      if (answeredMs !== null) return answeredMs - startedMs
      if (!group.isRunning) throw new Error(`${this.name} ended instead of serving; its log ends with:\n${group.logTail()}`)
      if (performance.now() - startedMs > START_TIMEOUT_MS) {
        throw new Error(`${this.name} does not serve after ${START_TIMEOUT_MS} ms; its log ends with:\n${group.logTail()}`)
      }
      await sleep(POLL_INTERVAL_MS)
    }
  }

  async stop(): Promise<void> {
    const group = this.group
    this.group = null
    if (group !== null) await group.stop()
  }

  residentMb(): number {
    return residentMb(this.groupId)
  }

  /** Names and sizes in bytes of the snapshots that the server has written. */
  snapshots(): Map<string, number> {
    const folder = join(this.dataDirectory, 'version-2')
    const names = readdirSync(folder).filter((name) => name.startsWith('snapshot.'))
    return new Map(names.map((name) => [name, statSync(join(folder, name)).size]))
  }

  private get dataDirectory(): string {
    return join(this.directory, 'data')
  }

  private configText(extra: ExtraConfig): string {
    const config = {
      dataDir: this.dataDirectory,
      clientPort: this.port,
      clientPortAddress: HOST,
      tickTime: 2000,
      maxClientCnxns: 0,
      'admin.enableServer': 'false',
      '4lw.commands.whitelist': '*',
      ...extra,
    }
    const lines = Object.entries(config).map(([key, value]) => `${key}=${value}\n`)
    return lines.join('')
  }
}
