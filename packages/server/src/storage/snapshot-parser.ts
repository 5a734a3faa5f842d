// Takes a snapshot's unpacked bytes as they come, from a file, an unpacker or a connection, and gives its parts to a
// target. A part is handed on when all its bytes are there; what is not is kept and joined with what comes next, so
// that the memory in use is that of one chunk, or of the largest node.
//
//   | header | sessions | ACL lists | nodes | "/" | seal |  and then, each of them or not:
//   | zxid digest | seal | last zxid | seal |
//
// A seal is the Adler-32 of everything in front of it, and the string "/".
//
// Damaged bytes reach the target before the seal can tell of them, and the target may stumble over them. So what it throws is
// kept until the seal has been seen: if that is wrong the bytes were the cause, otherwise the failure is the target's own.

import type { SnapshotDigest, SnapshotTarget } from '@tskeeper/core'
import {
  type Acl,
  adler32,
  ByteReader,
  DecodeError,
  DIGEST_VERSION,
  FILE_HEADER_SIZE,
  readAcl,
  SNAPSHOT_MAGIC,
} from '@tskeeper/protocol/server'
import { ZXID_MAX } from './zxid.ts'

/** What the buffer begins with; it grows to what is asked of it. */
const BUFFER_BYTES = 16 * 1024
const END_MARKER_SIZE = 5
const SEAL_SIZE = 8 + 5
const LAST_ZXID_SIZE = 8
const SESSION_SIZE = 12
const STAT_SIZE = 60
const SLASH = 0x2f
/** What may follow the known sections is ignored, and not even kept beyond this. */
const TAIL_MAX_BYTES = 64 * 1024

/** What a file said about itself. */
export interface SnapshotSummary {
  readonly nodeCount: number
  /** Null in files without the section. */
  readonly digest: SnapshotDigest | null
  /** The last section, from 3.9 on; null if it is not there. */
  readonly lastProcessedZxid: number | null
}

type Phase = 'header' | 'sessions' | 'aclLists' | 'nodes' | 'tail'

export class SnapshotParser {
  /** The bytes that are not used up yet are somewhere in front of `filled`; the next ones go to `bytes[filled]`. */
  bytes: Uint8Array = new Uint8Array(BUFFER_BYTES)
  filled = 0
  private readonly isStream: boolean
  private target: SnapshotTarget
  /** What the target threw; nothing more is given to it then. */
  private targetFailure: { readonly error: unknown } | null = null
  private readonly reader: ByteReader
  private phase: Phase = 'header'
  /** The next byte to be looked at, and where `bytes[0]` lies in the file. */
  private at = 0
  private offset = 0
  /** Adler-32 of the file up to `bytes[summedTo]`. */
  private sum = 1
  private summedTo = 0
  /** Sessions or ACL lists that are still to come; -1 before their number was read. */
  private remaining = -1
  private nodeCount = 0

  /** With `isStream` the bytes are those that a leader sends: there is no header, and no seal behind the nodes. */
  constructor(target: SnapshotTarget, isStream = false) {
    this.target = target
    this.isStream = isStream
    if (isStream) this.phase = 'sessions'
    this.reader = new ByteReader(this.bytes)
  }

  /** The last node has been read; what follows in the stream is in `rest`. */
  get hasAllNodes(): boolean {
    return this.phase === 'tail'
  }

  /** Bytes that have come behind the last node. */
  rest(): Uint8Array {
    return this.bytes.subarray(this.at, this.filled)
  }

  /** The stream has ended as it should: finishes the target with `zxid`. Throws what the target threw. */
  finishStream(zxid: number): void {
    if (this.targetFailure !== null) throw this.targetFailure.error
    this.target.finishRestore(zxid, null)
  }

  /** Makes room for `count` bytes at `bytes[filled]`. */
  reserve(count: number): void {
    if (this.bytes.length - this.filled >= count) return
    this.sumUpTo(this.at)
    const kept = this.filled - this.at
    if (kept + count > this.bytes.length) {
      const bytes = new Uint8Array(Math.max(this.bytes.length * 2, kept + count))
      bytes.set(this.bytes.subarray(this.at, this.filled))
      this.bytes = bytes
    } else {
      this.bytes.copyWithin(0, this.at, this.filled)
    }
    this.reader.reset(this.bytes, new DataView(this.bytes.buffer), 0, kept)
    this.offset += this.at
    this.filled = kept
    this.at = 0
    this.summedTo = 0
  }

