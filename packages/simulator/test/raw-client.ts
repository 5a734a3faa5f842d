// A client of which a test says every request, and reads every reply.

import { SESSION_PASSWORD_LENGTH, sessionPassword } from '@tskeeper/core'
import { ByteReader, ByteWriter, ErrorCode, Op } from '@tskeeper/protocol/server'
import type { ConnectionHandler, NetworkConnection } from '@tskeeper/server'
import type { Machine } from '../src/world/machine.ts'
import { CLIENT_PORT, serverAddress } from '../src/world/server-node.ts'
import type { VirtualNetwork } from '../src/world/virtual-network.ts'

/** The session timeout that each of them asks for. */
export const TIMEOUT_MS = 2000

/** What a client is answered. */
export interface Reply {
  readonly xid: number
  readonly err: number
  /** Of a create: the path. */
  readonly path: string | null
}

/** A client's connection, of which the test says every byte. */
export class RawClient implements ConnectionHandler {
  /** What the server has confirmed: 0 if it refused, null as long as it has not answered. */
  sessionId: bigint | null = null
  isClosed = false
  readonly replies: Reply[] = []
  private bytes: Uint8Array = new Uint8Array(0)
  private connection: NetworkConnection | null = null
  /** Requests that are creates, by their numbers. */
  private readonly creates = new Set<number>()

  constructor(network: VirtualNetwork, machine: Machine, serverId: number, sessionId: bigint, requests: readonly Request[]) {
    const options = { host: serverAddress(serverId), port: CLIENT_PORT, timeoutMs: 1000, noDelay: true, keepAlive: false }
    network.of(machine).connect(options, this, (error, connection) => {
      if (error !== null) throw error
      this.connection = connection
      this.write(connectRequest(sessionId))
      this.send(...requests)
    })
  }

  send(...requests: readonly Request[]): void {
    for (const request of requests) {
      if (request.op === Op.create) this.creates.add(request.xid)
      this.write(requestBytes(request))
    }
  }

  private write(payload: Uint8Array): void {
    const out = new ByteWriter(64)
    out.writeBuffer(payload)
    const frame = out.toBytes()
    this.connection?.write(frame, frame.length)
  }

  onData(bytes: Uint8Array, _view: DataView, length: number): void {
    this.bytes = Uint8Array.from([...this.bytes, ...bytes.subarray(0, length)])
    const reader = new ByteReader(this.bytes)
    while (reader.remaining() >= 4) {
      const frame = reader.readBuffer()
      if (frame !== null) this.receive(new ByteReader(frame))
    }
    this.bytes = new Uint8Array(0)
  }

  private receive(reader: ByteReader): void {
    const first = reader.readInt()
    if (this.sessionId === null) {
      reader.readInt()
      this.sessionId = reader.readLong()
      return
    }
    reader.readNumber()
    const err = reader.readInt()
    const path = err === ErrorCode.OK && this.creates.has(first) ? reader.readString() : null
    this.replies.push({ xid: first, err, path })
  }

  onDrain(): void {}

  onEnd(): void {
    this.isClosed = true
    this.connection?.end()
  }

  onClose(): void {
    this.isClosed = true
  }
}

/** What a client asks. */
export interface Request {
  readonly xid: number
  readonly op: number
  readonly path: string
}

function requestBytes({ xid, op, path }: Request): Uint8Array {
  const out = new ByteWriter(64)
  out.writeInt(xid)
  out.writeInt(op)
  if (op === Op.closeSession) return out.toBytes()
  out.writeString(path)
  if (op === Op.exists) out.writeBoolean(false)
  if (op === Op.create) writeCreate(out)
  return out.toBytes()
}

/** The rest of a create: no data, everyone may do everything, a persistent node. */
function writeCreate(out: ByteWriter): void {
  out.writeBuffer(null)
  out.writeInt(1)
  out.writeInt(31)
  out.writeString('world')
  out.writeString('anyone')
  out.writeInt(0)
}

function connectRequest(sessionId: bigint): Uint8Array {
  const password = new Uint8Array(SESSION_PASSWORD_LENGTH)
  if (sessionId !== 0n) sessionPassword(sessionId, password)
  const out = new ByteWriter(64)
  out.writeInt(0)
  out.writeNumber(0)
  out.writeInt(TIMEOUT_MS)
  out.writeLong(sessionId)
  out.writeBuffer(password)
  out.writeBoolean(false)
  return out.toBytes()
}

export const create = (xid: number, path: string): Request => ({ xid, op: Op.create, path })
export const exists = (xid: number, path: string): Request => ({ xid, op: Op.exists, path })
export const sync = (xid: number): Request => ({ xid, op: Op.sync, path: '/' })
export const closeSession = (xid: number): Request => ({ xid, op: Op.closeSession, path: '' })
