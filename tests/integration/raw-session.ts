// Sessions on bare connections: each frame is sent and read by itself, so that a test decides what travels when.

import { ByteReader } from '@tskeeper/protocol'
import { type ConnectRecord, connectRequest, type RawClientOptions, readConnectResponse } from '../support/raw-client.ts'
import type { RawConnection } from '../support/raw-connection.ts'
import { RawErrorName } from '../support/raw-records.ts'

/** A reply's or an event's header, and a reader that stands behind it. */
export interface RawReplyFrame {
  readonly xid: number
  readonly zxid: number
  readonly err: number
  /** Bytes behind the header. */
  readonly bodyLength: number
  readonly body: ByteReader
}

/** Sends a connect request and reads its response. */
export async function openSession(connection: RawConnection, options: RawClientOptions = {}): Promise<ConnectRecord> {
  connection.sendFrame(connectRequest(options))
  return readConnectResponse(await connection.nextFrame())
}

export function parseReply(payload: Uint8Array): RawReplyFrame {
  const body = new ByteReader(payload)
  const xid = body.readInt()
  const zxid = body.readNumber()
  const err = body.readInt()
  return { xid, zxid, err, bodyLength: body.remaining(), body }
}

export async function nextReply(connection: RawConnection): Promise<RawReplyFrame> {
  return parseReply(await connection.nextFrame())
}

export async function nextReplies(connection: RawConnection, count: number): Promise<RawReplyFrame[]> {
  const replies: RawReplyFrame[] = []
  while (replies.length < count) replies.push(await nextReply(connection))
  return replies
}

/** Waits until the server has closed, and tells how many frames it had sent that nobody has read yet. */
export async function framesBeforeClose(connection: RawConnection): Promise<number> {
  let count = 0
  for (;;) {
    try {
      await connection.nextFrame()
      count++
    } catch (error) {
      if (!connection.isClosed) throw error
      return count
    }
  }
}

/** `OK`, or the name of the error that a reply carries: what a test compares and a person reads. */
export function errorName(code: number): string {
  return code === 0 ? 'OK' : (RawErrorName[code] ?? String(code))
}
