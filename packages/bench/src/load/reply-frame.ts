import type { PayloadMaker } from './payload.ts'
import { Violation, type ViolationKind } from './violation.ts'

const TWO_TO_32 = 4294967296

/** Bytes of a reply header: xid, zxid, error code. */
export const REPLY_HEADER_BYTES = 16
/** Bytes of a Stat record. */
export const STAT_BYTES = 68

/** A 64-bit number of the wire as a safe integer: zxids and times. */
export function readNumber(view: DataView, at: number): number {
  return view.getInt32(at) * TWO_TO_32 + view.getUint32(at + 4)
}

/**
 * The reply that is being looked at, in place in the buffer that it arrived in. One object serves all
 * replies of a session: it is filled before each call and means nothing afterwards.
 */
export class ReplyFrame {
  bytes: Buffer = EMPTY
  view: DataView = EMPTY_VIEW
  /** First byte after the header. */
  body = 0
  /** One past the last byte. */
  end = 0
  xid = 0
  zxid = 0
  error = 0
  readonly sessionIndex: number

  constructor(sessionIndex: number) {
    this.sessionIndex = sessionIndex
  }

  /** Points at `bytes[start, end)`, which must hold a header at least. */
  set(bytes: Buffer, view: DataView, start: number, end: number): void {
    this.bytes = bytes
    this.view = view
    this.xid = view.getInt32(start)
    this.zxid = readNumber(view, start + 4)
    this.error = view.getInt32(start + 12)
    this.body = start + REPLY_HEADER_BYTES
    this.end = end
  }

  violation(kind: ViolationKind, detail: string): Violation {
    return new Violation(kind, this.sessionIndex, `${detail} (reply to xid ${this.xid})`)
  }

  /** The reply must say that the request succeeded. */
  expectSuccess(): void {
    if (this.error !== 0) throw this.violation('error code', `error ${this.error}`)
  }

  /** The body must have exactly this many bytes. */
  expectBody(length: number): void {
    const actual = this.end - this.body
    if (actual !== length) throw this.violation('frame length', `a body of ${actual} bytes where ${length} belong`)
  }

  /** The body at `at` must be this field: a length and the same bytes. */
  expectField(at: number, field: Buffer): void {
    if (this.bytes.compare(field, 0, field.length, at, at + field.length) !== 0) {
      const expected = field.toString('latin1', 4)
      const actual = this.bytes.toString('latin1', at + 4, at + field.length)
      throw this.violation('path', `${JSON.stringify(actual)} where ${JSON.stringify(expected)} belongs`)
    }
  }

  statCzxid(at: number): number {
    return readNumber(this.view, at)
  }

  statMzxid(at: number): number {
    return readNumber(this.view, at + 8)
  }

  statVersion(at: number): number {
    return this.view.getInt32(at + 32)
  }

  statDataLength(at: number): number {
    return this.view.getInt32(at + 52)
  }

  statChildCount(at: number): number {
    return this.view.getInt32(at + 56)
  }

  /** What holds for the Stat of any persistent node without children that this run made. */
  expectLeafStat(at: number, payload: PayloadMaker): void {
    const view = this.view
    if (view.getInt32(at + 52) !== payload.sizeBytes) {
      throw this.violation('stat', `dataLength ${view.getInt32(at + 52)} where ${payload.sizeBytes} belongs`)
    }
    if (view.getInt32(at + 44) !== 0 || view.getInt32(at + 48) !== 0)
      throw this.violation('stat', 'an ephemeral owner on a persistent node')
    if (view.getInt32(at + 56) !== 0) throw this.violation('stat', `${view.getInt32(at + 56)} children on a leaf`)
    if (readNumber(view, at) > readNumber(view, at + 8)) throw this.violation('stat', 'czxid after mzxid')
  }
}

const EMPTY: Buffer = Buffer.alloc(0)
const EMPTY_VIEW: DataView = new DataView(EMPTY.buffer, EMPTY.byteOffset, 0)
