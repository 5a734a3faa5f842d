// One real member of an ensemble of three, server 3, and two that a test plays: it says what they vote, and what they send
// over the quorum's links.

import {
  ByteReader,
  ByteWriter,
  type ElectionNotification,
  QuorumPacketSpan,
  QuorumPacketType,
  readElectionHandshake,
  readElectionNotification,
  writeBarePacket,
  writeDataPacket,
  writeElectionNotification,
} from '@tskeeper/protocol/server'
import type { ConnectionHandler, Logger, NetworkConnection } from '@tskeeper/server'
import { Machine } from '../../src/world/machine.ts'
import { ServerNode, serverAddress } from '../../src/world/server-node.ts'
import { VirtualNetwork } from '../../src/world/virtual-network.ts'
import { World } from '../../src/world/world.ts'

export const EPOCH = 4294967296
const SERVER_ID = 3
const PEER_IDS = [1, 2]
const [QUORUM_PORT, ELECTION_PORT] = [2888, 3888]
const DATA_MAX = 1 << 24

export interface Packet {
  readonly type: QuorumPacketType
  readonly zxid: number
  readonly data: Uint8Array
}

/** Bytes of a connection, from the first that was not used. */
class Stream implements ConnectionHandler {
  isClosed = false
  private bytes: Uint8Array = new Uint8Array(0)
  private readonly connection: NetworkConnection
  /** Takes what it can use from the beginning, and returns how many bytes that were. */
  private readonly use: (bytes: Uint8Array) => number

  constructor(connection: NetworkConnection, use: (bytes: Uint8Array) => number) {
    this.connection = connection
    this.use = use
    connection.handler = this
  }

  onData(bytes: Uint8Array, _view: DataView, length: number): void {
    this.bytes = Uint8Array.from([...this.bytes, ...bytes.subarray(0, length)])
    for (let used = this.use(this.bytes); used > 0; used = this.use(this.bytes)) this.bytes = this.bytes.slice(used)
  }

  write(out: ByteWriter): void {
    const bytes = out.toBytes()
    this.connection.write(bytes, bytes.length)
  }

  close(): void {
    this.connection.destroy()
  }

  onDrain(): void {}

  onEnd(): void {
    this.isClosed = true
    this.connection.end()
  }

  onClose(): void {
    this.isClosed = true
  }
}

/** A quorum link of a peer that the test plays. */
export class PeerLink {
  readonly received: Packet[] = []
  private readonly stream: Stream
  private readonly span = new QuorumPacketSpan()

  constructor(connection: NetworkConnection) {
    this.stream = new Stream(connection, (bytes) => this.take(bytes))
  }

  get isClosed(): boolean {
    return this.stream.isClosed
  }

  private take(bytes: Uint8Array): number {
    const { span } = this
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    if (span.scan(view, 0, bytes.length, DATA_MAX) > 0) return 0
    const data = bytes.slice(span.dataStart, span.dataStart + Math.max(span.dataLength, 0))
    this.received.push({ type: span.type as QuorumPacketType, zxid: span.zxid, data })
    return span.end
  }

  /** All of them in one piece. */
  send(...packets: readonly (readonly [QuorumPacketType, number, Uint8Array?])[]): void {
    const out = new ByteWriter(256)
    for (const [type, zxid, data] of packets) {
      if (data === undefined) writeBarePacket(out, type, zxid)
      else writeDataPacket(out, type, zxid, data, 0, data.length)
    }
    this.stream.write(out)
  }

  /** Bytes that are no packet, as of a snapshot. */
  sendRaw(bytes: Uint8Array): void {
    const out = new ByteWriter(bytes.length)
    out.writeBytes(bytes)
    this.stream.write(out)
  }

  close(): void {
    this.stream.close()
  }

  has(type: QuorumPacketType): boolean {
    return this.received.some((packet) => packet.type === type)
  }
}

/** What a peer answers to a notification, null for nothing. */
export type Answer = (peerId: number, heard: ElectionNotification) => Omit<ElectionNotification, 'version'> | null

