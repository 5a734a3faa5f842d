// Transactions for tests, in the form of the log.

import { ByteWriter, Op } from '@tskeeper/protocol/server'
import type { TransactionBytes } from '../../src/probe/probe.ts'

export const EPOCH = 4294967296

export function setDataBytes(zxid: number, path: string, data: string, version: number): TransactionBytes {
  const out = header(zxid, Op.setData)
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

function header(zxid: number, type: number): ByteWriter {
  const out = new ByteWriter(128)
  out.writeLong(7n)
  out.writeInt(1)
  out.writeNumber(zxid)
  out.writeNumber(1_750_000_000_000)
  out.writeInt(type)
  return out
}

function spanOf(zxid: number, out: ByteWriter): TransactionBytes {
  const bytes = out.toBytes()
  return { zxid, bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), start: 0, end: bytes.length }
}
