// Reads every frame that Apache's Java client and server exchanged (`golden/client-session.txt`), one
// after the other, and writes each of them again.

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import {
  ByteReader,
  ByteWriter,
  errorName,
  type MultiPart,
  type MultiResult,
  Op,
  type OpName,
  opName,
  readMultiRequest,
  readMultiResponse,
  readReplyHeader,
  readRequestHeader,
  writeMultiRequest,
  writeMultiResponse,
  writeReplyHeader,
  writeRequestHeader,
  Xid,
} from '../src/index.ts'
import { type RecordCodec, recordCodec } from './record-codecs.ts'

interface Message {
  /** What it is, for people: `create`, `reply to create`, `reply to create: NODE_EXISTS`, `notification`. */
  readonly kind: string
  readonly body: unknown
  readonly bytes: Uint8Array
  readonly again: Uint8Array
}

/** Record of each operation's request and of its reply; null is none. */
const records: Readonly<Partial<Record<OpName, readonly [request: string | null, reply: string | null]>>> = {
  create: ['CreateRequest', 'CreateResponse'],
  create2: ['CreateRequest', 'Create2Response'],
  createContainer: ['CreateRequest', 'Create2Response'],
  createTTL: ['CreateTtlRequest', 'Create2Response'],
  delete: ['DeleteRequest', null],
  exists: ['ExistsRequest', 'ExistsResponse'],
  getData: ['GetDataRequest', 'GetDataResponse'],
  setData: ['SetDataRequest', 'SetDataResponse'],
  getACL: ['GetAclRequest', 'GetAclResponse'],
  setACL: ['SetAclRequest', 'SetAclResponse'],
  getChildren: ['GetChildrenRequest', 'GetChildrenResponse'],
  getChildren2: ['GetChildren2Request', 'GetChildren2Response'],
  sync: ['SyncRequest', 'SyncResponse'],
  ping: [null, null],
  getEphemerals: ['GetEphemeralsRequest', 'GetEphemeralsResponse'],
  getAllChildrenNumber: ['GetAllChildrenNumberRequest', 'GetAllChildrenNumberResponse'],
  whoAmI: [null, 'WhoAmIResponse'],
  addWatch: ['AddWatchRequest', 'ErrorResponse'],
  checkWatches: ['CheckWatchesRequest', null],
  removeWatches: ['RemoveWatchesRequest', null],
  setWatches: ['SetWatches', null],
  setWatches2: ['SetWatches2', null],
  reconfig: ['ReconfigRequest', 'GetDataResponse'],
  auth: ['AuthPacket', null],
  closeSession: [null, null],
}

const messages = readSession(readFileSync(new URL('./golden/client-session.txt', import.meta.url), 'utf8'))

test('every frame is understood to its last byte, and is the same when it is written again', () => {
  for (const { kind, bytes, again } of messages) expect(`${kind} ${hex(again)}`).toBe(`${kind} ${hex(bytes)}`)
})

test('the session shows every operation that clients of that release have', () => {
  const seen = new Set(messages.map(({ kind }) => kind))
  const expected = [...Object.keys(records), 'multi', 'multiRead', 'connect', 'notification']
  expect(expected.filter((kind) => !seen.has(kind))).toEqual([])
})

test('refused requests have an error and no body', () => {
  const refusals = messages.filter(({ kind }) => kind.includes(': ')).map(({ kind }) => kind)
  expect([...new Set(refusals)].sort()).toEqual([
    'reply to create: NODE_EXISTS',
    'reply to exists: NO_NODE',
    'reply to reconfig: RECONFIG_DISABLED',
    'reply to removeWatches: NO_WATCHER',
    'reply to setData: BAD_VERSION',
  ])
  expect(messages.filter(({ kind, body }) => kind.includes(': ') && body !== null)).toEqual([])
})

test('the parts of the multi are those that the client sent', () => {
  const [first] = messages.filter(({ kind }) => kind === 'multi')
  const parts = first?.body as readonly MultiPart[]
  expect(parts.map((part) => [opName(part.op), part.request.path])).toEqual([
    ['create', '/m'],
    ['createContainer', '/mc'],
    ['createTTL', '/mt'],
    ['setData', '/m'],
    ['check', '/m'],
    ['delete', '/m'],
  ])
})