export class FakePeers {
  readonly world: World = new World(1)
  readonly network: VirtualNetwork
  readonly node: ServerNode
  readonly lines: string[] = []
  /** Links that the server opened, as to its leader. */
  readonly accepted: PeerLink[] = []
  answer: Answer = () => null
  private readonly machines: readonly Machine[]
  private readonly elections = new Map<number, Stream>()

  /** `serverLine` is what follows the ports in the server's own line. With a configuration file it must name the client's port. */
  constructor(settings: Readonly<Record<string, string>> = {}, serverLine = '', hasConfigFile = false) {
    const { world } = this
    const network = new VirtualNetwork(world)
    Object.assign(network.weather, { latencyMinMs: 0.5, latencyMaxMs: 0.5, splitRate: 0 })
    this.network = network
    const all = { tickTime: '100', initLimit: '10', syncLimit: '5', 'admin.enableServer': 'false', preAllocSize: '16' }
    const properties = new Map(Object.entries({ ...all, ...settings }))
    for (const id of [...PEER_IDS, SERVER_ID]) {
      properties.set(`server.${id}`, `${serverAddress(id)}:${QUORUM_PORT}:${ELECTION_PORT}${id === SERVER_ID ? serverLine : ''}`)
    }
    const options = {
      id: SERVER_ID,
      properties,
      systemProperties: new Map<string, string>(),
      hasId: true,
      hasConfigFile,
      logger: this.logger(),
    }
    this.node = new ServerNode(world, network, options)
    this.machines = PEER_IDS.map((id) => this.makePeer(id))
    world.after(0, () => this.node.start())
  }

  private logger(): Logger {
    const note = (message: string): void => {
      this.lines.push(message)
    }
    return { trace: note, debug: note, info: note, warn: note, error: note }
  }

  private makePeer(id: number): Machine {
    const machine = new Machine(this.world, `peer ${id}`, serverAddress(id))
    machine.boot()
    this.network.addMachine(machine)
    const listen = (port: number, accept: (connection: NetworkConnection) => void): void => {
      this.network.of(machine).listen({ host: serverAddress(id), port, backlog: -1, keepAlive: false }, accept, () => {})
    }
    listen(ELECTION_PORT, (connection) => this.acceptElection(id, connection))
    listen(QUORUM_PORT, (connection) => this.accepted.push(new PeerLink(connection)))
    return machine
  }

  // The server has the largest id, so that it is always the one that dials.
  private acceptElection(id: number, connection: NetworkConnection): void {
    let isGreeted = false
    const stream = new Stream(connection, (bytes) => {
      if (isGreeted) return this.heard(id, bytes)
      const handshake = readElectionHandshake(new ByteReader(bytes))
      isGreeted = handshake !== null
      return handshake?.size ?? 0
    })
    this.elections.set(id, stream)
  }

  private heard(id: number, bytes: Uint8Array): number {
    if (bytes.length < 4) return 0
    const end = 4 + new DataView(bytes.buffer, bytes.byteOffset).getInt32(0)
    if (bytes.length < end) return 0
    const reader = new ByteReader(bytes)
    reader.position = 4
    reader.end = end
    const notification = readElectionNotification(reader)
    const answer = notification === null ? null : this.answer(id, notification)
    if (answer !== null) this.tell(id, answer)
    return end
  }

  /** A peer sends a notification. */
  tell(id: number, notification: Omit<ElectionNotification, 'version'>): void {
    const out = new ByteWriter(64)
    writeElectionNotification(out, notification)
    this.elections.get(id)?.write(out)
  }

  peer(id: number): Machine {
    const machine = this.machines.at(id - 1)
    if (machine === undefined) throw new Error(`there is no peer ${id}`)
    return machine
  }

  /** Opens a link to the server, as a learner does. */
  connect(id: number, port: number = QUORUM_PORT): Promise<PeerLink> {
    const machine = this.peer(id)
    const options = { host: serverAddress(SERVER_ID), port, timeoutMs: 1000, noDelay: true, keepAlive: false }
    const ignoring = { onData(): void {}, onDrain(): void {}, onEnd(): void {}, onClose(): void {} }
    return new Promise((resolve, reject) => {
      this.network.of(machine).connect(options, ignoring, (error, connection) => {
        if (connection === null) reject(error)
        else resolve(new PeerLink(connection))
      })
      void this.pass(5)
    })
  }

