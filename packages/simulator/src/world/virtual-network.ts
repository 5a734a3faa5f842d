// The network between machines: streams of bytes that arrive in order, late, in other pieces than they were sent in, or
// not at all. A link that is cut holds back what is under way, as TCP does, until it is mended or the connection is
// given up; a machine that crashed answers a stream of its former life with a reset.

import type { SeededRandom } from '@tskeeper/core'
import type {
  ConnectionAttempt,
  ConnectionHandler,
  ConnectOptions,
  Listener,
  ListenOptions,
  Network,
  NetworkConnection,
} from '@tskeeper/server'
import type { Incarnation, Machine } from './machine.ts'
import type { World } from './world.ts'

/** How the network behaves while nothing is broken. */
export interface NetworkWeather {
  /** A message takes between these, in milliseconds. */
  latencyMinMs: number
  latencyMaxMs: number
  /** Bytes a millisecond that each direction of a connection carries. */
  bytesPerMs: number
  /** Probability that a write arrives in pieces. */
  splitRate: number
}

interface Binding {
  readonly machine: Machine
  readonly incarnation: Incarnation
  readonly accept: (connection: NetworkConnection) => void
}

/** Bytes under way from which on a writer has to wait. */
const SEND_BUFFER_BYTES = 64 * 1024
/** How long a stream stands still before the system gives the connection up, in milliseconds. */
const RETRANSMISSION_LIMIT_MS = 60_000

export class VirtualNetwork {
  readonly world: World
  readonly weather: NetworkWeather = { latencyMinMs: 0.1, latencyMaxMs: 1, bytesPerMs: 100_000, splitRate: 0.1 }
  readonly random: SeededRandom
  private readonly bindings = new Map<string, Binding>()
  private readonly machines = new Map<string, Machine>()
  /** Directions that nothing gets through, as "from>to" addresses. */
  private readonly cuts = new Set<string>()
  /** Milliseconds that messages from an address to another take in addition, by "from>to". */
  private readonly delays = new Map<string, number>()
  private readonly streams = new Set<Stream>()
  private nextPort = 40_000

  constructor(world: World) {
    this.world = world
    this.random = world.forkRandom()
  }

  addMachine(machine: Machine): void {
    this.machines.set(machine.address, machine)
  }

  /** The network as the machine's process sees it. */
  of(machine: Machine): Network {
    return {
      listen: (options, accept, ready) => this.listen(machine, options, accept, ready),
      connect: (options, handler, ready) => this.connect(machine, options, handler, ready),
    }
  }

  // --- faults ----------------------------------------------------------------------------------

  /** Nothing gets from one address to the other any more. */
  cut(from: string, to: string): void {
    this.cuts.add(`${from}>${to}`)
  }

  mend(from: string, to: string): void {
    if (!this.cuts.delete(`${from}>${to}`)) return
    for (const stream of this.streams) stream.pump()
  }

  mendAll(): void {
    this.cuts.clear()
    this.delays.clear()
    for (const stream of this.streams) stream.pump()
  }

  /** Lets everything between the two addresses take longer; 0 ends that. */
  delay(from: string, to: string, extraMs: number): void {
    if (extraMs > 0) this.delays.set(`${from}>${to}`, extraMs)
    else this.delays.delete(`${from}>${to}`)
  }

  isCut(from: string, to: string): boolean {
    return this.cuts.has(`${from}>${to}`)
  }

  /** Breaks the connections between two machines; both ends are told, unless they cannot be reached. */
  reset(one: string, other: string): void {
    for (const stream of [...this.streams]) {
      if (stream.connects(one, other)) stream.reset(systemError('ECONNRESET'))
    }
  }

  /** Open connections, each counted once. */
  get connectionCount(): number {
    return this.streams.size / 2
  }

  /** The machine's process is gone: its listeners go, and its peers are told if they can be reached. */
  crashed(machine: Machine): void {
    for (const [key, binding] of [...this.bindings]) if (binding.machine === machine) this.bindings.delete(key)
    for (const stream of [...this.streams]) if (stream.machine === machine) stream.vanish()
  }

  // --- listening and connecting ----------------------------------------------------------------

  private listen(
    machine: Machine,
    options: ListenOptions,
    accept: (connection: NetworkConnection) => void,
    ready: (error: Error | null, port: number) => void,
  ): Listener {
    const port = options.port === 0 ? this.nextPort++ : options.port
    const key = `${machine.address}:${port}`
    const { incarnation } = machine
    if (!incarnation.isAlive) return { port, close() {} }
    if (this.bindings.has(key)) {
      this.world.after(0, () => machine.deliver(incarnation, () => ready(systemError('EADDRINUSE'), port)))
      return { port, close: (done) => this.world.after(0, () => machine.deliver(incarnation, done)) }
    }
    const binding: Binding = { machine, incarnation, accept }
    this.bindings.set(key, binding)
    this.world.after(0, () => machine.deliver(incarnation, () => ready(null, port)))
    return {
      port,
      close: (done) => {
        if (this.bindings.get(key) === binding) this.bindings.delete(key)
        this.world.after(0, () => machine.deliver(incarnation, done))
      },
    }
  }

