import { ByteReader, ByteWriter, readStat, type Stat, writeStat } from '@tskeeper/protocol/server'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  AVERSION,
  CHILD_COUNT,
  CTIME,
  CVERSION,
  CZXID,
  DATA_LENGTH,
  DATA_REF,
  FLAG_ABSENT,
  FLAG_IN_DIGEST,
  FLAG_NULL_DATA,
  FLAG_PENDING,
  KIND,
  KIND_TTL,
  MTIME,
  MZXID,
  OWNER,
  PATH_HASH,
  PATH_REF,
  PERSISTED_CVERSION,
  PZXID,
  RECORD_BYTES,
  STAT_BYTES,
  STORED_OWNER,
  VERSION,
} from '../../src/tree/node-fields.ts'
import { NodeTable } from '../../src/tree/node-table.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

function statBytes(nodes: NodeTable, node: number): Uint8Array {
  const out = new ByteWriter(1)
  nodes.writeStat(node, out)
  return out.toBytes()
}

function recordOf(nodes: NodeTable, node: number): number[] {
  const page = nodes.page(node)
  return Array.from({ length: RECORD_BYTES }, (_, i) => page.getUint8(nodes.offset(node) + i))
}

function dataOf(nodes: NodeTable, node: number): Uint8Array | null {
  const out = new ByteWriter(1)
  nodes.writeData(node, out)
  return new ByteReader(out.toBytes()).readBuffer()
}

const NOTHING = new Uint8Array(0)
const zeros = new Array<number>(RECORD_BYTES).fill(0)

test('A35: the start of a record is the Stat as it goes over the wire, all eleven fields', () => {
  const nodes = new NodeTable()
  const node = nodes.allocate()
  const stat: Stat = {
    czxid: 0x1fffffffffff,
    mzxid: 0x200000003,
    ctime: 1700000000001,
    mtime: 1700000000002,
    version: -2147483648,
    cversion: 2 * 9 - 4,
    aversion: -1,
    ephemeralOwner: -0x7fffffffffffffffn,
    dataLength: 3,
    numChildren: 4,
    pzxid: 0x300000004,
  }
  nodes.setNumber(node, CZXID, stat.czxid)
  nodes.setNumber(node, MZXID, stat.mzxid)
  nodes.setNumber(node, CTIME, stat.ctime)
  nodes.setNumber(node, MTIME, stat.mtime)
  nodes.setInt(node, VERSION, stat.version)
  nodes.setInt(node, AVERSION, stat.aversion)
  nodes.setLong(node, OWNER, stat.ephemeralOwner)
  nodes.setData(node, bytesOf('abc'), 0, 3)
  nodes.setNumber(node, PZXID, stat.pzxid)
  nodes.setChildren(node, 9, 4)
  const expected = new ByteWriter()
  writeStat(expected, stat)
  expect(statBytes(nodes, node)).toEqual(expected.toBytes())
  expect(statBytes(nodes, node)).toHaveLength(STAT_BYTES)
  expect(readStat(new ByteReader(statBytes(nodes, node)))).toEqual(stat)
})

test('numbers beyond 32 bits, negative ones too, come back as they went in', () => {
  const number = fc.oneof(fc.maxSafeInteger(), fc.constantFrom(0, -1, 0xffffffff, 0x100000000, -0x100000000, -0x100000001))
  fc.assert(
    fc.property(number, (value) => {
      const nodes = new NodeTable()
      const node = nodes.allocate()
      nodes.setNumber(node, PZXID, value)
      expect(nodes.getNumber(node, PZXID)).toBe(value)
      expect(nodes.getLong(node, PZXID)).toBe(BigInt(value))
      expect(nodes.getInt(node, PERSISTED_CVERSION)).toBe(0)
      expect(nodes.getInt(node, CHILD_COUNT)).toBe(0)
    }),
  )
})

test('A41: clients see twice the creations less the children there are, in 32 bits', () => {
  const nodes = new NodeTable()
  const node = nodes.allocate()
  const seen = (persisted: number, count: number): number => {
    nodes.setChildren(node, persisted, count)
    expect(nodes.getInt(node, PERSISTED_CVERSION)).toBe(persisted)
    expect(nodes.getInt(node, CHILD_COUNT)).toBe(count)
    return nodes.getInt(node, CVERSION)
  }
  expect(seen(0, 0)).toBe(0)
  expect(seen(0, 1)).toBe(-1)
  expect(seen(3, 1)).toBe(5)
  expect(seen(2147483647, 0)).toBe(-2)
  expect(seen(1073741824, 0)).toBe(-2147483648)
  expect(seen(1073741824, 1)).toBe(2147483647)
})

test('a record is all zeros when it is handed out, also one that was used before', () => {
  const nodes = new NodeTable()
  const node = nodes.allocate()
  expect(recordOf(nodes, node)).toEqual(zeros)
  const page = nodes.page(node)
  nodes.setPath(node, bytesOf('/a'), 0, 2, -5)
  nodes.setData(node, bytesOf('data'), 0, 4)
  nodes.setFlag(node, FLAG_IN_DIGEST, true)
  for (let i = 0; i < RECORD_BYTES; i++) if (i < DATA_LENGTH || i > 98) page.setUint8(nodes.offset(node) + i, 0xff)
  nodes.setInt(node, DATA_LENGTH, 4)
  nodes.blank(node)
  expect(nodes.allocate()).not.toBe(node)
  nodes.free(node)
  expect(nodes.allocate()).toBe(node)
  expect(recordOf(nodes, node)).toEqual(zeros)
})

