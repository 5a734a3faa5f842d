// A machine with a server on it, which can be started, crashed, paused and stopped. The server is the real one; what it
// lives in is the world's.

import { configFromProperties, type Logger, type RunningServer, startServer } from '@tskeeper/server'
import { Machine } from './machine.ts'
import { MachineDisk } from './machine-disk.ts'
import { machineRuntime } from './machine-runtime.ts'
import type { VirtualNetwork } from './virtual-network.ts'
import type { World } from './world.ts'

/** Where the server's files are on its disk. */
const DATA_DIRECTORY = '/data'
export const CLIENT_PORT = 2181

export interface ServerNodeOptions {
  readonly id: number
  /** Keys of zoo.cfg; the data directory, the client port and the id are added. */
  readonly properties: ReadonlyMap<string, string>
  /** System properties, with their full names. */
  readonly systemProperties: ReadonlyMap<string, string>
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
    if (!options.hasId) return
    const path = `${DATA_DIRECTORY}/myid`
    disk.writeFile(path, new TextEncoder().encode(`${options.id}\n`))
    const file = disk.open(path, 'update')
    file.datasyncNow()
    file.close()
    disk.syncDirectory(DATA_DIRECTORY)
  }

  /** Starts the server; it serves some time later, unless something hinders it. */
  start(): void {
    const { machine, options } = this
    const incarnation = machine.boot()
    const runtime = machineRuntime(machine, this.network, this.disk.disk)
    const properties = new Map([...options.properties, ['dataDir', DATA_DIRECTORY], ['clientPort', `${CLIENT_PORT}`]])
    this.ending = null
    const sources = { disk: runtime.disk, logger: options.logger, workingDirectory: '/', properties: options.systemProperties }
    const config = configFromProperties(properties, sources)
    startServer(config, { runtime, logger: options.logger }).then(
      (server) => {
        if (!incarnation.isAlive) return
        this.server = server
        void server.closed.then((error) => this.ended(error, incarnation))
      },
      (error: unknown) => this.ended(error instanceof Error ? error : new Error(String(error)), incarnation),
    )
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
