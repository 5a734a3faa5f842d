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

/** Something that can be loaded: its addresses with commas between, and the processes whose resources are counted. */
export interface LoadedServer {
  readonly name: string
  readonly address: string
  readonly groupIds: readonly number[]
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

  get groupIds(): readonly number[] {
    if (this.group === null) throw new Error(`${this.name} is not running`)
    return [this.group.id]
  }

  /** Removes what earlier runs left. */
  clear(): void {
    rmSync(this.directory, { recursive: true, force: true })
  }

  /** Starts the process; returns the milliseconds until it first answered a read of `path`. */
  async start(extra: ExtraConfig = {}, path = '/'): Promise<number> {
    const startedMs = performance.now()
    this.launch(extra)
    return (await this.untilServing(path)) - startedMs
  }

  /** Starts the process and does not wait for it; with a number it is that member of an ensemble. */
  launch(extra: ExtraConfig, number: number | null = null): void {
    mkdirSync(this.dataDirectory, { recursive: true })
    if (number !== null) writeFileSync(join(this.dataDirectory, 'myid'), `${number}\n`)
    const configPath = join(this.directory, 'zoo.cfg')
    writeFileSync(configPath, this.configText(extra))
    const { program, args } = commandFor(this.target, configPath)
    this.group = new ProcessGroup(program, args, this.directory, join(this.directory, 'server.log'))
  }

  /** Waits for the first answer to a read of `path`; returns when it came, on the clock of `performance.now`. */
  async untilServing(path = '/'): Promise<number> {
    const group = this.group
    if (group === null) throw new Error(`${this.name} is not running`)
    const startedMs = performance.now()
    for (;;) {
      const answeredMs = await tryRead(this.port, path)
      if (answeredMs !== null) return answeredMs
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

  /** Ends the process as a crash would. */
  async kill(): Promise<void> {
    const group = this.group
    this.group = null
    if (group !== null) await group.kill()
  }

  residentMb(): number {
    return residentMb(this.groupIds)
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
