/**
 * The roofline of reads: what Node's sockets alone can do. It answers ZooKeeper frames with replies of the right
 * size and the right xid and looks at nothing else: no path, no tree, no log. No server in Node on one
 * thread can be faster than this.
 */
import { createServer, type Server, type Socket } from 'node:net'
import { OutputBuffer } from '../load/output-buffer.ts'
import { PayloadMaker } from '../load/payload.ts'
import { REPLY_HEADER_BYTES, STAT_BYTES } from '../load/reply-frame.ts'
import { RequestType } from '../load/request-frames.ts'

const STAT_DATA_LENGTH_AT = 52
const CONNECT_RESPONSE_BYTES = 37
const SESSION_TIMEOUT_MS = 30000
const BACKLOG = 1024

/** The replies that the server has to give, complete but for the xid. */
interface Replies {
  readonly handshake: Buffer
  readonly read: Buffer
  readonly stat: Buffer
  readonly bare: Buffer
}

/** One connection: frames in, prepared replies out, one write for each chunk that arrives. */
class EchoConnection {
  private readonly socket: Socket
  private readonly replies: Replies
  private output = new OutputBuffer()
  private spare = new OutputBuffer()
  private isWriting = false
  private isShaken = false
  private isEnding = false
  private carry: Buffer | null = null
  private readonly onWritten: () => void

  constructor(socket: Socket, replies: Replies) {
    this.socket = socket
    this.replies = replies
    this.onWritten = () => {
      this.isWriting = false
      if (this.output.position > 0) this.flush()
    }
    socket.on('data', (chunk) => this.onData(chunk))
    socket.on('error', () => socket.destroy())
  }

  private onData(chunk: Buffer): void {
    const bytes = this.carry === null ? chunk : Buffer.concat([this.carry, chunk])
    let at = 0
    while (bytes.length - at >= 4) {
      const size = bytes.readInt32BE(at)
      if (bytes.length - at - 4 < size) break
      this.answer(bytes, at)
      at += 4 + size
    }
    this.carry = at < bytes.length ? bytes.subarray(at) : null
    this.flush()
    if (this.isEnding) this.socket.end()
  }

  private answer(bytes: Buffer, at: number): void {
    const reply = this.isShaken ? this.replyTo(bytes.readInt32BE(at + 8)) : this.replies.handshake
    const to = this.output.take(reply.length)
    this.output.bytes.set(reply, to)
    if (this.isShaken) this.output.view.setInt32(to + 4, bytes.readInt32BE(at + 4))
    this.isShaken = true
  }

  private replyTo(type: number): Buffer {
    if (type === RequestType.closeSession) this.isEnding = true
    if (type === RequestType.getData) return this.replies.read
    if (type === RequestType.setData || type === RequestType.exists) return this.replies.stat
    return this.replies.bare
  }

  private flush(): void {
    const full = this.output
    if (this.isWriting || full.position === 0) return
    this.isWriting = true
    this.output = this.spare
    this.output.position = 0
    this.spare = full
    this.socket.write(full.bytes.subarray(0, full.position), this.onWritten)
  }
}

function makeReplies(payloadBytes: number, seed: number): Replies {
  const stat = Buffer.alloc(STAT_BYTES)
  stat.writeInt32BE(payloadBytes, STAT_DATA_LENGTH_AT)
  const length = Buffer.alloc(4)
  length.writeInt32BE(payloadBytes)
  const payload = new PayloadMaker(payloadBytes, seed).make({ key: 0, writer: 0, sequence: 0 })
  const handshake = Buffer.alloc(4 + CONNECT_RESPONSE_BYTES)
  handshake.writeInt32BE(CONNECT_RESPONSE_BYTES, 0)
  handshake.writeInt32BE(SESSION_TIMEOUT_MS, 8)
  handshake.writeInt32BE(1, 16)
  handshake.writeInt32BE(16, 20)
  return { handshake, read: replyWith([length, payload, stat]), stat: replyWith([stat]), bare: replyWith([]) }
}

function replyWith(body: readonly Buffer[]): Buffer {
  const reply = Buffer.concat([Buffer.alloc(4 + REPLY_HEADER_BYTES), ...body])
  reply.writeInt32BE(reply.length - 4, 0)
  return reply
}

/** Listens on the loopback; answers data requests with `payloadBytes` bytes that raw loads of the seed accept. Port 0 takes any. */
export function listenAsEcho(port: number, payloadBytes: number, seed: number): Server {
  const replies = makeReplies(payloadBytes, seed)
  const server = createServer({ noDelay: true }, (socket) => new EchoConnection(socket, replies))
  return server.listen(port, '127.0.0.1', BACKLOG)
}
