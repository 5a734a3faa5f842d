// Breaks what the scenario says, and mends it when its time is over.

import type { Fault } from '../scenario/scenario.ts'
import type { Administrator } from '../workload/administrator.ts'
import type { Machine } from '../world/machine.ts'
import type { ServerNode } from '../world/server-node.ts'
import type { VirtualNetwork } from '../world/virtual-network.ts'
import type { World } from '../world/world.ts'
import type { Ensemble } from './ensemble.ts'

export interface FaultParts {
  readonly world: World
  readonly network: VirtualNetwork
  readonly ensemble: Ensemble
  readonly clients: readonly Machine[]
  /** Null where members cannot be changed. */
  readonly administrator: Administrator | null
  readonly note: (who: string, what: string) => void
}

export class Faults {
  private readonly parts: FaultParts

  constructor(parts: FaultParts) {
    this.parts = parts
  }

  schedule(faults: readonly Fault[]): void {
    for (const fault of faults) this.parts.world.after(fault.atMs, () => this.begin(fault))
  }

  /** Everything works again: what is down starts, what is cut is mended. */
  calm(): void {
    const { network, ensemble } = this.parts
    network.mendAll()
    for (const node of ensemble.nodes) {
      node.calm()
      node.disk.disk.clearFaults()
      node.disk.disk.capacityBytes = Number.POSITIVE_INFINITY
      node.disk.pace.syncMaxMs = SYNC_MAX_MS
      node.machine.resume()
      this.restart(node)
    }
  }

  /** Starts what ended by itself, for example for a disk that failed. */
  restart(node: ServerNode): void {
    if (node.machine.isUp) return
    this.parts.note(node.machine.name, node.ending === null ? 'starts' : `starts again; it ended with ${node.ending.message}`)
    if (!node.isOutsider || node.restoreConfigFile()) node.start()
    else this.parts.note(node.machine.name, 'stays down: its disk does not take a configuration')
  }

  private begin(fault: Fault): void {
    this.parts.note('fault', describe(fault))
    const end = this.apply(fault)
    if (end !== null) this.parts.world.after(fault.durationMs, end)
  }

  /** Returns what ends it, null if nothing needs to. */
  private apply(fault: Fault): (() => void) | null {
    const { ensemble, network, clients } = this.parts
    switch (fault.kind) {
      case 'crash':
      case 'kill':
      case 'stop':
      case 'pause':
      case 'crash-in-write':
        return this.trouble(fault, ensemble.node(fault.server))
      case 'blackout':
        for (const node of ensemble.nodes) node.crash()
        return () => {
          for (const node of ensemble.nodes) this.restart(node)
        }
      case 'reconfigure':
        this.parts.administrator?.sendAway(fault.server, fault.becomesObserver)
        return () => this.parts.administrator?.bringBack(fault.server)
      case 'rolling-restart':
        this.restartOneByOne(fault.durationMs)
        return null
      case 'partition':
        return this.partition(fault.servers, fault.isOneWay)
      case 'cut':
        return this.cut(ensemble.node(fault.from).machine, ensemble.node(fault.to).machine, fault.isOneWay)
      case 'cut-client':
        return this.cut(clients[fault.client] as Machine, ensemble.node(fault.server).machine, false)
      case 'reset':
        network.reset(ensemble.node(fault.from).machine.address, ensemble.node(fault.to).machine.address)
        return null
      case 'reset-client':
        for (const node of ensemble.nodes) network.reset((clients[fault.client] as Machine).address, node.machine.address)
        return null
      case 'slow-link':
        return this.slow(ensemble.node(fault.from).machine.address, ensemble.node(fault.to).machine.address, fault.extraMs)
      case 'lag':
        return this.lag(ensemble.node(fault.server), fault.extraMs)
      default:
        return this.machineTrouble(fault, ensemble.node(fault.server))
    }
  }

  private trouble(fault: Fault & { readonly server: number }, node: ServerNode): (() => void) | null {
    const start = (): void => this.restart(node)
    switch (fault.kind) {
      case 'crash':
        node.crash()
        return start
      case 'kill':
        node.killProcess()
        return start
      case 'stop':
        node.stop()
        return start
      case 'pause':
        node.machine.pause()
        return () => node.machine.resume()
      case 'crash-in-write':
        node.onCrashInWrite = () => {
          this.parts.note(node.machine.name, 'the power fails in a write')
          this.parts.world.after(fault.durationMs, start)
        }
        node.crashInWrite(fault.change)
        return null
      default:
        return null
    }
  }

  private machineTrouble(fault: Fault, node: ServerNode): (() => void) | null {
    const { disk, pace } = node.disk
    switch (fault.kind) {
      case 'clock-jump':
        node.machine.wallOffsetMs += fault.jumpMs
        return null
      case 'slow-disk':
        pace.syncMaxMs = fault.syncMs
        return () => {
          pace.syncMaxMs = SYNC_MAX_MS
        }
      case 'failing-disk':
        disk.failNext({ operation: fault.operation, code: 'EIO' })
        return () => {
          disk.clearFaults()
          this.restart(node)
        }
      case 'full-disk':
        disk.capacityBytes = disk.usedBytes() + fault.spareBytes
        return () => {
          disk.capacityBytes = Number.POSITIVE_INFINITY
          this.restart(node)
        }
      default:
        return null
    }
  }

  /** Each server is down for a part of the time. */
  private restartOneByOne(durationMs: number): void {
    const { world, ensemble } = this.parts
    const stepMs = durationMs / ensemble.nodes.length
    for (const [index, node] of ensemble.nodes.entries()) {
      world.after(index * stepMs, () => node.stop())
      world.after((index + 0.8) * stepMs, () => this.restart(node))
    }
  }

  private partition(servers: readonly number[], isOneWay: boolean): () => void {
    const { ensemble } = this.parts
    const ends: (() => void)[] = []
    for (const inside of ensemble.nodes) {
      if (!servers.includes(inside.id)) continue
      for (const outside of ensemble.nodes) {
        if (!servers.includes(outside.id)) ends.push(this.cut(inside.machine, outside.machine, isOneWay))
      }
    }
    return () => {
      for (const end of ends) end()
    }
  }

  private cut(from: Machine, to: Machine, isOneWay: boolean): () => void {
    const { network } = this.parts
    network.cut(from.address, to.address)
    if (!isOneWay) network.cut(to.address, from.address)
    return () => {
      network.mend(from.address, to.address)
      if (!isOneWay) network.mend(to.address, from.address)
    }
  }

  private lag(server: ServerNode, extraMs: number): () => void {
    const ends = this.parts.ensemble.nodes.map((other) => this.slow(other.machine.address, server.machine.address, extraMs))
    return () => {
      for (const end of ends) end()
    }
  }

  private slow(from: string, to: string, extraMs: number): () => void {
    const { network } = this.parts
    network.delay(from, to, extraMs)
    return () => network.delay(from, to, 0)
  }
}

/** How long a sync takes at most while nothing is wrong with the disk. */
const SYNC_MAX_MS = 2

function describe(fault: Fault): string {
  const { kind, atMs: _, durationMs, ...rest } = fault
  const details = Object.entries(rest).map(([name, value]) => `${name}=${String(value)}`)
  return [kind, ...details, `for ${durationMs} ms`].join(' ')
}
