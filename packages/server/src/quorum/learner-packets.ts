// The packets that a learner sends, but for its acknowledgements.

import type { Identity } from '@tskeeper/core'
import {
  type ByteReader,
  type ByteWriter,
  beginDataPacket,
  endDataPacket,
  endPacketData,
  LEARNER_PROTOCOL_VERSION,
  Op,
  QuorumPacketType,
} from '@tskeeper/protocol/server'

/** The first packet: who the learner is, and which configuration it knows. */
export function writeLearnerInfo(
  out: ByteWriter,
  isObserver: boolean,
  zxid: number,
  serverId: number,
  configVersion: number,
): void {
  const start = beginDataPacket(out, isObserver ? QuorumPacketType.observerInfo : QuorumPacketType.followerInfo, zxid)
  out.writeNumber(serverId)
  out.writeInt(LEARNER_PROTOCOL_VERSION)
  out.writeNumber(configVersion)
  endDataPacket(out, start)
}

/** The answer to the leader's epoch; `epoch` is -1 when this one was answered before. */
export function writeAckEpoch(out: ByteWriter, lastZxid: number, epoch: number): void {
  const start = beginDataPacket(out, QuorumPacketType.ackEpoch, lastZxid)
  out.writeInt(epoch)
  endDataPacket(out, start)
}

/** A client's request; its record goes from the place of `input` to its end, null is none. */
export function writeRequest(
  out: ByteWriter,
  sessionId: bigint,
  xid: number,
  op: number,
  input: ByteReader | null,
  identities: readonly Identity[] | null,
): void {
  const start = beginRequest(out, sessionId, xid, op)
  if (input !== null) out.writeBytes(input.bytes.subarray(input.position, input.end))
  endPacketData(out, start)
  writeIdentities(out, identities)
}

/** A request of the learner itself, whose record is one number. */
export function writeIntRequest(out: ByteWriter, sessionId: bigint, op: number, value: number): void {
  const start = beginRequest(out, sessionId, 0, op)
  out.writeInt(value)
  endDataPacket(out, start)
}

/** A sync of the learner itself, in the name of a session. */
export function writeSyncRequest(out: ByteWriter, sessionId: bigint): void {
  const start = beginRequest(out, sessionId, 0, Op.sync)
  out.writeString('/')
  endDataPacket(out, start)
}

/** The question whether a session lives that a client brought along. */
export function writeRevalidation(out: ByteWriter, sessionId: bigint, timeoutMs: number): void {
  const start = beginDataPacket(out, QuorumPacketType.revalidate, -1)
  out.writeLong(sessionId)
  out.writeInt(timeoutMs)
  endDataPacket(out, start)
}

function beginRequest(out: ByteWriter, sessionId: bigint, xid: number, op: number): number {
  const start = beginDataPacket(out, QuorumPacketType.request, -1)
  out.writeLong(sessionId)
  out.writeInt(xid)
  out.writeInt(op)
  return start
}

function writeIdentities(out: ByteWriter, identities: readonly Identity[] | null): void {
  if (identities === null) {
    out.writeInt(-1)
    return
  }
  out.writeInt(identities.length)
  for (const { scheme, id } of identities) {
    out.writeString(scheme)
    out.writeString(id)
  }
}