  /** `count` bytes have been put at `bytes[filled]`. Throws `DecodeError`. */
  accept(count: number): void {
    this.filled += count
    while (this.step()) {
      // Each step hands one part on, or as many nodes as there are.
    }
  }

  /** Takes a copy of the bytes; saves the caller `reserve` and `accept`. */
  push(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    this.bytes.set(bytes, this.filled)
    this.accept(bytes.length)
  }

  /** The file has ended: checks the seals and finishes the target with `zxid`, that of the file's name. Throws also what the target threw. */
  finish(zxid: number): SnapshotSummary {
    if (this.phase !== 'tail') throw this.damaged(`the snapshot ends in its ${this.phase}`)
    const summary = this.readTail()
    if (this.targetFailure !== null) throw this.targetFailure.error
    this.target.finishRestore(zxid, summary.digest)
    return summary
  }

  /** True if there was something whole to take. */
  private step(): boolean {
    switch (this.phase) {
      case 'header':
        return this.stepHeader()
      case 'sessions':
        return this.stepSessions()
      case 'aclLists':
        return this.stepAclLists()
      case 'nodes':
        return this.stepNodes()
      case 'tail':
        if (!this.isStream) this.filled = Math.min(this.filled, this.at + TAIL_MAX_BYTES)
        return false
    }
  }

  private stepHeader(): boolean {
    if (this.left() < FILE_HEADER_SIZE) return false
    const magic = this.view().getInt32(this.at)
    if (magic !== SNAPSHOT_MAGIC) throw this.damaged('the snapshot does not begin with "ZKSN"')
    this.at += FILE_HEADER_SIZE
    this.phase = 'sessions'
    return true
  }

  private stepSessions(): boolean {
    if (!this.readCount()) return false
    while (this.remaining > 0) {
      if (this.left() < SESSION_SIZE) return false
      const reader = this.readerOver(SESSION_SIZE)
      const session = { id: reader.readLong(), timeoutMs: reader.readInt() }
      this.give(() => this.target.restoreSession(session))
      this.at += SESSION_SIZE
      this.remaining--
    }
    return this.enter('aclLists')
  }

  private stepAclLists(): boolean {
    if (!this.readCount()) return false
    while (this.remaining > 0) {
      const size = this.aclListSize()
      if (size < 0) return false
      const reader = this.readerOver(size)
      const id = reader.readNumber()
      const count = reader.readInt()
      const acl: Acl[] = []
      for (let i = 0; i < count; i++) acl.push(readAcl(reader))
      this.give(() => this.target.restoreAclList({ id, acl }))
      this.at += size
      this.remaining--
    }
    return this.enter('nodes')
  }

  private stepNodes(): boolean {
    const view = this.view()
    const reader = this.reader
    for (;;) {
      const at = this.at
      const left = this.filled - at
      if (left < END_MARKER_SIZE) return false
      const pathLength = view.getInt32(at)
      if (pathLength === 1 && view.getUint8(at + 4) === SLASH) break
      if (pathLength < 0) throw this.damaged(`a path has a length of ${pathLength}`)
      if (left < 4 + pathLength + 4) return false
      const dataLength = view.getInt32(at + 4 + pathLength)
      if (dataLength < -1) throw this.damaged(`the data of a node have a length of ${dataLength}`)
      const size = 4 + pathLength + 4 + Math.max(dataLength, 0) + 8 + STAT_SIZE
      if (left < size) return false
      reader.position = at
      reader.end = at + size
      reader.readSlice()
      this.giveNode(reader)
      this.at = at + size
      this.nodeCount++
    }
    this.at += END_MARKER_SIZE
    this.phase = 'tail'
    return true
  }

  private giveNode(reader: ByteReader): void {
    try {
      this.target.restoreNode(reader)
      if (reader.position !== reader.end) throw this.damaged('a node was not read to its end')
    } catch (error) {
      this.targetFailed(error)
    }
  }

  private give(part: () => void): void {
    try {
      part()
    } catch (error) {
      this.targetFailed(error)
    }
  }

