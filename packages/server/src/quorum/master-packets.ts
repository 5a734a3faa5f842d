// The packets that a leader sends its learners, and a follower that feeds observers those, but for proposals and commits.

import { formatMembership, type QuorumVerifier } from '@tskeeper/core'
import {
  type ByteWriter,
  beginDataPacket,
  endDataPacket,
  LEARNER_PROTOCOL_VERSION,
  QuorumPacketType,
  utf8Bytes,
  writeBarePacket,
  writeDataPacket,
} from '@tskeeper/protocol/server'

/** The epoch, in the zxid of its beginning. */
export function writeLeaderInfo(out: ByteWriter, zxid: number): void {
  const start = beginDataPacket(out, QuorumPacketType.leaderInfo, zxid)
  out.writeInt(LEARNER_PROTOCOL_VERSION)
  endDataPacket(out, start)
}

/** Behind what the learner lacked: the configuration that it is to know. */
export function writeNewLeader(out: ByteWriter, zxid: number, config: QuorumVerifier): void {
  const text = utf8Bytes(formatMembership(config.membership))
  writeDataPacket(out, QuorumPacketType.newLeader, zxid, text, 0, text.length)
}

/** The learner may serve. */
export function writeUpToDate(out: ByteWriter): void {
  writeBarePacket(out, QuorumPacketType.upToDate, -1)
}

export function writePing(out: ByteWriter, zxid: number): void {
  writeBarePacket(out, QuorumPacketType.ping, zxid)
}

/** The oldest sync that waits is done. */
export function writeSyncAnswer(out: ByteWriter): void {
  writeBarePacket(out, QuorumPacketType.sync, 0)
}

/** The answer to a question about a session, with the zxid that the question had. */
export function writeValidity(out: ByteWriter, zxid: number, sessionId: bigint, isValid: boolean): void {
  const start = beginDataPacket(out, QuorumPacketType.revalidate, zxid)
  out.writeLong(sessionId)
  out.writeBoolean(isValid)
  endDataPacket(out, start)
}

/**
 * What an observer applies at once: the transaction `bytes[start, end)`. `designatedLeader` is that of a reconfiguration, which it activates;
 * null for all others.
 */
export function writeInform(
  out: ByteWriter,
  zxid: number,
  designatedLeader: number | null,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  const type = designatedLeader === null ? QuorumPacketType.inform : QuorumPacketType.informAndActivate
  const packetStart = beginDataPacket(out, type, zxid)
  if (designatedLeader !== null) out.writeNumber(designatedLeader)
  out.writeBytes(bytes.subarray(start, end))
  endDataPacket(out, packetStart)
}

/** The commit of a reconfiguration. */
export function writeActivation(out: ByteWriter, zxid: number, designatedLeader: number): void {
  const start = beginDataPacket(out, QuorumPacketType.commitAndActivate, zxid)
  out.writeNumber(designatedLeader)
  endDataPacket(out, start)
}