test('the results of a multi that failed say which part did', () => {
  const [succeeded, failed] = messages
    .filter(({ kind }) => kind === 'reply to multi')
    .map(({ body }) => body as readonly MultiResult[])
  expect(succeeded?.map(({ op }) => opName(op))).toEqual(['create', 'create2', 'create2', 'setData', 'check', 'delete'])
  expect(failed).toEqual([
    { op: Op.error, response: { err: 0 } },
    { op: Op.error, response: { err: -101 } },
    { op: Op.error, response: { err: -2 } },
  ])
})

test('the results of a multiRead stand each for itself', () => {
  const [reply] = messages.filter(({ kind }) => kind === 'reply to multiRead')
  expect((reply?.body as readonly MultiResult[] | undefined)?.map(({ op }) => opName(op))).toEqual([
    'getData',
    'getChildren',
    'error',
  ])
})

function readSession(text: string): readonly Message[] {
  const found: Message[] = []
  let opByXid = new Map<number, number>()
  let isConnected = { '>': false, '<': false }
  for (const line of text.trimEnd().split('\n')) {
    if (line.startsWith('#')) {
      opByXid = new Map()
      isConnected = { '>': false, '<': false }
      continue
    }
    const direction = line[0] as '>' | '<'
    const bytes = Buffer.from(line.slice(2), 'hex')
    if (!isConnected[direction]) {
      isConnected[direction] = true
      found.push(readWhole(recordCodec(direction === '>' ? 'ConnectRequest' : 'ConnectResponse'), 'connect', bytes))
    } else found.push(direction === '>' ? readRequest(bytes, opByXid) : readReply(bytes, opByXid))
  }
  return found
}

function readWhole(codec: RecordCodec, kind: string, bytes: Uint8Array): Message {
  const body = codec.decode(bytes)
  return { kind, body, bytes, again: codec.encode(body) }
}

function readRequest(bytes: Uint8Array, opByXid: Map<number, number>): Message {
  const input = new ByteReader(bytes)
  const out = new ByteWriter()
  const header = readRequestHeader(input)
  writeRequestHeader(out, header)
  opByXid.set(header.xid, header.type)
  const kind = opName(header.type)
  if (header.type === Op.multi || header.type === Op.multiRead) {
    const parts = readMultiRequest(input, header.type)
    writeMultiRequest(out, parts)
    return { kind, body: parts, bytes, again: out.toBytes() }
  }
  return { kind, body: copyRecord(recordOf(kind, 0), input, out), bytes, again: out.toBytes() }
}

function readReply(bytes: Uint8Array, opByXid: ReadonlyMap<number, number>): Message {
  const input = new ByteReader(bytes)
  const out = new ByteWriter()
  const header = readReplyHeader(input)
  writeReplyHeader(out, header)
  if (header.xid === Xid.notification) {
    return { kind: 'notification', body: copyRecord('WatcherEvent', input, out), bytes, again: out.toBytes() }
  }
  const op = opByXid.get(header.xid)
  const operation = opName(op ?? NaN)
  if (header.err !== 0) {
    return { kind: `reply to ${operation}: ${errorName(header.err)}`, body: null, bytes, again: out.toBytes() }
  }
  const kind = `reply to ${operation}`
  if (op === Op.multi || op === Op.multiRead) {
    const results = readMultiResponse(input)
    writeMultiResponse(out, results)
    return { kind, body: results, bytes, again: out.toBytes() }
  }
  return { kind, body: copyRecord(recordOf(operation, 1), input, out), bytes, again: out.toBytes() }
}

function recordOf(operation: string, index: 0 | 1): string | null {
  const names = records[operation as OpName]
  if (names === undefined) throw new Error(`the session holds ${operation}, which the test does not know`)
  return names[index]
}

function copyRecord(name: string | null, input: ByteReader, out: ByteWriter): unknown {
  if (name === null) return null
  const codec = recordCodec(name)
  const body = codec.read(input)
  out.writeBytes(codec.encode(body))
  return body
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
