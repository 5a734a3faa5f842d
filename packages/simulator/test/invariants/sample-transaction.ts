// Transactions for tests, in the form of the log.

import { ByteWriter, Op } from '@tskeeper/protocol/server'
import type { TransactionBytes } from '../../src/probe/probe.ts'

export const EPOCH = 4294967296

export function setDataBytes(zxid: number, path: string, data: string, version: number, timeMs?: number): TransactionBytes {
  const out = header(zxid, Op.setData, timeMs)
  out.writeString(path)
  out.writeBuffer(new TextEncoder().encode(data))
  out.writeInt(version)
  return spanOf(zxid, out)
}

export function createBytes(zxid: number, path: string, data = '', isEphemeral = false): TransactionBytes {
  const out = header(zxid, Op.create)
  out.writeString(path)
  out.writeBuffer(new TextEncoder().encode(data))
  out.writeInt(1)
  out.writeInt(31)
  out.writeString('world')
  out.writeString('anyone')
  out.writeBoolean(isEphemeral)
  out.writeInt(1)
  return spanOf(zxid, out)
}

export function deleteBytes(zxid: number, path: string): TransactionBytes {
  const out = header(zxid, Op.delete)
  out.writeString(path)
  return spanOf(zxid, out)
}

/** A container, or with a time to live a TTL node. */
export function createReapedBytes(zxid: number, path: string, ttlMs: number, timeMs: number): TransactionBytes {
  const out = header(zxid, ttlMs === 0 ? Op.createContainer : Op.createTTL, timeMs)
  out.writeString(path)
  out.writeBuffer(new Uint8Array(0))
  out.writeInt(0)
  out.writeInt(1)
  if (ttlMs > 0) out.writeNumber(ttlMs)
  return spanOf(zxid, out)
}

/** The server deletes a node by itself. */
export function reapBytes(zxid: number, path: string, timeMs: number): TransactionBytes {
  const out = header(zxid, Op.deleteContainer, timeMs)
  out.writeString(path)
  return spanOf(zxid, out)
}

/** The session 7, of which all these transactions are, begins or ends. */
export function sessionBytes(zxid: number, type: typeof Op.createSession | typeof Op.closeSession): TransactionBytes {
  return spanOf(zxid, header(zxid, type))
}

function header(zxid: number, type: number, timeMs = 1_750_000_000_000): ByteWriter {
  const out = new ByteWriter(128)
  out.writeLong(7n)
  out.writeInt(1)
  out.writeNumber(zxid)
  out.writeNumber(timeMs)
  out.writeInt(type)
  return out
}

function spanOf(zxid: number, out: ByteWriter): TransactionBytes {
  const bytes = out.toBytes()
  return { zxid, bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), start: 0, end: bytes.length }
}
