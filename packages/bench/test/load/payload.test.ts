import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type PayloadLabel, PayloadMaker } from '../../src/load/payload.ts'

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}

function check(maker: PayloadMaker, bytes: Buffer, key: number): PayloadLabel | null {
  const label: PayloadLabel = { key: -1, writer: -1, sequence: -1 }
  return maker.check(bytes, viewOf(bytes), 0, key, label) ? label : null
}

const labels = fc.record({ key: fc.nat(), writer: fc.nat(), sequence: fc.nat() })
const sizes = fc.integer({ min: 16, max: 5000 })

test('a payload says whose it is', () => {
  fc.assert(
    fc.property(labels, sizes, fc.nat(), (label, size, seed) => {
      const maker = new PayloadMaker(size, seed)
      expect(check(maker, maker.make(label), label.key)).toEqual(label)
    }),
  )
})

test('a payload in which any one bit is wrong does not pass', () => {
  const maker = new PayloadMaker(200, 1)
  const bytes = maker.make({ key: 7, writer: 3, sequence: 99 })
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const damaged = Buffer.from(bytes)
    damaged.writeUInt8(damaged.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    expect(check(maker, damaged, 7)).toBeNull()
  }
})

test('a payload does not pass for another key, in another run, or mixed from two writes', () => {
  const maker = new PayloadMaker(200, 1)
  const bytes = maker.make({ key: 7, writer: 3, sequence: 99 })
  expect(check(maker, bytes, 8)).toBeNull()
  expect(check(new PayloadMaker(200, 2), bytes, 7)).toBeNull()
  const other = maker.make({ key: 7, writer: 3, sequence: 100 })
  expect(check(maker, Buffer.concat([bytes.subarray(0, 100), other.subarray(100)]), 7)).toBeNull()
})

test('an empty payload passes, one too small to be checked is refused', () => {
  const maker = new PayloadMaker(0, 1)
  expect(maker.make({ key: 1, writer: 1, sequence: 1 })).toHaveLength(0)
  expect(check(maker, Buffer.alloc(0), 1)).not.toBeNull()
  expect(() => new PayloadMaker(15, 1)).toThrow('a payload of 15 bytes cannot be checked')
})
