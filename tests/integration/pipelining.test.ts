// Random requests, cut into random packets and sent without waiting to a server whose disk stops and goes and whose replies
// are not read for a while: each must be answered as if it had been sent alone. The model is a map.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RawCreateMode, RawOp, requestPayload } from '../support/raw-client.ts'
import { frame } from '../support/raw-connection.ts'
import { openAcl, readStat, writeCreate, writeMulti } from '../support/raw-records.ts'
import { HeldDisk } from './held-disk.ts'
import { errorName, nextReply, openSession, type RawReplyFrame } from './raw-session.ts'
import { TestServer } from './test-server.ts'

type Kind = 'create' | 'delete' | 'set' | 'get' | 'get big' | 'exists' | 'ping' | 'multi' | 'sync'

interface Request {
  readonly kind: Kind
  readonly name: string
  /** Bytes of data of a create or set. */
  readonly size: number
}

interface Node {
  readonly fill: number
  readonly size: number
  readonly version: number
}

/** A node that nobody changes, so large that a few replies fill every buffer on the way to a client that does not read. */
const BIG_PATH = '/big'
const BIG = Buffer.alloc(900_000, 'big')

const requests = fc.record<Request>({
  kind: fc.constantFrom('create', 'delete', 'set', 'get', 'get big', 'exists', 'ping', 'multi', 'sync'),
  name: fc.constantFrom('a', 'b', 'c'),
  size: fc.constantFrom(0, 1, 100, 5000),
})

const scenarios = fc.record({
  requests: fc.array(requests, { minLength: 20, maxLength: 120 }),
  /** Lengths of the packets, used in turn. */
  cuts: fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 100, max: 200_000 })), {
    minLength: 1,
    maxLength: 8,
  }),
  /** The disk is held and released in the turns of the loop in which these are true, in turn. */
  holds: fc.array(fc.boolean(), { minLength: 1, maxLength: 6 }),
  isReadLate: fc.boolean(),
})

function dataOf(xid: number, size: number): Uint8Array {
  return new Uint8Array(size).fill(xid & 0xff)
}

function payloadOf(root: string, xid: number, { kind, name, size }: Request): Uint8Array {
  const path = `${root}/${name}`
  switch (kind) {
    case 'create':
      return requestPayload(xid, RawOp.create, (writer) =>
        writeCreate(writer, path, dataOf(xid, size), openAcl, RawCreateMode.persistent),
      )
    case 'delete':
      return requestPayload(xid, RawOp.delete, (writer) => {
        writer.writeString(path)
        writer.writeInt(-1)
      })
    case 'set':
      return requestPayload(xid, RawOp.setData, (writer) => {
        writer.writeString(path)
        writer.writeBuffer(dataOf(xid, size))
        writer.writeInt(-1)
      })
    case 'multi':
      return requestPayload(xid, RawOp.multi, (writer) =>
        writeMulti(writer, [
          { op: 'setData', path, data: dataOf(xid, size) },
          { op: 'check', path, version: -1 },
        ]),
      )
    case 'sync':
      return requestPayload(xid, RawOp.sync, (writer) => writer.writeString(path))
    case 'ping':
      return requestPayload(xid, RawOp.ping)
    default:
      return requestPayload(xid, kind === 'exists' ? RawOp.exists : RawOp.getData, (writer) => {
        writer.writeString(kind === 'get big' ? BIG_PATH : path)
        writer.writeBoolean(false)
      })
  }
}

/** What the reply must say, and what the request does to the model. */
function expectedReply(model: Map<string, Node>, xid: number, { kind, name, size }: Request): string {
  const node = model.get(name)
  const fill = size === 0 ? 0 : xid & 0xff
  switch (kind) {
    case 'ping':
      return '-2 OK'
    case 'sync':
      return `${xid} OK`
    case 'create':
      if (node !== undefined) return `${xid} NODEEXISTS`
      model.set(name, { fill, size, version: 0 })
      return `${xid} OK`
    case 'delete':
      model.delete(name)
      return `${xid} ${node === undefined ? 'NONODE' : 'OK'}`
    case 'multi':
      // The header of a failed multi has no error.
      if (node !== undefined) model.set(name, { fill, size, version: node.version + 1 })
      return `${xid} OK${node === undefined ? ' failed' : ''}`
    case 'set':
      if (node === undefined) return `${xid} NONODE`
      model.set(name, { fill, size, version: node.version + 1 })
      return `${xid} OK version ${node.version + 1}`
    case 'exists':
      return node === undefined ? `${xid} NONODE` : `${xid} OK version ${node.version}`
    case 'get big':
      return `${xid} OK whole`
    case 'get':
      return node === undefined ? `${xid} NONODE` : `${xid} OK ${node.size} of ${node.fill} version ${node.version}`
  }
}

function describeReply(reply: RawReplyFrame, { kind }: Request): string {
  const head = `${reply.xid} ${errorName(reply.err)}`
  if (reply.err !== 0) return head
  if (kind === 'multi') return reply.body.readInt() === -1 ? `${head} failed` : head
  if (kind === 'set' || kind === 'exists') return `${head} version ${readStat(reply.body).version}`
  if (kind === 'get big') return BIG.equals(reply.body.readBuffer() ?? new Uint8Array(0)) ? `${head} whole` : `${head} not whole`
  if (kind !== 'get') return head
  const data = reply.body.readBuffer() ?? new Uint8Array(0)
  const fill = data[0] ?? 0
  if (!data.every((byte) => byte === fill)) return `${head} data of several writes`
  return `${head} ${data.length} of ${fill} version ${readStat(reply.body).version}`
}

test('A87: requests that are sent without waiting are answered as if each had been sent alone', async () => {
  const disk = new HeldDisk()
  await using server = await TestServer.start(
    { tickTime: 5000, globalOutstandingLimit: 20, maxClientCnxns: 0 },
    { runtime: { disk } },
  )
  const client = await server.connect({ timeoutMs: 100_000 })
  await client.create(BIG_PATH, BIG)
  let runs = 0
  const scenario = async ({ requests, cuts, holds, isReadLate }: ScenarioOf<typeof scenarios>): Promise<void> => {
    const root = `/${runs++}`
    await client.create(root)
    const connection = await server.open()
    await openSession(connection, { timeoutMs: 100_000 })
    try {
      if (isReadLate) connection.pause()
      const bytes = Buffer.concat(requests.map((request, index) => frame(payloadOf(root, index + 1, request))))
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const length = cuts[turn % cuts.length] ?? 1
        connection.sendBytes(bytes.subarray(at, at + length))
        at += length
        if (holds[turn % holds.length] === true) disk.hold()
        else disk.release()
        if (turn % 16 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
      disk.release()
      connection.resume()
      const model = new Map<string, Node>()
      for (const [index, request] of requests.entries()) {
        const expected = expectedReply(model, index + 1, request)
        expect(describeReply(await nextReply(connection), request)).toBe(expected)
      }
    } finally {
      disk.release()
      connection.destroy()
    }
  }
  await fc.assert(fc.asyncProperty(scenarios, scenario), { numRuns: 40 })
  expect(server.logger.linesWith('Severe')).toEqual([])
})

type ScenarioOf<Arbitrary> = Arbitrary extends fc.Arbitrary<infer Value> ? Value : never
