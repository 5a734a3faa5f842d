// The connections that carry votes: one between each pair of servers, on the port of the election.
//
// Both sides may dial, but only what the side with the larger id dialled stays. When the smaller one dials, it says who it is
// and closes; the larger one dials back:
//
//     1 -> 2   "I am 1, at host:port"   closed
//     2 -> 1   "I am 2, at host:port"   votes both ways from here on
//
// A link that breaks is not dialled again by itself: the next vote for that server does it.

import {
  ANONYMOUS_OBSERVER_ID,
  type ByteReader,
  ByteWriter,
  type ElectionAddress,
  type ElectionHandshake,
  writeElectionHandshake,
} from '@tskeeper/protocol/server'
import type { Logger } from '../logger.ts'
import type { ConnectionAttempt, ConnectionHandler, NetworkConnection } from '../runtime/network.ts'
import type { Runtime, TimerHandle } from '../runtime/runtime.ts'
import { ElectionHandshakeReader } from './election-handshake-reader.ts'
import { ElectionLink } from './election-link.ts'

/** Connections that have not said who they are; more are refused, for nobody knows who opens them. */
const HANDSHAKES_MAX = 256
/** How long after its end a link may be followed by another, before it counts as lost. */
const REPLACEMENT_MS = 10
/** Servers outside the configuration that are kept track of. */
const STRANGERS_MAX = 256

export interface ElectionLinksOptions {
  readonly serverId: number
  /** Where this server can be dialled. */
  readonly ownAddresses: readonly ElectionAddress[]
  /** Where another one can be, best first; empty for one that no configuration names. */
  readonly addressesOf: (serverId: number) => readonly ElectionAddress[]
  /** A payload of another server, valid during the call. */
  readonly receive: (serverId: number, payload: ByteReader) => void
  /** Nobody takes connections at any address of another server. */
  readonly unreachable: (serverId: number) => void
  /** The link to another server broke and no other came in its place; what it has taken last may be lost. */
  readonly lost: (serverId: number) => void
  readonly connectTimeoutMs: number
  /** Who dialled has this long to say who it is. */
  readonly handshakeTimeoutMs: number
  readonly keepAlive: boolean
  readonly isMultiAddressEnabled: boolean
  /** With several addresses, how long each but the last is tried. */
  readonly reachabilityTimeoutMs: number
}

/** Another server as the links know it. */
interface Peer {
  readonly serverId: number
  link: ElectionLink | null
  /** At most one connection is being opened. */
  attempt: ConnectionAttempt | null
  /** After the end of a link: when it counts as lost. */
  replacement: TimerHandle | null
  /** The newest vote that no link has taken. */
  waiting: Uint8Array | null
  /** The last vote that a link has taken: it may have been lost with the link, so the next link begins with it. */
  lastSent: Uint8Array | null
}

export class ElectionLinks {
  readonly #options: ElectionLinksOptions
  readonly #runtime: Pick<Runtime, 'network' | 'timers'>
  readonly #logger: Logger
  readonly #peers = new Map<number, Peer>()
  readonly #handshakes = new Set<ElectionHandshakeReader>()
  /** Connections to servers with larger ids, which wait for the other side's end. */
  readonly #leaving = new Set<NetworkConnection>()
  #nextAnonymousId = -1
  #isClosed = false

  constructor(options: ElectionLinksOptions, runtime: Pick<Runtime, 'network' | 'timers'>, logger: Logger) {
    this.#options = options
    this.#runtime = runtime
    this.#logger = logger
  }

