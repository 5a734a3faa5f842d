// Generated from the schema by `npm run generate`. Edit the schema instead.
// What opens a connection, what frames the messages on it, and who its client is.

import type { ByteReader } from '../byte-reader.ts'
import type { ByteWriter } from '../byte-writer.ts'

/** The first message of a client. It has no header. */
export interface ConnectRequest {
  readonly protocolVersion: number
  readonly lastZxidSeen: number
  /** The session timeout that the client asks for. */
  readonly timeoutMs: number
  /** 0 asks for a new session. */
  readonly sessionId: bigint
  readonly password: Uint8Array | null
  /** Whether a read-only server will do; old clients do not send it. */
  readonly readOnly: boolean | null
}

/** Writes a ConnectRequest. */
export function writeConnectRequest(out: ByteWriter, value: ConnectRequest): void {
  out.writeInt(value.protocolVersion)
  out.writeNumber(value.lastZxidSeen)
  out.writeInt(value.timeoutMs)
  out.writeLong(value.sessionId)
  out.writeBuffer(value.password)
  if (value.readOnly !== null) out.writeBoolean(value.readOnly)
}

/** Reads a ConnectRequest. */
export function readConnectRequest(input: ByteReader): ConnectRequest {
  return {
    protocolVersion: input.readInt(),
    lastZxidSeen: input.readNumber(),
    timeoutMs: input.readInt(),
    sessionId: input.readLong(),
    password: input.readBuffer(),
    readOnly: input.remaining() > 0 ? input.readBoolean() : null,
  }
}

/** The answer to a ConnectRequest. It has no header. */
export interface ConnectResponse {
  readonly protocolVersion: number
  /** The timeout that was granted; 0 refuses the session. */
  readonly timeoutMs: number
  readonly sessionId: bigint
  readonly password: Uint8Array | null
  /** Sent only to clients that sent theirs. */
  readonly readOnly: boolean | null
}

/** Writes a ConnectResponse. */
export function writeConnectResponse(out: ByteWriter, value: ConnectResponse): void {
  out.writeInt(value.protocolVersion)
  out.writeInt(value.timeoutMs)
  out.writeLong(value.sessionId)
  out.writeBuffer(value.password)
  if (value.readOnly !== null) out.writeBoolean(value.readOnly)
}

/** Reads a ConnectResponse. */
export function readConnectResponse(input: ByteReader): ConnectResponse {
  return {
    protocolVersion: input.readInt(),
    timeoutMs: input.readInt(),
    sessionId: input.readLong(),
    password: input.readBuffer(),
    readOnly: input.remaining() > 0 ? input.readBoolean() : null,
  }
}

/** What every request but the first begins with. */
export interface RequestHeader {
  readonly xid: number
  /** An opcode, see `Op`. */
  readonly type: number
}

/** Bytes that a RequestHeader takes. */
export const REQUEST_HEADER_SIZE = 8

/** Writes a RequestHeader. */
export function writeRequestHeader(out: ByteWriter, value: RequestHeader): void {
  out.writeInt(value.xid)
  out.writeInt(value.type)
}

/** Reads a RequestHeader. */
export function readRequestHeader(input: ByteReader): RequestHeader {
  return {
    xid: input.readInt(),
    type: input.readInt(),
  }
}

/** What every reply and notification begins with; nothing follows it when `err` is not 0. */
export interface ReplyHeader {
  readonly xid: number
  readonly zxid: number
  /** See `ErrorCode`. */
  readonly err: number
}

/** Bytes that a ReplyHeader takes. */
export const REPLY_HEADER_SIZE = 16

/** Writes a ReplyHeader. */
export function writeReplyHeader(out: ByteWriter, value: ReplyHeader): void {
  out.writeInt(value.xid)
  out.writeNumber(value.zxid)
  out.writeInt(value.err)
}

/** Reads a ReplyHeader. */
export function readReplyHeader(input: ByteReader): ReplyHeader {
  return {
    xid: input.readInt(),
    zxid: input.readNumber(),
    err: input.readInt(),
  }
}

/** What each part of a multi begins with, and what ends the list. */
export interface MultiHeader {
  /** An opcode, or -1 for an error result and for the end. */
  readonly type: number
  /** True in the header that ends the list. */
  readonly done: boolean
  /** -1 in requests and at the end. */
  readonly err: number
}

/** Bytes that a MultiHeader takes. */
export const MULTI_HEADER_SIZE = 9

/** Writes a MultiHeader. */
export function writeMultiHeader(out: ByteWriter, value: MultiHeader): void {
  out.writeInt(value.type)
  out.writeBoolean(value.done)
  out.writeInt(value.err)
}

/** Reads a MultiHeader. */
export function readMultiHeader(input: ByteReader): MultiHeader {
  return {
    type: input.readInt(),
    done: input.readBoolean(),
    err: input.readInt(),
  }
}

/** The body of a notification. */
export interface WatcherEvent {
  /** See `EventType`. */
  readonly type: number
  /** See `KeeperState`. */
  readonly state: number
  readonly path: string | null
}

/** Writes a WatcherEvent. */
export function writeWatcherEvent(out: ByteWriter, value: WatcherEvent): void {
  out.writeInt(value.type)
  out.writeInt(value.state)
  out.writeString(value.path)
}

/** Reads a WatcherEvent. */
export function readWatcherEvent(input: ByteReader): WatcherEvent {
  return {
    type: input.readInt(),
    state: input.readInt(),
    path: input.readString(),
  }
}

/** Adds an identity to the connection. */
export interface AuthPacket {
  /** Always 0, and ignored. */
  readonly type: number
  readonly scheme: string | null
  readonly auth: Uint8Array | null
}

/** Writes an AuthPacket. */
export function writeAuthPacket(out: ByteWriter, value: AuthPacket): void {
  out.writeInt(value.type)
  out.writeString(value.scheme)
  out.writeBuffer(value.auth)
}

/** Reads an AuthPacket. */
export function readAuthPacket(input: ByteReader): AuthPacket {
  return {
    type: input.readInt(),
    scheme: input.readString(),
    auth: input.readBuffer(),
  }
}

/** A client's token in a SASL exchange. */
export interface GetSaslRequest {
  readonly token: Uint8Array | null
}

/** Writes a GetSaslRequest. */
export function writeGetSaslRequest(out: ByteWriter, value: GetSaslRequest): void {
  out.writeBuffer(value.token)
}

/** Reads a GetSaslRequest. */
export function readGetSaslRequest(input: ByteReader): GetSaslRequest {
  return {
    token: input.readBuffer(),
  }
}

/** A token in the other direction; nobody sends it. */
export interface SetSaslRequest {
  readonly token: Uint8Array | null
}

/** Writes a SetSaslRequest. */
export function writeSetSaslRequest(out: ByteWriter, value: SetSaslRequest): void {
  out.writeBuffer(value.token)
}

/** Reads a SetSaslRequest. */
export function readSetSaslRequest(input: ByteReader): SetSaslRequest {
  return {
    token: input.readBuffer(),
  }
}

/** The server's token in a SASL exchange. */
export interface SetSaslResponse {
  readonly token: Uint8Array | null
}

/** Writes a SetSaslResponse. */
export function writeSetSaslResponse(out: ByteWriter, value: SetSaslResponse): void {
  out.writeBuffer(value.token)
}

/** Reads a SetSaslResponse. */
export function readSetSaslResponse(input: ByteReader): SetSaslResponse {
  return {
    token: input.readBuffer(),
  }
}
