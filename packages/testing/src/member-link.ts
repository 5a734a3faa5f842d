import type { ConnectionHandler, NetworkConnection } from '@tskeeper/server'
import type { MemberNetwork, MemberPlace } from './member-network.ts'
import type { Belonging } from './server-life.ts'

/** Bytes under way to one end, from which on its writer is told to wait. */
const WAITING_BYTES_MAX = 1024 * 1024

/** What the other side has done: sent bytes, closed its sending side, or gone. */
type Item = Uint8Array | 'end' | 'gone'

const idleHandler: ConnectionHandler = {
  onData(): void {},
  onDrain(): void {},
  onEnd(): void {},
  onClose(): void {},
}

/** The two ends of a new link: the one of who dialled, and the one of who is called. */
export function linkPair(
  network: MemberNetwork,
  from: MemberPlace,
  to: MemberPlace,
  fromPort: number,
): readonly [LinkEnd, LinkEnd] {
  const near = new LinkEnd(network, from, to.host, fromPort)
  const far = new LinkEnd(network, to, from.host, fromPort)
  near.peer = far
  far.peer = near
  return [near, far]
}

/** One end of a link between two members. */
export class LinkEnd implements NetworkConnection, Belonging {
  readonly remoteAddress = '127.0.0.1'
  readonly remotePort: number
  handler: ConnectionHandler = idleHandler
  /** Set before anybody sees the link. */
  peer: LinkEnd | null = null
  readonly #network: MemberNetwork
  readonly #place: MemberPlace
  readonly #peerHost: string
  /** What is under way to this end, and how many bytes of it. */
  #inbox: Item[] = []
  #inboxBytes = 0
  #isOpen = true
  #isPaused = false
  #isDeliveryDue = false
  #hasEnded = false
  #hasPeerEnded = false
  #isWaitingForDrain = false

  constructor(network: MemberNetwork, place: MemberPlace, peerHost: string, port: number) {
    this.#network = network
    this.#place = place
    this.#peerHost = peerHost
    this.remotePort = port
    place.life.own(this)
  }

  // --- what the server does ----------------------------------------------------------------------

  write(bytes: Uint8Array, length: number): boolean {
    const { peer } = this
    if (!this.#isOpen || this.#hasEnded || peer === null) return true
    // Not `slice`, which a Buffer answers with its own bytes.
    peer.arrive(new Uint8Array(bytes.subarray(0, length)))
    if (peer.#inboxBytes <= WAITING_BYTES_MAX) return true
    this.#isWaitingForDrain = true
    return false
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.deliverSoon()
  }

  end(): void {
    if (!this.#isOpen || this.#hasEnded) return
    this.#hasEnded = true
    this.peer?.arrive('end')
    if (this.#hasPeerEnded) this.#close()
  }

  destroy(): void {
    if (!this.#isOpen) return
    this.peer?.arrive('gone')
    this.#close()
  }

  // --- what comes over the link ------------------------------------------------------------------

  private arrive(item: Item): void {
    if (!this.#isOpen) return
    this.#inbox.push(item)
    if (typeof item !== 'string') this.#inboxBytes += item.length
    this.deliverSoon()
  }

  get #isReadable(): boolean {
    return this.#isOpen && !this.#isPaused && !this.#network.isCut(this.#place.host, this.#peerHost)
  }

  /** Gives the server what waits for it when this turn is over, unless something is in the way. */
  deliverSoon(): void {
    if (this.#isDeliveryDue || this.#inbox.length === 0 || !this.#isReadable) return
    this.#isDeliveryDue = true
    setImmediate(() => this.#place.life.tell(() => this.#deliver()))
  }

  #deliver(): void {
    this.#isDeliveryDue = false
    const items = this.#inbox
    this.#inbox = []
    let count = 0
    while (count < items.length && this.#isReadable) this.#deliverOne(items[count++] as Item)
    // What came meanwhile lies behind what is left.
    if (this.#isOpen) this.#inbox = [...items.slice(count), ...this.#inbox]
    this.deliverSoon()
    if (this.#inboxBytes <= WAITING_BYTES_MAX / 2) this.peer?.drained()
  }

  #deliverOne(item: Item): void {
    if (item === 'end' || item === 'gone') {
      this.#deliverEnd(item)
      return
    }
    this.#inboxBytes -= item.length
    this.handler.onData(item, new DataView(item.buffer, item.byteOffset, item.length), item.length)
  }

  #deliverEnd(item: 'end' | 'gone'): void {
    if (!this.#hasPeerEnded) {
      this.#hasPeerEnded = true
      this.handler.onEnd()
    }
    if (this.#isOpen && (item === 'gone' || this.#hasEnded)) this.#close()
  }

  private drained(): void {
    if (!this.#isWaitingForDrain) return
    this.#isWaitingForDrain = false
    setImmediate(() => {
      this.#place.life.tell(() => {
        if (this.#isOpen) this.handler.onDrain()
      })
    })
  }

  #close(): void {
    const { life } = this.#place
    this.#isOpen = false
    this.#inbox = []
    this.#inboxBytes = 0
    life.disown(this)
    this.#network.ended(this)
    setImmediate(() => life.tell(() => this.handler.onClose(null)))
  }

  // --- what comes from the life ------------------------------------------------------------------

  held(): void {}

  lost(): void {
    this.destroy()
  }
}