  /** Some vote has left this server: at least one peer has none that waits. */
  get hasDelivered(): boolean {
    for (const peer of this.#peers.values()) if (peer.waiting === null) return true
    return false
  }

  /** Whether a link to that server is open. */
  isLinked(serverId: number): boolean {
    return (this.#peers.get(serverId)?.link ?? null) !== null
  }

  /** Sends a frame, which nobody may change any more; one that still waits is forgotten. */
  send(serverId: number, frame: Uint8Array): void {
    if (this.#isClosed) return
    const peer = this.#peerOf(serverId)
    if (peer === null) return
    peer.waiting = frame
    if (peer.link === null) this.#dial(peer, this.#options.addressesOf(serverId))
    else this.#flush(peer, peer.link)
  }

  /** Dials every server that something was sent to and that has no link. */
  connectAll(): void {
    if (this.#isClosed) return
    for (const peer of this.#peers.values()) this.#dial(peer, this.#options.addressesOf(peer.serverId))
  }

  /** A connection that was accepted. */
  accept(connection: NetworkConnection): void {
    if (this.#isClosed || this.#handshakes.size >= HANDSHAKES_MAX) {
      connection.destroy()
      return
    }
    const reader = new ElectionHandshakeReader(connection, this.#runtime.timers, this.#options.handshakeTimeoutMs, {
      done: (done, handshake, rest) => {
        this.#handshakes.delete(done)
        this.#welcome(connection, handshake, rest)
      },
      failed: (failed, reason) => {
        this.#handshakes.delete(failed)
        this.#logger.warn(`A connection for votes from ${connection.remoteAddress} was closed: ${reason}`)
      },
    })
    this.#handshakes.add(reader)
  }

  close(): void {
    this.#isClosed = true
    for (const reader of this.#handshakes) reader.close()
    this.#handshakes.clear()
    for (const connection of [...this.#leaving]) connection.destroy()
    for (const peer of this.#peers.values()) {
      peer.attempt?.cancel()
      peer.replacement?.cancel()
      peer.link?.close()
    }
    this.#peers.clear()
  }

  /** Who dialled has said who it is. */
  #welcome(connection: NetworkConnection, { serverId: announcedId, addresses }: ElectionHandshake, rest: Uint8Array): void {
    const serverId = announcedId === ANONYMOUS_OBSERVER_ID ? this.#nextAnonymousId-- : announcedId
    const peer = serverId === this.#options.serverId ? null : this.#peerOf(serverId)
    if (peer === null) {
      const reason = serverId === this.#options.serverId ? 'it has the id of this server' : 'too many servers are not members'
      this.#logger.warn(`A connection for votes from ${connection.remoteAddress} (server ${serverId}) was closed: ${reason}`)
      connection.destroy()
      return
    }
    if (serverId < this.#options.serverId) {
      connection.destroy()
      this.#unlink(peer)
      this.#dial(peer, addresses.length > 0 ? addresses : this.#options.addressesOf(serverId))
      return
    }
    this.#unlink(peer)
    const link = this.#link(peer, connection)
    if (rest.length > 0) link.onData(rest, new DataView(rest.buffer, rest.byteOffset, rest.length), rest.length)
  }

  /** Opens a connection to the first of the addresses that answers. */
  #dial(peer: Peer, addresses: readonly ElectionAddress[]): void {
    const [address, ...others] = addresses
    if (address === undefined || peer.link !== null || peer.attempt !== null || this.#isClosed) return
    const { connectTimeoutMs, reachabilityTimeoutMs, keepAlive } = this.#options
    const timeoutMs = others.length === 0 ? connectTimeoutMs : Math.min(reachabilityTimeoutMs, connectTimeoutMs)
    const options = { host: address.host, port: address.port, timeoutMs, noDelay: true, keepAlive }
    peer.attempt = this.#runtime.network.connect(options, ignoringHandler, (error, connection) => {
      peer.attempt = null
      if (connection !== null) {
        this.#dialled(peer, connection)
        return
      }
      const { serverId } = peer
      this.#logger.info(`Server ${serverId} at ${address.host}:${address.port} is not there for votes: ${error?.message ?? ''}`)
      if (others.length > 0) this.#dial(peer, others)
      else this.#options.unreachable(serverId)
    })
  }

  #dialled(peer: Peer, connection: NetworkConnection): void {
    const handshake = new ByteWriter(64)
    const { serverId, ownAddresses, isMultiAddressEnabled } = this.#options
    writeElectionHandshake(handshake, serverId, ownAddresses, isMultiAddressEnabled)
    // In one write: Apache's servers read the address with a single call.
    const bytes = handshake.toBytes()
    const isTaken = connection.write(bytes, bytes.length)
    if (peer.serverId > serverId) {
      this.#takeLeave(connection)
      return
    }
    this.#unlink(peer)
    this.#link(peer, connection, isTaken)
  }

  /** The other side has the larger id and dials back. It is left the time to read who called. */
  #takeLeave(connection: NetworkConnection): void {
    const timer = this.#runtime.timers.after(this.#options.handshakeTimeoutMs, () => connection.destroy())
    this.#leaving.add(connection)
    connection.handler = {
      onData(): void {},
      onDrain(): void {},
      onEnd: () => connection.destroy(),
      onClose: () => {
        timer.cancel()
        this.#leaving.delete(connection)
      },
    }
    connection.end()
  }

  #link(peer: Peer, connection: NetworkConnection, isFree = true): ElectionLink {
    const link = new ElectionLink(peer.serverId, connection, isFree, {
      received: (_link, payload) => this.#options.receive(peer.serverId, payload),
      drained: (drained) => this.#flush(peer, drained),
      ended: (_ended, reason) => this.#ended(peer, reason),
    })
    peer.link = link
    this.#logger.info(
      `Votes of server ${peer.serverId} come over a link with ${connection.remoteAddress}:${connection.remotePort}`,
    )
    peer.waiting ??= peer.lastSent
    this.#flush(peer, link)
    return link
  }

