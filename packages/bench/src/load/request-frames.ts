/**
 * Requests as templates: complete frames with their length, into which a session writes only the xid (and
 * the payload, where there is one). They are built here by hand and not by the project's codec on purpose:
 * a yardstick that shares its codec with the server would share its mistakes.
 *
 *     | length | xid | type | record ... |
 *     0        4     8      12
 */

/** The request types that the generator speaks. */
export const RequestType = {
  create: 1,
  delete: 2,
  exists: 3,
  getData: 4,
  setData: 5,
  getChildren: 8,
  sync: 9,
  ping: 11,
  multi: 14,
  getAllChildrenNumber: 104,
  closeSession: -11,
} as const

/** Where the record begins in a request frame. */
export const REQUEST_HEADER_BYTES = 12

/** Bytes of a request's frame before its record that `length` does not count. */
const LENGTH_BYTES = 4
const PASSWORD_BYTES = 16
const NO_VERSION = -1
const ALL_PERMISSIONS = 31

/** Flags of a create request. */
export const CreateFlags = { persistent: 0, ephemeral: 1 } as const

/** A string as it stands on the wire: its length and its bytes. All paths of the generator are ASCII. */
export function stringField(text: string): Buffer {
  const field = Buffer.alloc(4 + text.length)
  field.writeInt32BE(text.length, 0)
  field.write(text, 4, 'latin1')
  return field
}

/** A 32-bit number as it stands on the wire. */
export function intField(value: number): Buffer {
  const field = Buffer.alloc(4)
  field.writeInt32BE(value, 0)
  return field
}

/** The access control list that allows everything to everyone. */
const OPEN_ACL: Buffer = Buffer.concat([intField(1), intField(ALL_PERMISSIONS), stringField('world'), stringField('anyone')])

/** What a client shows to go on with a session on another connection. */
export interface SessionTicket {
  readonly sessionId: bigint
  readonly password: Buffer
  /** The newest zxid that the session has seen: a server that is behind it must refuse. */
  readonly lastZxid: number
}

/** Asks for a new session, or with a ticket for an old one. */
export function connectFrame(timeoutMs: number, ticket: SessionTicket | null = null): Buffer {
  const frame = Buffer.alloc(LENGTH_BYTES + 4 + 8 + 4 + 8 + 4 + PASSWORD_BYTES + 1)
  frame.writeInt32BE(frame.length - LENGTH_BYTES, 0)
  frame.writeBigInt64BE(BigInt(ticket?.lastZxid ?? 0), 8)
  frame.writeInt32BE(timeoutMs, 16)
  frame.writeBigInt64BE(ticket?.sessionId ?? 0n, 20)
  frame.writeInt32BE(PASSWORD_BYTES, 28)
  ticket?.password.copy(frame, 32)
  return frame
}

/** A request without a record: ping, closeSession. */
export function bareFrame(type: number): Buffer {
  return requestFrame(type, [], 0)
}

/** A request whose record is a path: sync, getAllChildrenNumber. */
export function pathFrame(type: number, path: string): Buffer {
  return requestFrame(type, [stringField(path)], 0)
}

/** exists, getData or getChildren, with or without leaving a watch. */
export function readFrame(type: number, path: string, watch: boolean): Buffer {
  return requestFrame(type, [stringField(path), Buffer.from([watch ? 1 : 0])], 0)
}

/** A delete of any version. */
export function deleteFrame(path: string): Buffer {
  return requestFrame(RequestType.delete, [stringField(path), intField(NO_VERSION)], 0)
}

/** Bytes that follow the payload in a setData request: the version, any. */
export const SET_TAIL: Buffer = intField(NO_VERSION)

/** setData up to the payload, whose bytes and `SET_TAIL` the sender appends; the length counts them already. */
export function setPrefix(path: string, payloadBytes: number): Buffer {
  return requestFrame(RequestType.setData, [stringField(path), intField(payloadBytes)], payloadBytes + SET_TAIL.length)
}

/** Bytes that follow the payload in a create request: the ACL and the flags. */
export function createTail(flags: number): Buffer {
  return Buffer.concat([OPEN_ACL, intField(flags)])
}

/** create up to the payload, whose bytes and a `createTail` the sender appends; the length counts them already. */
export function createPrefix(path: string, payloadBytes: number): Buffer {
  return requestFrame(RequestType.create, [stringField(path), intField(payloadBytes)], payloadBytes + createTail(0).length)
}

/** Heads each operation inside of a multi, and with type -1 ends it. */
export function multiHeader(type: number, isDone: boolean): Buffer {
  const header = Buffer.alloc(9)
  header.writeInt32BE(type, 0)
  header[4] = isDone ? 1 : 0
  header.writeInt32BE(-1, 5)
  return header
}

/** A multi whose record has `recordBytes` bytes, which the sender appends. */
export function multiPrefix(recordBytes: number): Buffer {
  return requestFrame(RequestType.multi, [], recordBytes)
}

/** Writes `value` as decimal digits, with leading zeros, over `bytes[at, at + width)`. */
export function writeDigits(bytes: Buffer, at: number, width: number, value: number): void {
  let rest = value
  for (let index = at + width - 1; index >= at; index--) {
    const next = Math.floor(rest / 10)
    bytes[index] = 48 + rest - next * 10
    rest = next
  }
}

function requestFrame(type: number, fields: readonly Buffer[], appendedBytes: number): Buffer {
  const record = Buffer.concat(fields)
  const frame = Buffer.alloc(REQUEST_HEADER_BYTES + record.length)
  frame.writeInt32BE(frame.length - LENGTH_BYTES + appendedBytes, 0)
  frame.writeInt32BE(type, 8)
  record.copy(frame, REQUEST_HEADER_BYTES)
  return frame
}
