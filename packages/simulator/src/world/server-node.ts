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
    const sources = { disk: runtime.disk, logger: options.logger, workingDirectory: '/', properties: new Map<string, string>() }
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
    if (!incarnation.isAlive) return
    this.ending = error
    this.die()
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