  async until(isDone: () => boolean): Promise<void> {
    if (await this.world.runUntil(this.world.nowMs + 20_000, isDone)) return
    throw new Error(`it does not come about:\n${this.lines.slice(-20).join('\n')}`)
  }

  async pass(durationMs: number): Promise<void> {
    await this.world.runUntil(this.world.nowMs + durationMs)
  }

  says(text: string): boolean {
    return this.lines.some((line) => line.includes(text))
  }
}

export function isOf(type: QuorumPacketType): (packet: Packet) => boolean {
  return (packet) => packet.type === type
}

/** Everyone looks, and is for whoever the server is for. */
export const agree: Answer = (_peerId, heard) => heard

/** Server 2 leads, and server 1 follows it. */
export const follow =
  (peerEpoch: number): Answer =>
  (peerId, { electionEpoch }) => ({ state: peerId === 2 ? 2 : 1, leader: 2, zxid: 0, electionEpoch, peerEpoch, config: null })

/** FOLLOWERINFO's data. */
export function learnerInfo(serverId: number): Uint8Array {
  const out = new ByteWriter(20)
  out.writeNumber(serverId)
  out.writeInt(0x10000)
  out.writeNumber(0)
  return out.toBytes()
}

export function intBytes(value: number): Uint8Array {
  const out = new ByteWriter(4)
  out.writeInt(value)
  return out.toBytes()
}

/** A transaction: its header, and what follows. It answers the request `cxid` of the session. */
export function transaction(zxid: number, type: number, record: (out: ByteWriter) => void, sessionId = 1n, cxid = 1): Uint8Array {
  const out = new ByteWriter(64)
  out.writeLong(sessionId)
  out.writeInt(cxid)
  out.writeNumber(zxid)
  out.writeNumber(1)
  out.writeInt(type)
  record(out)
  return out.toBytes()
}

/** Plays the leader of `epoch` up to the point where the server serves. */
export async function lead(peers: FakePeers, epoch: number, config: Uint8Array = new Uint8Array(0)): Promise<PeerLink> {
  const link = await tellEpoch(peers, epoch)
  await peers.until(() => link.has(QuorumPacketType.ackEpoch))
  link.send([QuorumPacketType.diff, 0], [QuorumPacketType.newLeader, epoch * EPOCH, config])
  return link
}

/** Plays the leader of `epoch` over the server's next connection until it has told its epoch. */
export async function tellEpoch(peers: FakePeers, epoch: number): Promise<PeerLink> {
  peers.answer = follow(epoch)
  await peers.until(() => newestLink(peers) !== undefined)
  const link = newestLink(peers) as PeerLink
  link.send([QuorumPacketType.leaderInfo, epoch * EPOCH, intBytes(0x10000)])
  return link
}

/** That over which the server has said who it is, and over which nothing was told yet. */
function newestLink(peers: FakePeers): PeerLink | undefined {
  return peers.accepted.find((link) => !link.isClosed && link.received.length === 1)
}

/** Plays a follower of the server, whose history ends with `lastZxid`, up to the point where it is in step. */
export async function followServer(peers: FakePeers, id: number, lastZxid = 0): Promise<PeerLink> {
  peers.answer = agree
  await peers.until(() => peers.says('LEADING: waiting for learners'))
  const link = await peers.connect(id)
  link.send([QuorumPacketType.followerInfo, 0, learnerInfo(id)])
  await peers.until(() => link.has(QuorumPacketType.leaderInfo))
  link.send([QuorumPacketType.ackEpoch, lastZxid, intBytes(0)])
  await peers.until(() => link.has(QuorumPacketType.newLeader))
  const newLeader = link.received.find(isOf(QuorumPacketType.newLeader))
  link.send([QuorumPacketType.ack, newLeader?.zxid ?? 0])
  await peers.until(() => link.has(QuorumPacketType.upToDate))
  link.send([QuorumPacketType.ack, newLeader?.zxid ?? 0])
  return link
}