  private targetFailed(error: unknown): void {
    this.targetFailure ??= { error }
    this.target = IGNORING_TARGET
  }

  /**
   * The number of bytes behind the first seal says which sections there are: 21 the last zxid alone, 33 or more the
   * digest, and 21 more behind that the last zxid. With less than 21 there is no whole section.
   */
  private readTail(): SnapshotSummary {
    if (this.left() < SEAL_SIZE) throw this.damaged('the snapshot ends in front of its seal')
    this.checkSeal()
    let digest: SnapshotDigest | null = null
    if (this.left() > LAST_ZXID_SIZE + SEAL_SIZE) {
      digest = this.readDigest()
      this.checkSeal()
    }
    let lastProcessedZxid: number | null = null
    if (this.left() >= LAST_ZXID_SIZE + SEAL_SIZE) {
      lastProcessedZxid = this.readZxid(this.readerOver(LAST_ZXID_SIZE))
      this.at += LAST_ZXID_SIZE
      this.checkSeal()
    }
    return { nodeCount: this.nodeCount, digest, lastProcessedZxid }
  }

  private readDigest(): SnapshotDigest {
    const reader = this.readerOver(this.left())
    const zxid = this.readZxid(reader)
    const version = reader.readInt()
    // Before version 2 the digest was written as hexadecimal text.
    const digest = version < DIGEST_VERSION ? this.parseDigest(reader.readString()) : BigInt.asUintN(64, reader.readLong())
    this.at = reader.position
    return { zxid, version, digest }
  }

  private parseDigest(text: string | null): bigint {
    if (text === null || !/^[0-9a-fA-F]{1,16}$/.test(text)) throw this.damaged('the digest is not a hexadecimal number')
    return BigInt(`0x${text}`)
  }

  private readZxid(reader: ByteReader): number {
    const zxid = reader.readNumber()
    if (zxid > ZXID_MAX || zxid < -1) throw this.damaged(`the zxid ${zxid} is out of range`)
    return zxid
  }

  private checkSeal(): void {
    this.sumUpTo(this.at)
    const reader = this.readerOver(this.left())
    const sum = reader.readNumber()
    if (sum !== this.sum)
      throw this.damaged(`the seal is ${sum.toString(16)}, but the checksum of the bytes is ${this.sum.toString(16)}`)
    if (reader.readSlice() !== 1 || reader.view.getUint8(reader.sliceStart) !== SLASH)
      throw this.damaged('a seal does not end with "/"')
    this.at = reader.position
  }

  private sumUpTo(at: number): void {
    this.sum = adler32(this.bytes, this.summedTo, at, this.sum)
    this.summedTo = at
  }

  private readCount(): boolean {
    if (this.remaining >= 0) return true
    if (this.left() < 4) return false
    this.remaining = this.view().getInt32(this.at)
    if (this.remaining < 0) throw this.damaged(`there are ${this.remaining} ${this.phase}`)
    this.at += 4
    return true
  }

  private enter(phase: Phase): true {
    this.phase = phase
    this.remaining = -1
    return true
  }

  /** Bytes of the ACL list at `at`, or -1 if they are not all there yet. */
  private aclListSize(): number {
    const view = this.view()
    const end = this.filled
    if (end - this.at < 12) return -1
    const count = view.getInt32(this.at + 8)
    let position = this.at + 12
    for (let i = 0; i < count; i++) {
      position += 4
      for (let field = 0; field < 2; field++) {
        if (end - position < 4) return -1
        const length = view.getInt32(position)
        if (length < -1) throw this.damaged(`a text in an ACL list has a length of ${length}`)
        position += 4 + Math.max(length, 0)
      }
    }
    return position > end ? -1 : position - this.at
  }

  private readerOver(size: number): ByteReader {
    this.reader.position = this.at
    this.reader.end = this.at + size
    return this.reader
  }

  private view(): DataView {
    return this.reader.view
  }

  private left(): number {
    return this.filled - this.at
  }

  private damaged(what: string): DecodeError {
    return new DecodeError(what, this.offset + this.at)
  }
}

/** Stands in for a target that has failed, while the rest of the file is summed. */
const IGNORING_TARGET: SnapshotTarget = {
  restoreSession() {},
  restoreAclList() {},
  restoreNode(reader) {
    reader.position = reader.end
  },
  finishRestore() {},
}
