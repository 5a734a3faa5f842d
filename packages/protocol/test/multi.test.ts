import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  ByteReader,
  ByteWriter,
  CreateMode,
  DecodeError,
  type MultiPart,
  type MultiResult,
  OPEN_ACL,
  Op,
  readMultiRequest,
  readMultiResponse,
  writeMultiHeader,
  writeMultiRequest,
  writeMultiResponse,
} from '../src/index.ts'
import { recordCodec } from './record-codecs.ts'

const END = 'ffffffff01ffffffff'

function encodeRequest(parts: readonly MultiPart[]): Uint8Array {
  const out = new ByteWriter()
  writeMultiRequest(out, parts)
  return out.toBytes()
}

function decodeRequest(bytes: Uint8Array, op: typeof Op.multi | typeof Op.multiRead = Op.multi): readonly MultiPart[] {
  const input = new ByteReader(bytes)
  const parts = readMultiRequest(input, op)
  expect(input.remaining()).toBe(0)
  return parts
}

const create: MultiPart = { op: Op.create, request: { path: '/a', data: null, acl: OPEN_ACL, flags: CreateMode.persistent } }
const remove: MultiPart = { op: Op.delete, request: { path: '/a', version: -1 } }
const read: MultiPart = { op: Op.getData, request: { path: '/a', watch: false } }

/** A part of the operation with a path, a possible mode and a list. */
function part(op: number, record: string): fc.Arbitrary<MultiPart> {
  return recordCodec(record).arbitrary.map((made) => {
    const request: Record<string, unknown> = { ...made, path: '/a' }
    if ('flags' in made) Object.assign(request, { flags: CreateMode.persistent, acl: made['acl'] ?? [] })
    return { op, request } as unknown as MultiPart
  })
}

const writeParts = fc.array(
  fc.oneof(
    part(Op.create, 'CreateRequest'),
    part(Op.create2, 'CreateRequest'),
    part(Op.createContainer, 'CreateRequest'),
    part(Op.createTTL, 'CreateTtlRequest'),
    part(Op.delete, 'DeleteRequest'),
    part(Op.setData, 'SetDataRequest'),
    part(Op.check, 'CheckVersionRequest'),
  ),
  { maxLength: 5 },
)
const readParts = fc.array(fc.oneof(part(Op.getData, 'GetDataRequest'), part(Op.getChildren, 'GetChildrenRequest')), {
  maxLength: 5,
})

