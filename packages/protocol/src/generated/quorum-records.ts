// Generated from the schema by `npm run generate`. Edit the schema instead.
// What servers of an ensemble say to each other, except for votes.

import type { ByteReader } from '../byte-reader.ts'
import type { ByteWriter } from '../byte-writer.ts'
import { readVector, writeVector } from '../vector.ts'

/** One identity of the client whose request is forwarded. */
export interface AuthId {
  readonly scheme: string | null
  readonly id: string | null
}

/** Writes an AuthId. */
export function writeAuthId(out: ByteWriter, value: AuthId): void {
  out.writeString(value.scheme)
  out.writeString(value.id)
}

/** Reads an AuthId. */
export function readAuthId(input: ByteReader): AuthId {
  return {
    scheme: input.readString(),
    id: input.readString(),
  }
}

/** Everything on the link between a learner and its leader; the links of votes have a format of their own. */
export interface QuorumPacket {
  /** See `QuorumPacketType`. */
  readonly type: number
  /** -1 where the packet is about no transaction. */
  readonly zxid: number
  readonly data: Uint8Array | null
  /** Of a REQUEST only. */
  readonly authinfo: readonly AuthId[] | null
}

/** Writes a QuorumPacket. */
export function writeQuorumPacket(out: ByteWriter, value: QuorumPacket): void {
  out.writeInt(value.type)
  out.writeNumber(value.zxid)
  out.writeBuffer(value.data)
  writeVector(out, value.authinfo, writeAuthId)
}

/** Reads a QuorumPacket. */
export function readQuorumPacket(input: ByteReader): QuorumPacket {
  return {
    type: input.readInt(),
    zxid: input.readNumber(),
    data: input.readBuffer(),
    authinfo: readVector(input, 8, readAuthId),
  }
}

/** The data of FOLLOWERINFO and OBSERVERINFO. */
export interface LearnerInfo {
  readonly serverId: number
  /** See `LEARNER_PROTOCOL_VERSION`. */
  readonly protocolVersion: number
  /** Version of the configuration that the learner knows to be agreed on. */
  readonly configVersion: number
}

/** Bytes that a LearnerInfo takes. */
export const LEARNER_INFO_SIZE = 20

/** Writes a LearnerInfo. */
export function writeLearnerInfo(out: ByteWriter, value: LearnerInfo): void {
  out.writeNumber(value.serverId)
  out.writeInt(value.protocolVersion)
  out.writeNumber(value.configVersion)
}

/** Reads a LearnerInfo. */
export function readLearnerInfo(input: ByteReader): LearnerInfo {
  return {
    serverId: input.readNumber(),
    protocolVersion: input.readInt(),
    configVersion: input.readNumber(),
  }
}

/** What the data of a REQUEST begins with; the client's request follows without its header. */
export interface ForwardedRequestHeader {
  readonly sessionId: bigint
  /** The request's xid: session and cxid tell the learner that a transaction is its own client's. */
  readonly cxid: number
  /** An opcode, see `Op`. */
  readonly type: number
}

/** Bytes that a ForwardedRequestHeader takes. */
export const FORWARDED_REQUEST_HEADER_SIZE = 16

/** Writes a ForwardedRequestHeader. */
export function writeForwardedRequestHeader(out: ByteWriter, value: ForwardedRequestHeader): void {
  out.writeLong(value.sessionId)
  out.writeInt(value.cxid)
  out.writeInt(value.type)
}

/** Reads a ForwardedRequestHeader. */
export function readForwardedRequestHeader(input: ByteReader): ForwardedRequestHeader {
  return {
    sessionId: input.readLong(),
    cxid: input.readInt(),
    type: input.readInt(),
  }
}

/** A session that is in use: the data of REVALIDATE to the leader, and one entry of the data of a PING to it. */
export interface SessionTouch {
  readonly sessionId: bigint
  readonly timeoutMs: number
}

/** Bytes that a SessionTouch takes. */
export const SESSION_TOUCH_SIZE = 12

/** Writes a SessionTouch. */
export function writeSessionTouch(out: ByteWriter, value: SessionTouch): void {
  out.writeLong(value.sessionId)
  out.writeInt(value.timeoutMs)
}

/** Reads a SessionTouch. */
export function readSessionTouch(input: ByteReader): SessionTouch {
  return {
    sessionId: input.readLong(),
    timeoutMs: input.readInt(),
  }
}

/** The data of the leader's REVALIDATE. */
export interface RevalidateReply {
  readonly sessionId: bigint
  /** False for a session that expired or never was. */
  readonly isValid: boolean
}

/** Bytes that a RevalidateReply takes. */
export const REVALIDATE_REPLY_SIZE = 9

/** Writes a RevalidateReply. */
export function writeRevalidateReply(out: ByteWriter, value: RevalidateReply): void {
  out.writeLong(value.sessionId)
  out.writeBoolean(value.isValid)
}

/** Reads a RevalidateReply. */
export function readRevalidateReply(input: ByteReader): RevalidateReply {
  return {
    sessionId: input.readLong(),
    isValid: input.readBoolean(),
  }
}

/** A step of the servers' authentication, before anything else on a connection. */
export interface QuorumAuthPacket {
  /** Always `QUORUM_AUTH_MAGIC`; other bytes are no such packet. */
  readonly magic: bigint
  /** See `QuorumAuthStatus`. */
  readonly status: number
  readonly token: Uint8Array | null
}

/** Writes a QuorumAuthPacket. */
export function writeQuorumAuthPacket(out: ByteWriter, value: QuorumAuthPacket): void {
  out.writeLong(value.magic)
  out.writeInt(value.status)
  out.writeBuffer(value.token)
}

/** Reads a QuorumAuthPacket. */
export function readQuorumAuthPacket(input: ByteReader): QuorumAuthPacket {
  return {
    magic: input.readLong(),
    status: input.readInt(),
    token: input.readBuffer(),
  }
}
