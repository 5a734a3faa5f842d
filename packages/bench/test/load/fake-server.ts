import { type Channel, type ChannelReceiver, type Transport, ViewedBuffer } from '../../src/load/transport.ts'

/** A reply on its way out, complete with its length: a cheat returns what is sent in its place. */
export interface FakeReply {
  readonly type: number
  readonly xid: number
  /** Counts all replies of this type over all connections, from 0. */
  readonly ordinal: number
  readonly frame: Buffer
}

export interface FakeServerOptions {
  /** All of them show the same nodes at once; 1 without it. */
  readonly serverCount?: number
  /** Replies arrive in pieces of so many bytes; all at once without it. */
  readonly pieceBytes?: number
  /** Changes, multiplies or drops replies. */
  readonly cheat?: (reply: FakeReply) => Buffer[]
}

interface Node {
  data: Buffer
  version: number
  czxid: number
  mzxid: number
  owner: bigint
  readonly children: Set<string>
  readonly watchers: Set<FakeChannel>
}

const OPEN_ACL_BYTES = 4 + 4 + 4 + 'world'.length + 4 + 'anyone'.length

/**
 * As much of a ZooKeeper server as the generator needs, in memory: right unless it is told to cheat.
 * It shares no code with the generator's encoder and decoder.
 */
export class FakeServer implements Transport {
  readonly nodes = new Map<string, Node>()
  readonly options: FakeServerOptions
  readonly ordinals = new Map<number, number>()
  /** What happened at which server, in order: `connect 1`, `sync 1`, `read 1`. */
  readonly events: string[] = []
  private readonly channels = new Set<FakeChannel>()
  private readonly crashed = new Set<number>()
  zxid = 0
  nextSessionId = 0x100000000000001n

  constructor(options: FakeServerOptions = {}) {
    this.options = options
    this.nodes.set('/', newNode(Buffer.alloc(0), 0, 0n))
  }

  get serverCount(): number {
    return this.options.serverCount ?? 1
  }

  connect(receiver: ChannelReceiver, server: number): Channel {
    const number = server % this.serverCount
    this.events.push(`connect ${number}`)
    const channel = new FakeChannel(this, receiver, number)
    this.channels.add(channel)
    if (this.crashed.has(number)) setImmediate(() => channel.break())
    return channel
  }

  /** Breaks every connection of a server, with whatever it has not served yet, and takes no new ones. */
  crash(number: number): void {
    this.crashed.add(number)
    for (const channel of this.channels) if (channel.number === number) channel.break()
  }
}

class FakeChannel implements Channel {
  private readonly server: FakeServer
  private readonly receiver: ChannelReceiver
  private readonly input = new ViewedBuffer(1 << 20)
  private received: Buffer = Buffer.alloc(0)
  readonly number: number
  private sessionId = 0n
  private isDestroyed = false

  constructor(server: FakeServer, receiver: ChannelReceiver, number: number) {
    this.server = server
    this.receiver = receiver
    this.number = number
  }

  write(bytes: Uint8Array, onWritten: () => void): void {
    this.received = Buffer.concat([this.received, bytes])
    setImmediate(() => {
      // The bytes may be overwritten from here on: scribbling over them shows who still needs them.
      bytes.fill(0xee)
      onWritten()
      this.serve()
    })
  }

  destroy(): void {
    this.isDestroyed = true
  }

  break(): void {
    if (this.isDestroyed) return
    this.isDestroyed = true
    this.receiver.onClosed(new Error('the server is gone'))
  }

  event(path: string, type: number): void {
    this.send(11, Buffer.concat([header(-1, -1, 0), int(type), int(3), text(path)]), -1)
  }

  private serve(): void {
    while (this.received.length >= 4 && !this.isDestroyed) {
      const size = this.received.readInt32BE(0)
      if (this.received.length < 4 + size) return
      const frame = this.received.subarray(4, 4 + size)
      this.received = this.received.subarray(4 + size)
      if (this.sessionId === 0n) this.handshake(frame.readBigInt64BE(16))
      else this.request(frame)
    }
  }

  private handshake(resumedId: bigint): void {
    this.sessionId = resumedId === 0n ? this.server.nextSessionId++ : resumedId
    if (resumedId !== 0n) this.server.events.push(`resume ${this.number}`)
    const response = Buffer.alloc(37)
    response.writeInt32BE(30000, 4)
    response.writeBigInt64BE(this.sessionId, 8)
    response.writeInt32BE(16, 16)
    response.fill(7, 20, 36)
    this.deliver(Buffer.concat([int(response.length), response]))
  }

  private request(frame: Buffer): void {
    const xid = frame.readInt32BE(0)
    const type = frame.readInt32BE(4)
    const before = this.server.zxid
    if (type === 9) this.server.events.push(`sync ${this.number}`)
    if (type === 4) this.server.events.push(`read ${this.number}`)
    const body = this.answer(type, frame, 8)
    this.send(type, Buffer.concat([header(xid, this.server.zxid, 0), body]), xid)
    if (type !== -11) return
    for (const [path, node] of this.server.nodes) if (node.owner === this.sessionId) this.remove(path)
    if (before === this.server.zxid) this.server.zxid += 1
    setImmediate(() => this.receiver.onClosed(null))
  }