test('number 0 is never handed out, and thousands of records do not run into each other', () => {
  const nodes = new NodeTable()
  const count = 9000
  const handedOut = Array.from({ length: count }, () => nodes.allocate())
  expect(new Set(handedOut).size).toBe(count)
  expect(handedOut).not.toContain(0)
  for (const node of handedOut) nodes.setInt(node, VERSION, node)
  for (const node of handedOut) nodes.setInt(node, RECORD_BYTES - 4, -node)
  for (const node of handedOut) {
    if (nodes.getInt(node, VERSION) !== node || nodes.getInt(node, RECORD_BYTES - 4) !== -node)
      expect.unreachable(`record ${node}`)
  }
})

test('data of every size follows data of every other size, null apart from empty', () => {
  const data = fc.oneof(
    fc.constant(null),
    fc.uint8Array({ maxLength: 40 }),
    fc.integer({ min: 100, max: 700 }).map((length) => new Uint8Array(length).fill(length)),
    fc.constant(new Uint8Array(70_000).fill(7)),
  )
  fc.assert(
    fc.property(fc.array(data, { minLength: 1, maxLength: 12 }), (values) => {
      const nodes = new NodeTable()
      const node = nodes.allocate()
      const neighbour = nodes.allocate()
      nodes.setPath(node, bytesOf('/node'), 0, 5, 1)
      nodes.setData(neighbour, bytesOf('neighbour'), 0, 9)
      for (const value of values) {
        // The bytes lie in the middle of a longer array, as in a network buffer.
        const source = new Uint8Array((value?.length ?? 0) + 8)
        source.set(value ?? [], 5)
        nodes.setData(node, source, 5, value?.length ?? -1)
        source.fill(0xee)
        expect(dataOf(nodes, node) === null).toBe(value === null)
        expect(Buffer.compare(dataOf(nodes, node) ?? NOTHING, value ?? NOTHING)).toBe(0)
        expect(nodes.hasFlag(node, FLAG_NULL_DATA)).toBe(value === null)
        expect(nodes.getInt(node, DATA_LENGTH)).toBe(value?.length ?? 0)
        expect(dataOf(nodes, neighbour)).toEqual(bytesOf('neighbour'))
        expect(nodes.hasPath(node, bytesOf('/node'), 0, 5)).toBe(true)
      }
      nodes.free(node)
      nodes.free(neighbour)
      expect(nodes.slabs.usedBytes).toBe(0)
    }),
    { numRuns: 60 },
  )
})

test('a path is the same only byte for byte and to its end', () => {
  const nodes = new NodeTable()
  const node = nodes.allocate()
  const path = bytesOf('xx/café/bxx')
  nodes.setPath(node, path, 2, path.length - 4, 77)
  const isIt = (text: string): boolean => nodes.hasPath(node, bytesOf(text), 0, bytesOf(text).length)
  expect(nodes.pathLength(node)).toBe(path.length - 4)
  expect(nodes.getInt(node, PATH_HASH)).toBe(77)
  expect(isIt('/café/b')).toBe(true)
  expect(isIt('/café/')).toBe(false)
  expect(isIt('/café/bb')).toBe(false)
  expect(isIt('/cafe/b')).toBe(false)
  expect(isIt('')).toBe(false)
})

test('the longest path that a record can hold is 65,535 bytes', () => {
  const nodes = new NodeTable()
  const node = nodes.allocate()
  const path = new Uint8Array(65535).fill(0x61)
  nodes.setPath(node, path, 0, 65535, 1)
  expect(nodes.pathLength(node)).toBe(65535)
  expect(nodes.hasPath(node, path, 0, 65535)).toBe(true)
  expect(nodes.hasPath(node, new Uint8Array(65535 + 65536).fill(0x61), 0, 65535 + 65536)).toBe(false)
})

test('a copy is a copy: neither record sees what changes in the other', () => {
  const nodes = new NodeTable()
  const node = nodes.allocate()
  nodes.setNumber(node, CZXID, 0x123456789)
  nodes.setLong(node, STORED_OWNER, -3n)
  nodes.setFlag(node, FLAG_IN_DIGEST, true)
  const copy = nodes.allocate()
  nodes.copy(node, copy)
  expect(recordOf(nodes, copy)).toEqual(recordOf(nodes, node))
  nodes.setInt(copy, VERSION, 4)
  nodes.setInt(node, AVERSION, 5)
  expect([nodes.getInt(node, VERSION), nodes.getInt(copy, AVERSION)]).toEqual([0, 0])
})

test('flags are set and cleared one by one, and the kind is none of them', () => {
  const nodes = new NodeTable()
  const node = nodes.allocate()
  const flags = [FLAG_NULL_DATA, FLAG_IN_DIGEST, FLAG_ABSENT, FLAG_PENDING]
  nodes.page(node).setUint8(nodes.offset(node) + KIND, KIND_TTL)
  for (const flag of flags) nodes.setFlag(node, flag, true)
  for (const flag of flags) {
    nodes.setFlag(node, flag, false)
    expect(flags.filter((other) => nodes.hasFlag(node, other))).toEqual(flags.slice(flags.indexOf(flag) + 1))
  }
  expect(nodes.kind(node)).toBe(KIND_TTL)
  expect(nodes.getUint(node, PATH_REF) + nodes.getUint(node, DATA_REF)).toBe(0)
})
