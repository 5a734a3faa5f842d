// The packets on the link between a learner (follower or observer) and its leader, or an observer's master. They
// follow one another without a length of their own; a SNAP is followed by the bytes of a snapshot.

import { type ByteReader, DecodeError } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import type { LearnerInfo } from './generated/quorum-records.ts'

/** What a packet is. L is the leader or an observer's master, F a follower, O an observer. */
export const QuorumPacketType = {
  /** F, O to L: a client's write. */
  request: 1,
  /** L to F: a transaction to log and acknowledge. */
  proposal: 2,
  /** F, O to L: logged and synced. */
  ack: 3,
  /** L to F: a proposal to apply. */
  commit: 4,
  /** Both ways; the answer carries the sessions that were in use. */
  ping: 5,
  /** Both ways: whether a session that comes from another server lives. */
  revalidate: 6,
  /** L to F, O: everything that was committed when a client's sync arrived has been sent. */
  sync: 7,
  /** L to O: a transaction to apply. */
  inform: 8,
  /** L to F: commit, and the configuration in it is in force from now on. */
  commitAndActivate: 9,
  /** L to F, O: the end of the synchronisation. */
  newLeader: 10,
  /** F to L: its first packet. */
  followerInfo: 11,
  /** L to F, O: serve clients. */
  upToDate: 12,
  /** L to F, O: what is missing follows as proposals and commits. */
  diff: 13,
  /** L to F, O: cut the log after this zxid. */
  trunc: 14,
  /** L to F, O: the bytes of a whole snapshot follow. */
  snap: 15,
  /** O to L: its first packet. */
  observerInfo: 16,
  /** L to F, O: the new epoch. */
  leaderInfo: 17,
  /** F, O to L: the answer to `leaderInfo`. */
  ackEpoch: 18,
  /** L to O: inform, and the configuration in it is in force from now on. */
  informAndActivate: 19,
} as const

/** A type that exists. */
export type QuorumPacketType = (typeof QuorumPacketType)[keyof typeof QuorumPacketType]

/** The name of a type that exists. */
export type QuorumPacketName = keyof typeof QuorumPacketType

/** Type, zxid, length of the data and count of identities: a packet with neither data nor identities. */
export const QUORUM_PACKET_SIZE_MIN = 20
/** Bytes before the data: type, zxid and length. */
export const QUORUM_PACKET_HEADER_SIZE = 16
/** The protocol between learner and leader, in LearnerInfo and in LEADERINFO's data. */
export const LEARNER_PROTOCOL_VERSION = 0x10000
/** ACKEPOCH's data when this epoch was answered before: "my vote is counted already, here is my last zxid". */
export const EPOCH_ALREADY_ACKED = -1
/** What follows the bytes of a SNAP's snapshot, as a string with its length. */
export const SNAPSHOT_SIGNATURE = 'BenWasHere'

/** First eight bytes of a `QuorumAuthPacket`. */
export const QUORUM_AUTH_MAGIC = 0x5f2435013501edccn

/** Where the authentication between two servers stands. */
export const QuorumAuthStatus = {
  inProgress: 0,
  success: 1,
  error: -1,
} as const

const names = new Map<number, QuorumPacketName>()
for (const [name, type] of Object.entries(QuorumPacketType)) names.set(type, name as QuorumPacketName)

/** The type's name, or `unknown <number>`. */
export function quorumPacketName(type: number): string {
  return names.get(type) ?? `unknown ${type}`
}

/** Writes a packet without data and identities. */
export function writeBarePacket(out: ByteWriter, type: QuorumPacketType, zxid: number): void {
  out.writeInt(type)
  out.writeNumber(zxid)
  out.writeInt(-1)
  out.writeInt(-1)
}

/** Writes a packet with `bytes[start, end)` as its data and without identities. */
export function writeDataPacket(
  out: ByteWriter,
  type: QuorumPacketType,
  zxid: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  const packetStart = beginDataPacket(out, type, zxid)
  out.writeBytes(bytes.subarray(start, end))
  endDataPacket(out, packetStart)
}

/** Begins a packet whose data the caller writes; returns where it begins, for `endDataPacket`. */
export function beginDataPacket(out: ByteWriter, type: QuorumPacketType, zxid: number): number {
  const start = out.position
  out.writeInt(type)
  out.writeNumber(zxid)
  out.writeInt(0)
  return start
}

