// A snapshot as it goes from a leader to a learner: sessions, ACL lists and nodes as in a snapshot's file, without header
// and seals, then a signature. It is written in pieces while the tree goes on changing; what changes meanwhile follows as
// transactions.

import type { Database, SnapshotSource, SnapshotTarget } from '@tskeeper/core'
import { type ByteWriter, DecodeError, SNAPSHOT_SIGNATURE, utf8Bytes, writeAcl, writeVector } from '@tskeeper/protocol/server'
import { SnapshotParser } from '../storage/snapshot-parser.ts'
import type { StreamPump } from './quorum-link.ts'

/** Content that a piece takes from the tree. */
const PIECE_BYTES = 128 * 1024
const SIGNATURE_SIZE = 4 + SNAPSHOT_SIGNATURE.length

/** Writes the snapshot piece by piece; calls `onPiece` for each and `onEnd` behind the last. */
export function snapshotPump(source: SnapshotSource, onPiece: () => void, onEnd: () => void): StreamPump {
  let isBegun = false
  return (out) => {
    if (!isBegun) writeStart(out, source)
    isBegun = true
    const isLast = source.writeNodes(out, PIECE_BYTES)
    onPiece()
    if (!isLast) return false
    out.writeString('/')
    out.writeString(SNAPSHOT_SIGNATURE)
    onEnd()
    return true
  }
}

function writeStart(out: ByteWriter, source: SnapshotSource): void {
  out.writeInt(source.sessions.length)
  for (const session of source.sessions) {
    out.writeLong(session.id)
    out.writeInt(session.timeoutMs)
  }
  out.writeInt(source.aclLists.length)
  for (const list of source.aclLists) {
    out.writeNumber(list.id)
    writeVector(out, list.acl, writeAcl)
  }
}

/** Takes the snapshot that a leader sends. */
export class SnapshotReceiver {
  readonly database: Database
  private readonly parser: SnapshotParser
  private readonly zxid: number

  constructor(database: Database, target: SnapshotTarget, zxid: number) {
    this.database = database
    this.zxid = zxid
    this.parser = new SnapshotParser(target, true)
  }

  /**
   * Takes bytes. -1: there is more to come; else the snapshot is complete, and so many of the bytes belonged to it. Throws `DecodeError`
   * for bytes that are no snapshot.
   */
  receive(bytes: Uint8Array, start: number, end: number): number {
    const { parser } = this
    parser.push(bytes.subarray(start, end))
    if (!parser.hasAllNodes) return -1
    const rest = parser.rest()
    if (rest.length < SIGNATURE_SIZE) return -1
    for (let i = 0; i < SIGNATURE_SIZE; i++) {
      if (rest[i] !== SIGNATURE[i]) throw new DecodeError('the snapshot of the leader does not end with its signature', i)
    }
    parser.finishStream(this.zxid)
    return end - start - (rest.length - SIGNATURE_SIZE)
  }
}

const SIGNATURE = makeSignature()

function makeSignature(): Uint8Array {
  const text = utf8Bytes(SNAPSHOT_SIGNATURE)
  const bytes = new Uint8Array(SIGNATURE_SIZE)
  new DataView(bytes.buffer).setInt32(0, text.length)
  bytes.set(text, 4)
  return bytes
}
