// What a client's process on a machine lives in. Host names are addresses here.

import type { ClientRuntime, Transport, TransportConnection, TransportHandler, TransportTarget } from '@tskeeper/client'
import type { NetworkConnection } from '@tskeeper/server'
import type { Machine } from './machine.ts'
import { machineClock, machineRandom, machineTimers } from './machine-runtime.ts'
import type { VirtualNetwork } from './virtual-network.ts'

/** The client gives up by itself; this only ends attempts that nobody waits for. */
const CONNECT_TIMEOUT_MS = 60_000

export function machineClientRuntime(machine: Machine, network: VirtualNetwork): ClientRuntime {
  return {
    clock: machineClock(machine),
    timers: machineTimers(machine),
    random: machineRandom(machine),
    transport: new VirtualTransport(machine, network),
    resolver: { resolve: (host, done) => done(null, [host]) },
  }
}

class VirtualTransport implements Transport {
  private readonly machine: Machine
  private readonly network: VirtualNetwork

  constructor(machine: Machine, network: VirtualNetwork) {
    this.machine = machine
    this.network = network
  }

  connect(target: TransportTarget, handler: TransportHandler): TransportConnection {
    let connection: NetworkConnection | null = null
    let isClosed = false
    const close = (error: Error | null): void => {
      if (isClosed) return
      isClosed = true
      handler.onClose(error)
    }
    const attempt = this.network.of(this.machine).connect(
      { host: target.address, port: target.port, timeoutMs: CONNECT_TIMEOUT_MS, noDelay: true, keepAlive: false },
      {
        onData: (bytes, view, length) => handler.onData(bytes, view, length),
        onDrain: () => handler.onDrain(),
        onEnd: () => connection?.end(),
        onClose: close,
      },
      (error, made) => {
        connection = made
        if (error !== null) close(error)
        else handler.onOpen()
      },
    )
    return {
      write: (bytes, length) => connection?.write(bytes, length) ?? true,
      destroy: () => {
        if (connection !== null) connection.destroy()
        else {
          attempt.cancel()
          this.machine.after(0, () => close(null))
        }
      },
    }
  }
}
