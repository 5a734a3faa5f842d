import { type ByteReader, type ByteWriter, beginFrame, endFrame, PASSWORD_LENGTH } from '@tskeeper/protocol'

/** What a client asks of a server that it connects to. */
export interface SessionRequest {
  readonly lastZxid: bigint
  readonly timeoutMs: number
  /** 0n asks for a new session. */
  readonly sessionId: bigint
  readonly password: Uint8Array
  /** Whether a read-only server will do. */
  readonly acceptsReadOnly: boolean
}

/** What a server grants. */
export interface SessionGrant {
  /** 0 or less: the session is refused, which means that it has expired. */
  readonly timeoutMs: number
  readonly sessionId: bigint
  readonly password: Uint8Array
  readonly isReadOnly: boolean
}

/** Writes the first frame of a connection. zxids are written with all their bits, which the record of the server side does not need. */
export function writeSessionRequest(out: ByteWriter, request: SessionRequest): void {
  const start = beginFrame(out)
  out.writeInt(0)
  out.writeLong(request.lastZxid)
  out.writeInt(request.timeoutMs)
  out.writeLong(request.sessionId)
  out.writeBuffer(request.password)
  out.writeBoolean(request.acceptsReadOnly)
  endFrame(out, start)
}

/** Reads the first frame that a server sends; old servers leave out the last byte. */
export function readSessionGrant(input: ByteReader): SessionGrant {
  input.readInt()
  const timeoutMs = input.readInt()
  const sessionId = input.readLong()
  const password = input.readBuffer() ?? new Uint8Array(PASSWORD_LENGTH)
  const isReadOnly = input.remaining() > 0 && input.readBoolean()
  return { timeoutMs, sessionId, password, isReadOnly }
}
