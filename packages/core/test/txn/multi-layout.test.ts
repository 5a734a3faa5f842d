import { ByteReader, ByteWriter, DecodeError, type MultiPart, Op, writeMultiRequest } from '@tskeeper/protocol/server'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { countMultiParts, create2PartsOf } from '../../src/txn/multi-layout.ts'
import { openAcl } from './workbench.ts'

const path = fc.string({ maxLength: 12 })
const data = fc.option(fc.uint8Array({ maxLength: 12 }), { nil: null })
const acl = fc.constantFrom(openAcl, [], [...openAcl, { perms: 1, scheme: 'digest', id: 'u:h' }])
const flags = fc.constantFrom(0, 1, 2, 3, 4)
const version = fc.integer()

const part: fc.Arbitrary<MultiPart> = fc.oneof(
  fc.record({
    op: fc.constantFrom(Op.create, Op.create2, Op.createContainer),
    request: fc.record({ path, data, acl, flags }),
  }),
  fc.record({ op: fc.constant(Op.createTTL), request: fc.record({ path, data, acl, flags: fc.nat(6), ttl: fc.nat() }) }),
  fc.record({ op: fc.constantFrom(Op.delete, Op.check), request: fc.record({ path, version }) }),
  fc.record({ op: fc.constant(Op.setData), request: fc.record({ path, data, version }) }),
)

function encoded(parts: readonly MultiPart[]): Uint8Array {
  const out = new ByteWriter()
  writeMultiRequest(out, parts)
  return out.toBytes()
}

test('the parts of any multi are counted, up to its end header', () => {
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
      const bytes = encoded(parts)
      const input = new ByteReader(Uint8Array.of(...bytes, 1, 2, 3))
      expect(countMultiParts(input)).toBe(parts.length)
      expect(input.position).toBe(bytes.length)
    }),
  )
})

test('a multi that is cut short anywhere is noticed', () => {
  fc.assert(
    fc.property(fc.array(part, { maxLength: 4 }), fc.nat(), (parts, cut) => {
      const bytes = encoded(parts)
      expect(() => countMultiParts(new ByteReader(bytes.subarray(0, cut % bytes.length)))).toThrow(DecodeError)
    }),
  )
})

test('the create2 parts of any multi are found, and the reader stays where it was', () => {
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
      const input = new ByteReader(encoded(parts))
      const indexes = parts.flatMap(({ op }, index) => (op === Op.create2 ? [index] : []))
      expect(create2PartsOf(input)).toEqual(indexes.length === 0 ? null : indexes)
      expect(input.position).toBe(0)
    }),
  )
})

test('no create2 parts are found in what is no multi', () => {
  const create2 = encoded([{ op: Op.create2, request: { path: '/a', data: null, acl: openAcl, flags: 0 } }])
  const withoutEnd = new ByteReader(create2.subarray(0, create2.length - 9))
  expect(create2PartsOf(withoutEnd)).toBeNull()
  expect(withoutEnd.position).toBe(0)
})

test('any bytes at all are counted, refused or found too short, and nothing else happens', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
      try {
        expect(countMultiParts(new ByteReader(bytes))).toBeGreaterThanOrEqual(-1)
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError)
      }
    }),
    { numRuns: 1000 },
  )
})