  private answer(type: number, frame: Buffer, at: number): Buffer {
    if (type === 14) return this.multi(frame, at)
    if (type === 11 || type === -11) return Buffer.alloc(0)
    const path = frame.toString('latin1', at + 4, at + 4 + frame.readInt32BE(at))
    const after = at + 4 + path.length
    if (type === 1) return this.create(path, frame, after)
    if (type === 9) return text(path)
    if (type === 104) return int([...this.server.nodes.keys()].filter((name) => name.startsWith(`${path}/`)).length)
    const node = this.node(path)
    if (type === 2) {
      this.remove(path)
      return Buffer.alloc(0)
    }
    if (type === 5) return this.set(path, node, frame.subarray(after + 4, after + 4 + frame.readInt32BE(after)))
    if (type === 3) return stat(node)
    if (type === 8) return Buffer.concat([int(node.children.size), ...[...node.children].map(text)])
    if (type !== 4) throw new Error(`type ${type} is not served here`)
    if (frame[after] === 1) node.watchers.add(this)
    return Buffer.concat([int(node.data.length), node.data, stat(node)])
  }

  private multi(frame: Buffer, start: number): Buffer {
    this.server.zxid += 1
    const zxid = this.server.zxid
    const parts: Buffer[] = []
    for (let at = start; frame[at + 4] === 0; ) {
      const path = frame.toString('latin1', at + 13, at + 13 + frame.readInt32BE(at + 9))
      const after = at + 13 + path.length
      const length = frame.readInt32BE(after)
      this.server.zxid = zxid - 1
      const body = this.set(path, this.node(path), frame.subarray(after + 4, after + 4 + length))
      parts.push(multiHeader(5, 0, 0), body)
      at = after + 4 + length + 4
    }
    return Buffer.concat([...parts, multiHeader(-1, 1, -1)])
  }

  private create(path: string, frame: Buffer, at: number): Buffer {
    const length = frame.readInt32BE(at)
    const flags = frame.readInt32BE(at + 4 + length + OPEN_ACL_BYTES)
    if (this.server.nodes.has(path)) throw new Error(`${path} exists`)
    this.server.zxid += 1
    const owner = flags === 1 ? this.sessionId : 0n
    this.server.nodes.set(path, newNode(Buffer.from(frame.subarray(at + 4, at + 4 + length)), this.server.zxid, owner))
    this.node(parentOf(path)).children.add(path.slice(path.lastIndexOf('/') + 1))
    return text(path)
  }

  private set(path: string, node: Node, data: Buffer): Buffer {
    this.server.zxid += 1
    node.data = Buffer.from(data)
    node.version += 1
    node.mzxid = this.server.zxid
    for (const watcher of node.watchers) watcher.event(path, 3)
    node.watchers.clear()
    return stat(node)
  }

  private remove(path: string): void {
    this.server.zxid += 1
    this.server.nodes.delete(path)
    this.node(parentOf(path)).children.delete(path.slice(path.lastIndexOf('/') + 1))
  }

  private node(path: string): Node {
    const node = this.server.nodes.get(path)
    if (node === undefined) throw new Error(`no node ${path}`)
    return node
  }

  private send(type: number, content: Buffer, xid: number): void {
    const ordinal = this.server.ordinals.get(type) ?? 0
    this.server.ordinals.set(type, ordinal + 1)
    const frame = Buffer.concat([int(content.length), content])
    const frames = this.server.options.cheat?.({ type, xid, ordinal, frame }) ?? [frame]
    if (frames.length > 0) this.deliver(Buffer.concat(frames))
  }

  private deliver(bytes: Buffer): void {
    const pieceBytes = this.server.options.pieceBytes ?? bytes.length
    setImmediate(() => {
      for (let at = 0; at < bytes.length && !this.isDestroyed; at += pieceBytes) {
        const length = bytes.copy(this.input.bytes, 0, at, Math.min(at + pieceBytes, bytes.length))
        this.receiver.onBytes(this.input, length)
        this.input.bytes.fill(0xee, 0, length)
      }
    })
  }
}

function newNode(data: Buffer, zxid: number, owner: bigint): Node {
  return { data, version: 0, czxid: zxid, mzxid: zxid, owner, children: new Set(), watchers: new Set() }
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/'
}

function int(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function text(value: string): Buffer {
  return Buffer.concat([int(value.length), Buffer.from(value)])
}

function header(xid: number, zxid: number, error: number): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.writeInt32BE(xid, 0)
  bytes.writeBigInt64BE(BigInt(zxid), 4)
  bytes.writeInt32BE(error, 12)
  return bytes
}

function multiHeader(type: number, done: number, error: number): Buffer {
  return Buffer.concat([int(type), Buffer.from([done]), int(error)])
}

function stat(node: Node): Buffer {
  const bytes = Buffer.alloc(68)
  bytes.writeBigInt64BE(BigInt(node.czxid), 0)
  bytes.writeBigInt64BE(BigInt(node.mzxid), 8)
  bytes.writeInt32BE(node.version, 32)
  bytes.writeBigInt64BE(node.owner, 44)
  bytes.writeInt32BE(node.data.length, 52)
  bytes.writeInt32BE(node.children.size, 56)
  return bytes
}
