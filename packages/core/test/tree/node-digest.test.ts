import { crc32 as zlibCrc32 } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { portableCrc32, recordDigest } from '../../src/tree/node-digest.ts'
import { AVERSION, CONTENT_CRC, CTIME, CZXID, MTIME, MZXID, PZXID, STORED_OWNER, VERSION } from '../../src/tree/node-fields.ts'
import { NodeTable } from '../../src/tree/node-table.ts'
import { type ModelNode, nodeDigest } from './tree-model.ts'

/** A record with these fields, and its digest. */
function digestOf(path: string, fields: ModelNode, crc32 = portableCrc32): number {
  const nodes = new NodeTable()
  const node = nodes.allocate()
  nodes.setNumber(node, CZXID, fields.czxid)
  nodes.setNumber(node, MZXID, fields.mzxid)
  nodes.setNumber(node, PZXID, fields.pzxid)
  nodes.setNumber(node, CTIME, fields.ctime)
  nodes.setNumber(node, MTIME, fields.mtime)
  nodes.setInt(node, VERSION, fields.version)
  nodes.setChildren(node, fields.cversion, 3)
  nodes.setInt(node, AVERSION, fields.aversion)
  nodes.setLong(node, STORED_OWNER, fields.owner)
  const bytes = new TextEncoder().encode(path === '/' ? '' : path)
  const pathCrc = crc32(bytes, 0, bytes.length, 0)
  const content = fields.data === null ? pathCrc : crc32(fields.data, 0, fields.data.length, pathCrc)
  nodes.setInt(node, CONTENT_CRC, content | 0)
  return recordDigest(nodes.page(node), nodes.offset(node))
}

const zeros: ModelNode = {
  ...{ data: null, acl: [], czxid: 0, mzxid: 0, ctime: 0, mtime: 0, version: 0, cversion: 0, aversion: 0 },
  ...{ owner: 0n, pzxid: 0 },
}

test('the root and /zookeeper of an empty tree have the digests that are known', () => {
  expect(digestOf('/', zeros)).toBe(68323592)
  expect(digestOf('/zookeeper', zeros)).toBe(1303661912)
})

test('the nodes of the synthetic history have the digests that were computed by hand', () => {
  const x = new TextEncoder().encode('x')
  const born = { czxid: 2, mzxid: 2, pzxid: 2, ctime: 1000, mtime: 1000 }
  expect(digestOf('/a', { ...zeros, ...born, data: x })).toBe(1267482600)
  expect(digestOf('/', { ...zeros, cversion: 1, pzxid: 2 })).toBe(51738866)
  const set = { mzxid: 3, mtime: 2000, version: 1, data: new TextEncoder().encode('yy') }
  expect(digestOf('/a', { ...zeros, ...born, ...set })).toBe(2212246602)
  const ephemeral = { czxid: 4, mzxid: 4, pzxid: 4, ctime: 3000, mtime: 3000, owner: 0x0100000d7af30000n }
  expect(digestOf('/e', { ...zeros, ...ephemeral })).toBe(4182889918)
  const ttl = { czxid: 7, mzxid: 7, pzxid: 7, ctime: 5000, mtime: 5000, owner: BigInt.asIntN(64, 0xff0000000000ea60n) }
  expect(digestOf('/t', { ...zeros, ...ttl, data: new Uint8Array(0) })).toBe(1329012477)
})

test('the digest is the CRC-32 that zlib finds over path, data and Stat, whatever they are', () => {
  const zxid = fc.nat(0xffffffff).map((counter) => 5 * 2 ** 32 + counter)
  const node = fc.record({
    data: fc.option(fc.uint8Array({ maxLength: 300 }), { nil: null }),
    acl: fc.constant([]),
    ...{ czxid: zxid, mzxid: zxid, pzxid: zxid },
    ...{ ctime: fc.maxSafeInteger(), mtime: fc.maxSafeInteger() },
    ...{ version: fc.integer(), cversion: fc.integer(), aversion: fc.integer() },
    owner: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  })
  const path = fc.string({ unit: 'grapheme', maxLength: 40 }).map((name) => `/${name}`)
  fc.assert(
    fc.property(path, node, (path, fields) => {
      expect(digestOf(path, fields)).toBe(nodeDigest(path, fields))
    }),
  )
})

test('another CRC-32 that goes on from a seed can be put in the place of ours', () => {
  const native = (bytes: Uint8Array, start: number, end: number, seed: number): number =>
    zlibCrc32(bytes.subarray(start, end), seed)
  const fields = { ...zeros, data: new Uint8Array(1000).fill(3), czxid: 0x100000007 }
  expect(digestOf('/some/path', fields, native)).toBe(digestOf('/some/path', fields))
})