  #flush(peer: Peer, link: ElectionLink): void {
    const frame = peer.waiting
    if (frame === null || link.isBusy) return
    peer.waiting = null
    peer.lastSent = frame
    link.write(frame)
  }

  #unlink(peer: Peer): void {
    peer.link?.close()
    peer.link = null
  }

  #ended(peer: Peer, reason: string): void {
    peer.link = null
    this.#logger.info(`The link for votes with server ${peer.serverId} ended: ${reason}`)
    if (this.#isStranger(peer)) this.#peers.delete(peer.serverId)
    else this.#awaitReplacement(peer)
  }

  /** A link that the other side has replaced ends a moment before the new one is there. */
  #awaitReplacement(peer: Peer): void {
    peer.replacement?.cancel()
    peer.replacement = this.#runtime.timers.after(REPLACEMENT_MS, () => {
      peer.replacement = null
      if (peer.link === null && peer.attempt === null) this.#options.lost(peer.serverId)
    })
  }

  /** The peer of that id; null if there are too many that no configuration names. */
  #peerOf(serverId: number): Peer | null {
    const known = this.#peers.get(serverId)
    if (known !== undefined) return known
    const peer: Peer = { serverId, link: null, attempt: null, replacement: null, waiting: null, lastSent: null }
    if (this.#isStranger(peer) && !this.#hasRoomForStranger()) return null
    this.#peers.set(serverId, peer)
    return peer
  }

  #hasRoomForStranger(): boolean {
    const strangers = [...this.#peers.values()].filter((peer) => this.#isStranger(peer))
    if (strangers.length < STRANGERS_MAX) return true
    // One that was dialled back in vain has no link that could end.
    const gone = strangers.find((peer) => peer.link === null && peer.attempt === null)
    return gone !== undefined && this.#peers.delete(gone.serverId)
  }

  #isStranger(peer: Peer): boolean {
    return this.#options.addressesOf(peer.serverId).length === 0
  }
}

/** Until a connection has its link: the other side has nothing to say before it knows who called. */
const ignoringHandler: ConnectionHandler = {
  onData(): void {},
  onDrain(): void {},
  onEnd(): void {},
  onClose(): void {},
}