describe('a request', () => {
  test('is read back as it was written', () => {
    fc.assert(
      fc.property(writeParts, readParts, (writes, reads) => {
        expect(decodeRequest(encodeRequest(writes))).toEqual(writes)
        expect(decodeRequest(encodeRequest(reads), Op.multiRead)).toEqual(reads)
      }),
    )
  })

  test('without parts is only the end', () => {
    expect(Buffer.from(encodeRequest([])).toString('hex')).toBe(END)
    expect(decodeRequest(encodeRequest([]))).toEqual([])
    expect(decodeRequest(encodeRequest([]), Op.multiRead)).toEqual([])
  })

  test('cut anywhere is refused', () => {
    fc.assert(
      fc.property(writeParts, (parts) => {
        const bytes = encodeRequest(parts)
        for (let length = 0; length < bytes.length; length++) {
          expect(() => readMultiRequest(new ByteReader(bytes.subarray(0, length)), Op.multi)).toThrow(DecodeError)
        }
      }),
      { numRuns: 20 },
    )
  })

  const allowedTypes: readonly number[] = [1, 2, 5, 13, 15, 19, 21]
  const otherTypes = [...Array.from({ length: 40 }, (_, i) => i - 12), 100, 101, 107].filter(
    (type) => !allowedTypes.includes(type),
  )

  test.each(otherTypes)('with a part of type %i is refused at that part', (type) => {
    const out = new ByteWriter()
    writeMultiHeader(out, { type, done: false, err: -1 })
    // As a request of any type, these bytes are the path '/' and zeros.
    out.writeString('/')
    out.writeBytes(new Uint8Array(64))
    const decode = () => readMultiRequest(new ByteReader(out.toBytes()), Op.multi)
    expect(decode).toThrow(new RegExp(`^a part of type ${type} in .* multi at byte 0$`))
  })

  test('that mixes reads and writes is refused, in whatever order and under either type', () => {
    for (const parts of [
      [create, read],
      [read, create],
    ]) {
      expect(() => decodeRequest(encodeRequest(parts), Op.multi)).toThrow(/a part of type 4/)
      expect(() => decodeRequest(encodeRequest(parts), Op.multiRead)).toThrow(/a part of type 1/)
    }
  })

  test.each<[string, MultiPart, RegExp]>([
    ['a null path', { op: Op.delete, request: { path: null, version: 0 } }, /without a path/],
    ['a create without a list', { op: Op.create, request: { ...create.request, acl: null } }, /without an access control list/],
    ['a mode below 0', { op: Op.create, request: { ...create.request, flags: -1 } }, /the flags -1/],
    ['a mode above 6', { op: Op.create2, request: { ...create.request, flags: 7 } }, /the flags 7/],
    ['a TTL mode without a TTL', { op: Op.create, request: { ...create.request, flags: 5 } }, /the flags 5/],
    ['a sequential TTL mode without a TTL', { op: Op.createContainer, request: { ...create.request, flags: 6 } }, /the flags 6/],
    [
      'a TTL create without a list',
      { op: Op.createTTL, request: { ...create.request, flags: 5, ttl: 1, acl: null } },
      /access control/,
    ],
  ])('with %s is refused, wherever it stands', (_what, bad, message) => {
    expect(() => decodeRequest(encodeRequest([remove, bad]))).toThrow(message)
    expect(() => decodeRequest(encodeRequest([remove, bad]))).toThrow(DecodeError)
  })

  test('may give a plain mode to createTTL, which makes a plain node', () => {
    const parts: MultiPart[] = [{ op: Op.createTTL, request: { ...create.request, flags: CreateMode.persistent, ttl: -1 } }]
    expect(decodeRequest(encodeRequest(parts))).toEqual(parts)
  })

  test('may give createTTL a mode that does not exist: only that part fails', () => {
    const parts: MultiPart[] = [{ op: Op.createTTL, request: { ...create.request, flags: 7, ttl: 1 } }]
    expect(decodeRequest(encodeRequest(parts))).toEqual(parts)
  })
})

describe('a reply', () => {
  const result = (op: number, record: string): fc.Arbitrary<MultiResult> =>
    recordCodec(record).arbitrary.map((response) => ({ op, response }) as unknown as MultiResult)
  const results = fc.array(
    fc.oneof(
      result(Op.create, 'CreateResponse'),
      result(Op.create2, 'Create2Response'),
      fc.constant<MultiResult>({ op: Op.delete }),
      fc.constant<MultiResult>({ op: Op.check }),
      result(Op.setData, 'SetDataResponse'),
      result(Op.getData, 'GetDataResponse'),
      result(Op.getChildren, 'GetChildrenResponse'),
      result(Op.error, 'ErrorResponse'),
    ),
    { maxLength: 5 },
  )

  test('is read back as it was written, and cut anywhere is refused', () => {
    fc.assert(
      fc.property(results, (list) => {
        const out = new ByteWriter()
        writeMultiResponse(out, list)
        const bytes = out.toBytes()
        expect(readMultiResponse(new ByteReader(bytes))).toEqual(list)
        for (let length = 0; length < bytes.length; length++) {
          expect(() => readMultiResponse(new ByteReader(bytes.subarray(0, length)))).toThrow(DecodeError)
        }
      }),
      { numRuns: 50 },
    )
  })

  test('says a failed part twice, in its header and in its record', () => {
    const out = new ByteWriter()
    writeMultiResponse(out, [{ op: Op.error, response: { err: -101 } }])
    expect(Buffer.from(out.toBytes()).toString('hex')).toBe(`ffffffff00ffffff9bffffff9b${END}`)
  })

  test('with a result of another type is refused', () => {
    const out = new ByteWriter()
    writeMultiHeader(out, { type: Op.setACL, done: false, err: 0 })
    expect(() => readMultiResponse(new ByteReader(out.toBytes()))).toThrow('a result of type 7 in a multi at byte 0')
  })
})