  private connect(
    machine: Machine,
    options: ConnectOptions,
    handler: ConnectionHandler,
    ready: (error: Error | null, connection: NetworkConnection | null) => void,
  ): ConnectionAttempt {
    const { incarnation } = machine
    let isOver = false
    const settle = (error: Error | null, connection: NetworkConnection | null): void => {
      machine.deliver(incarnation, () => {
        if (isOver) return
        isOver = true
        timeout.action = null
        ready(error, connection)
      })
    }
    const timeout = this.world.after(options.timeoutMs, () => settle(systemError('ETIMEDOUT'), null))
    this.world.after(this.latencyMs(machine.address, options.host), () => {
      if (isOver || !incarnation.isAlive) return
      const target = this.machines.get(options.host)
      if (target === undefined) return settle(systemError('ENOTFOUND'), null)
      // What is cut off does not answer at all: the attempt fails with its time-out.
      if (this.isCut(machine.address, target.address) || this.isCut(target.address, machine.address)) return
      const binding = this.bindings.get(`${target.address}:${options.port}`)
      if (binding === undefined) return settle(systemError('ECONNREFUSED'), null)
      const [near, far] = this.join(machine, incarnation, binding, options.port)
      near.handler = handler
      binding.machine.deliver(binding.incarnation, () => {
        binding.accept(far)
        far.open()
      })
      this.world.after(this.latencyMs(options.host, machine.address), () => {
        if (isOver) return near.destroy()
        settle(null, near)
        machine.deliver(incarnation, () => near.open())
      })
    })
    return {
      cancel: () => {
        isOver = true
        timeout.action = null
      },
    }
  }

  private join(machine: Machine, incarnation: Incarnation, binding: Binding, port: number): readonly [Stream, Stream] {
    const nearPort = this.nextPort++
    const near = new Stream(this, machine, incarnation, binding.machine.address, port)
    const far = new Stream(this, binding.machine, binding.incarnation, machine.address, nearPort)
    near.peer = far
    far.peer = near
    this.streams.add(near)
    this.streams.add(far)
    return [near, far]
  }

  forget(stream: Stream): void {
    this.streams.delete(stream)
  }

  latencyMs(from: string, to: string): number {
    const { latencyMinMs, latencyMaxMs } = this.weather
    const extraMs = this.delays.get(`${from}>${to}`) ?? 0
    return extraMs + latencyMinMs + this.random.next() * (latencyMaxMs - latencyMinMs)
  }
}

/** What is under way in one direction. */
type Parcel = { readonly bytes: Uint8Array } | 'end'

const NO_HANDLER: ConnectionHandler = { onData() {}, onDrain() {}, onEnd() {}, onClose() {} }

/** One end of a connection. */
class Stream implements NetworkConnection {
  handler: ConnectionHandler = NO_HANDLER
  readonly remoteAddress: string
  readonly remotePort: number
  readonly machine: Machine
  peer: Stream | null = null
  private readonly network: VirtualNetwork
  private readonly incarnation: Incarnation
  /** Sent, and not yet on the other side. */
  private readonly outbox: Parcel[] = []
  private bytesUnderWay = 0
  /** Parcels of the outbox, from the first on, that are on their way. */
  private movingCount = 0
  /** Counts how often everything had to be sent again. */
  private journey = 0
  /** When the parcel that was sent last arrives: the next one cannot overtake it. */
  private arrivesMs = 0
  private stuckSinceMs = -1
  /** Arrived, and not yet delivered: the process reads no more, or is not told yet that the connection is there. */
  private readonly inbox: Parcel[] = []
  private isOpen = false
  private isReading = true
  private owesDrain = false
  private hasEnded = false
  private hasPeerEnded = false
  private isClosed = false
  private closeError: Error | null = null

  constructor(network: VirtualNetwork, machine: Machine, incarnation: Incarnation, remoteAddress: string, remotePort: number) {
    this.network = network
    this.machine = machine
    this.incarnation = incarnation
    this.remoteAddress = remoteAddress
    this.remotePort = remotePort
  }

  connects(one: string, other: string): boolean {
    const ends = [this.machine.address, this.remoteAddress]
    return ends.includes(one) && ends.includes(other)
  }

  /** The process holds the connection: what has arrived can be delivered. */
  open(): void {
    this.isOpen = true
    if (this.isClosed) this.tellClosed()
    else this.deliverInbox()
  }

  write(bytes: Uint8Array, length: number): boolean {
    if (this.isClosed || this.hasEnded || !this.incarnation.isAlive) return true
    this.outbox.push(...this.parcels(bytes.slice(0, length)))
    this.bytesUnderWay += length
    this.pump()
    this.owesDrain = this.bytesUnderWay > SEND_BUFFER_BYTES
    return !this.owesDrain
  }