/** Fills in the length of the data of the packet that begins at `start`, and ends it without identities. */
export function endDataPacket(out: ByteWriter, start: number): void {
  endPacketData(out, start)
  out.writeInt(-1)
}

/** Fills in the length of the data of the packet that begins at `start`; the caller writes the identities. */
export function endPacketData(out: ByteWriter, start: number): void {
  out.view.setInt32(start + QUORUM_PACKET_HEADER_SIZE - 4, out.position - start - QUORUM_PACKET_HEADER_SIZE)
}

/**
 * Where the parts of one packet lie. One object serves a whole link: `scan` sets its fields, and nothing is allocated
 * or copied.
 */
export class QuorumPacketSpan {
  type = 0
  zxid = 0
  /** The packet's first byte. */
  start = 0
  /** First byte of the data. */
  dataStart = 0
  /** -1 for no data, which is not the same as data of no bytes. */
  dataLength = -1
  /** First byte of the identities, at their count: a vector of `AuthId`. */
  authStart = 0
  /** One past the packet's last byte. */
  end = 0

  /**
   * Looks for a whole packet at `view[start, end)`. Returns 0 and sets the fields if there is one; else how many bytes
   * from `start` on it takes at least, always more than there are. Throws a `DecodeError` for lengths that no packet
   * can have; `lengthMax` bounds the data and each identity.
   */
  scan(view: DataView, start: number, end: number, lengthMax: number): number {
    if (end - start < QUORUM_PACKET_SIZE_MIN) return QUORUM_PACKET_SIZE_MIN
    const dataLength = view.getInt32(start + 12)
    if (dataLength < -1 || dataLength > lengthMax) {
      throw new DecodeError(`${quorumPacketName(view.getInt32(start))} with ${dataLength} bytes of data`, start + 12)
    }
    const authStart = start + QUORUM_PACKET_HEADER_SIZE + Math.max(dataLength, 0)
    if (end - authStart < 4) return authStart + 4 - start
    const packetEnd = view.getInt32(authStart) <= 0 ? authStart + 4 : identitiesEnd(view, authStart, end, lengthMax)
    if (packetEnd > end) return packetEnd - start
    this.type = view.getInt32(start)
    this.zxid = view.getInt32(start + 4) * 4294967296 + view.getUint32(start + 8)
    this.start = start
    this.dataStart = start + QUORUM_PACKET_HEADER_SIZE
    this.dataLength = dataLength
    this.authStart = authStart
    this.end = packetEnd
    return 0
  }
}

/** A client that holds more identities than this does not exist; the count comes from another machine. */
const IDENTITY_COUNT_MAX = 65536

/** One past the last byte of the identities, as far as it can be told: past `end` when bytes are missing. */
function identitiesEnd(view: DataView, authStart: number, end: number, lengthMax: number): number {
  const count = view.getInt32(authStart)
  if (count > IDENTITY_COUNT_MAX) throw new DecodeError(`a packet with ${count} identities`, authStart)
  let at = authStart + 4
  for (let stringsLeft = count * 2; stringsLeft > 0; stringsLeft--) {
    if (end - at < 4) return at + stringsLeft * 4
    const length = view.getInt32(at)
    if (length < -1 || length > lengthMax) throw new DecodeError(`an identity with a text of ${length} bytes`, at)
    at += 4 + Math.max(length, 0)
  }
  return at
}

/**
 * What FOLLOWERINFO or OBSERVERINFO tell. Older servers send less: without data, `serverId` is null; the rest has the
 * values that stand for "not told". Throws a `DecodeError` for data that is too short for an id.
 */
export function readLearnerInfoData(input: ByteReader): { readonly serverId: number | null } & Omit<LearnerInfo, 'serverId'> {
  if (input.remaining() === 0) return { serverId: null, protocolVersion: 1, configVersion: 0 }
  const serverId = input.readNumber()
  const protocolVersion = input.remaining() >= 4 ? input.readInt() : 1
  const configVersion = input.remaining() >= 8 ? input.readNumber() : 0
  return { serverId, protocolVersion, configVersion }
}
