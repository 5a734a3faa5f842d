// A machine with a server on it, which can be started, crashed, paused and stopped. The server is the real one; what it
// lives in is the world's.

import {
  configFromProperties,
  type Logger,
  loadConfig,
  type RunningServer,
  type ServerConfig,
  startServer,
} from '@tskeeper/server'
import { Machine } from './machine.ts'
import { MachineDisk } from './machine-disk.ts'
import { machineRuntime } from './machine-runtime.ts'
import type { VirtualNetwork } from './virtual-network.ts'
import type { World } from './world.ts'

/** Where the server's files are on its disk. */
const DATA_DIRECTORY = '/data'
const CONFIG_DIRECTORY = '/conf'
const CONFIG_PATH = `${CONFIG_DIRECTORY}/zoo.cfg`
export const CLIENT_PORT = 2181

export interface ServerNodeOptions {
  readonly id: number
  /** Keys of zoo.cfg; the data directory, the client port and the id are added. */
  readonly properties: ReadonlyMap<string, string>
  /** System properties, with their full names. */
  readonly systemProperties: ReadonlyMap<string, string>
  /** The properties are in a file on its disk, which the server may change. */
  readonly hasConfigFile: boolean
  /** False for a server that stands alone: it needs no file `myid`. */
  readonly hasId: boolean
  readonly logger: Logger
}

export class ServerNode {
  readonly id: number
  readonly machine: Machine
  readonly disk: MachineDisk
  server: RunningServer | null = null
  /** Why the server ended by itself, for example for a disk that failed. */
  ending: Error | null = null
  /** The power is about to fail in the middle of a change of the disk. */
  onCrashInWrite: () => void = () => {}
  /** Changes of the disk before the power fails, -1 for no such thing. */
  private changesToCrash = -1
  private readonly network: VirtualNetwork
  private readonly options: ServerNodeOptions

  constructor(world: World, network: VirtualNetwork, options: ServerNodeOptions) {
    this.id = options.id
    this.network = network
    this.options = options
    this.machine = new Machine(world, `server ${options.id}`, serverAddress(options.id))
    this.disk = new MachineDisk(this.machine)
    network.addMachine(this.machine)
    const { disk } = this.disk
    disk.onChange = () => this.changing()
    disk.makeDirectory(DATA_DIRECTORY)
    disk.syncDirectory('/')
    if (options.hasId) this.putFile(DATA_DIRECTORY, `${DATA_DIRECTORY}/myid`, `${options.id}\n`)
    if (options.hasConfigFile) this.putConfigFile()
  }

  private putConfigFile(): void {
    const lines = [...this.properties()].map(([key, value]) => `${key}=${value}\n`)
    this.disk.disk.makeDirectory(CONFIG_DIRECTORY)
    this.disk.disk.syncDirectory('/')
    this.putFile(CONFIG_DIRECTORY, CONFIG_PATH, lines.join(''))
  }

  /** The server does not start because its configuration does not name it any more, as after it has left. */
  get isOutsider(): boolean {
    return this.options.hasConfigFile && /not in the peer list/.test(String(this.ending?.message))
  }

  /**
   * Gives it the configuration of the beginning again, as an operator does who wants a server back that has left. False if its disk
   * does not take that now.
   */
  restoreConfigFile(): boolean {
    const { disk } = this.disk
    // It is the operator who writes here, whichever process acted last.
    this.machine.world.active = null
    // A power failure that is to come in what the server does waits for the server.
    const { changesToCrash } = this
    this.changesToCrash = -1
    try {
      for (const name of disk.list(CONFIG_DIRECTORY)) disk.remove(`${CONFIG_DIRECTORY}/${name}`)
      this.putConfigFile()
      return true
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'DiskError') throw error
      return false
    } finally {
      this.changesToCrash = changesToCrash
    }
  }

  private properties(): Map<string, string> {
    const { properties, hasConfigFile } = this.options
    const all = new Map([...properties, ['dataDir', DATA_DIRECTORY]])
    // A file that may be rewritten has the client's port in the server's line.
    return hasConfigFile ? all : all.set('clientPort', `${CLIENT_PORT}`)
  }

  private putFile(directory: string, path: string, text: string): void {
    const { disk } = this.disk
    disk.writeFile(path, new TextEncoder().encode(text))
    const file = disk.open(path, 'update')
    file.datasyncNow()
    file.close()
    disk.syncDirectory(directory)
  }

  /** Starts the server; it serves some time later, unless something hinders it. */
  start(): void {
    const { machine, options } = this
    const incarnation = machine.boot()
    const runtime = machineRuntime(machine, this.network, this.disk.disk)
    this.ending = null
    const sources = { disk: runtime.disk, logger: options.logger, workingDirectory: '/', properties: options.systemProperties }
    const { logger } = options
    this.load(sources)
      .then((config) => startServer(config, { runtime, logger }))
      .then(
        (server) => {
          if (!incarnation.isAlive) return
          this.server = server
          void server.closed.then((error) => this.ended(error, incarnation))
        },
        (error: unknown) => this.ended(error instanceof Error ? error : new Error(String(error)), incarnation),
      )
  }

  private async load(sources: Parameters<typeof loadConfig>[1]): Promise<ServerConfig> {
    return this.options.hasConfigFile ? loadConfig(CONFIG_PATH, sources) : configFromProperties(this.properties(), sources)
  }

  private ended(error: Error | null, incarnation: { isAlive: boolean }): void {
    if (incarnation.isAlive) this.fail(error)
  }

  /** The process ends by itself, null for having been told to. */
  fail(error: Error | null): void {
    this.ending = error
    this.die()
  }

  /** Ends the process as an operator does. */
  stop(): void {
    const { server, machine } = this
    if (server === null || !machine.isUp) return
    const { incarnation } = machine
    machine.deliver(incarnation, () => {
      server.stop().catch((error: unknown) => this.ended(error instanceof Error ? error : new Error(String(error)), incarnation))
    })
  }

  /** The power fails at the `count`-th change of the disk from now on; 0 is the next. */
  crashInWrite(count: number): void {
    this.changesToCrash = count
  }

  /** What was to happen in a write does not happen any more. */
  calm(): void {
    this.changesToCrash = -1
  }

  private changing(): void {
    const { active } = this.machine.world
    // A process that died in the middle of an event stumbles on, but writes nothing.
    if (active !== null && !active.isAlive) throw new Error('the machine is off')
    if (this.changesToCrash < 0 || this.changesToCrash-- > 0) return
    this.onCrashInWrite()
    this.crash()
    throw new Error('the machine is off')
  }

  /** The power fails. */
  crash(): void {
    if (!this.machine.isUp) return
    this.die()
    this.disk.crash()
  }

  /** The process is killed; what it wrote stays with the system. */
  killProcess(): void {
    if (this.machine.isUp) this.die()
  }

  private die(): void {
    this.machine.kill()
    this.network.crashed(this.machine)
    this.server = null
  }
}

export function serverAddress(id: number): string {
  return `10.0.0.${id}`
}