  private parcels(bytes: Uint8Array): Parcel[] {
    const { random, weather } = this.network
    if (bytes.length < 2 || random.next() >= weather.splitRate) return [{ bytes }]
    const at = 1 + random.below(bytes.length - 1)
    return [{ bytes: bytes.subarray(0, at) }, { bytes: bytes.subarray(at) }]
  }

  pause(): void {
    this.isReading = false
  }

  resume(): void {
    if (this.isReading) return
    this.isReading = true
    this.network.world.after(0, () => this.deliver(() => this.deliverInbox()))
  }

  end(): void {
    if (this.isClosed || this.hasEnded) return
    this.hasEnded = true
    this.outbox.push('end')
    this.pump()
  }

  destroy(): void {
    if (this.isClosed) return
    const { peer } = this
    this.close(null)
    if (peer !== null) this.network.world.after(this.latencyMs(), () => peer.peerIsGone())
  }

  /** Both ends learn that the connection broke. */
  reset(error: Error): void {
    const { peer } = this
    this.close(error)
    peer?.close(error)
  }

  /** The process at this end is gone without a word. */
  vanish(): void {
    const { peer } = this
    this.isClosed = true
    this.network.forget(this)
    if (peer !== null) this.network.world.after(this.latencyMs(), () => peer.peerIsGone())
  }

  /** The other end is closed. A reset that cannot get through is learnt by the time-out only. */
  private peerIsGone(): void {
    if (this.isClosed) return
    if (this.network.isCut(this.remoteAddress, this.machine.address)) {
      this.network.world.after(1000, () => this.peerIsGone())
      return
    }
    this.close(systemError('ECONNRESET'))
  }

  /** Sends what can be sent: parcels are on their way one behind the other. */
  pump(): void {
    if (this.isClosed || this.movingCount === this.outbox.length) return
    if (this.network.isCut(this.machine.address, this.remoteAddress)) {
      this.wait()
      return
    }
    this.stuckSinceMs = -1
    for (; this.movingCount < this.outbox.length; this.movingCount++) this.dispatch(this.outbox[this.movingCount] as Parcel)
  }

  private dispatch(parcel: Parcel): void {
    const { world } = this.network
    const { journey } = this
    const size = parcel === 'end' ? 1 : parcel.bytes.length
    const due = world.nowMs + this.latencyMs() + size / this.network.weather.bytesPerMs
    this.arrivesMs = Math.max(due, this.arrivesMs)
    world.after(this.arrivesMs - world.nowMs, () => {
      if (journey === this.journey) this.arrived(parcel, size)
    })
  }

  private wait(): void {
    const { world } = this.network
    if (this.stuckSinceMs >= 0) return
    this.stuckSinceMs = world.nowMs
    const since = world.nowMs
    world.after(RETRANSMISSION_LIMIT_MS, () => {
      if (this.stuckSinceMs === since) this.close(systemError('ETIMEDOUT'))
    })
  }

  private arrived(parcel: Parcel, size: number): void {
    const { world } = this.network
    if (this.isClosed) return
    // It was cut while this was on its way: it has to be sent again, and all that follows it.
    if (this.network.isCut(this.machine.address, this.remoteAddress)) {
      this.journey++
      this.movingCount = 0
      this.wait()
      return
    }
    this.outbox.shift()
    this.movingCount--
    if (parcel !== 'end') this.bytesUnderWay -= size
    this.peer?.receive(parcel)
    if (this.owesDrain && this.bytesUnderWay === 0) {
      this.owesDrain = false
      world.after(0, () => this.deliver(() => this.drained()))
    }
    this.closeIfBothEnded()
    this.pump()
  }

  private drained(): void {
    if (!this.isClosed) this.handler.onDrain()
  }

  private latencyMs(): number {
    return this.network.latencyMs(this.machine.address, this.remoteAddress)
  }

  private receive(parcel: Parcel): void {
    if (this.isClosed) return
    this.inbox.push(parcel)
    this.deliver(() => this.deliverInbox())
  }

  private deliverInbox(): void {
    while (this.isOpen && this.isReading && !this.isClosed) {
      const parcel = this.inbox.shift()
      if (parcel === undefined) return
      if (parcel === 'end') {
        this.hasPeerEnded = true
        this.handler.onEnd()
        this.closeIfBothEnded()
        return
      }
      const { bytes } = parcel
      this.handler.onData(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), bytes.length)
    }
  }

  private closeIfBothEnded(): void {
    if (this.hasEnded && this.hasPeerEnded && this.outbox.length === 0) this.close(null)
  }

  private close(error: Error | null): void {
    if (this.isClosed) return
    this.isClosed = true
    this.closeError = error
    this.network.forget(this)
    // A process that does not have the connection yet is told when it has.
    if (this.isOpen) this.tellClosed()
  }

  /** Never in the middle of what the process is doing: it is told in a turn of its own. */
  private tellClosed(): void {
    this.network.world.after(0, () => this.deliver(() => this.handler.onClose(this.closeError)))
  }

  private deliver(action: () => void): void {
    this.machine.deliver(this.incarnation, action)
  }
}

function systemError(code: string): Error {
  return Object.assign(new Error(`${code} (simulated)`), { code })
}
