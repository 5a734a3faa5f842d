import fc from 'fast-check'
import { expect, test } from 'vitest'
import { copyBytes, SlabStore } from '../../src/tree/slab-store.ts'

const KIB = 1024
/** Lengths on both sides of every kind of border: granules, quarters of a doubling, shared and own chunks. */
const edges = [1, 7, 8, 9, 127, 128, 129, 160, 161, 255, 256, 257, 65535, 64 * KIB, 64 * KIB + 1, 100_000]

/** Bytes that differ from block to block and from position to position. */
function pattern(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) bytes[i] = (seed * 31 + i * 7 + (i >> 8)) & 0xff
  return bytes
}

function bytesAt(store: SlabStore, ref: number, length: number): Uint8Array {
  const at = store.offset(ref)
  return store.chunk(ref).slice(at, at + length)
}

test('blocks keep their bytes while others come, go and change their size', () => {
  const length = fc.oneof(
    { arbitrary: fc.integer({ min: 1, max: 300 }), weight: 20 },
    { arbitrary: fc.constantFrom(...edges), weight: 1 },
  )
  const step = fc.oneof(
    { arbitrary: fc.record({ kind: fc.constant('put' as const), length, which: fc.nat() }), weight: 5 },
    { arbitrary: fc.record({ kind: fc.constant('free' as const), length, which: fc.nat() }), weight: 3 },
    { arbitrary: fc.record({ kind: fc.constant('resize' as const), length, which: fc.nat() }), weight: 4 },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150, size: 'max' }), (steps) => {
      const store = new SlabStore()
      const model = new Map<number, Uint8Array>()
      steps.forEach(({ kind, length, which }, seed) => {
        const bytes = pattern(length, seed)
        const ref = [...model.keys()][which % Math.max(model.size, 1)] ?? 0
        const before = model.get(ref)
        if (kind === 'put') {
          const added = store.put(bytes, 0, length)
          expect(model.has(added)).toBe(false)
          model.set(added, bytes)
        } else if (before !== undefined && kind === 'free') {
          store.free(ref, before.length)
          model.delete(ref)
        } else if (before !== undefined && store.fits(before.length, length)) {
          store.overwrite(ref, bytes, 0, length)
          model.set(ref, bytes)
        } else if (before !== undefined) {
          store.free(ref, before.length)
          model.delete(ref)
          model.set(store.put(bytes, 0, length), bytes)
        }
      })
      for (const [ref, bytes] of model) expect(Buffer.compare(bytesAt(store, ref, bytes.length), bytes)).toBe(0)
      for (const [ref, bytes] of model) store.free(ref, bytes.length)
      expect(store.usedBytes).toBe(0)
    }),
    { numRuns: 100 },
  )
})

test('a block takes at most a quarter more than was asked for, and at least one granule', () => {
  const store = new SlabStore()
  for (let length = 1; length <= 70_000; length += length < 2000 ? 1 : 61) {
    const before = store.usedBytes
    const ref = store.allocate(length)
    const taken = store.usedBytes - before
    expect(taken).toBeGreaterThanOrEqual(length)
    expect(taken).toBeLessThanOrEqual(Math.max(8, length * 1.25, length + 7))
    store.free(ref, length)
    expect(store.usedBytes).toBe(before)
  }
})

test('a freed block is the next of its size to be handed out', () => {
  const store = new SlabStore()
  const first = store.allocate(20)
  store.allocate(20)
  store.free(first, 20)
  expect(store.allocate(40)).not.toBe(first)
  expect(store.allocate(17)).toBe(first)
})

test('empty content needs no block: no reference stands for it and freeing it does nothing', () => {
  const store = new SlabStore()
  expect(store.put(new Uint8Array(0), 0, 0)).toBe(0)
  store.free(0, 0)
  expect(store.usedBytes).toBe(0)
  expect(store.allocate(1)).not.toBe(0)
})

test('blocks that would cross the end of a chunk begin a new one', () => {
  const store = new SlabStore()
  const size = 60_000
  const refs = Array.from({ length: 200 }, (_, seed) => store.put(pattern(size, seed), 0, size))
  expect(new Set(refs.map((ref) => store.chunk(ref))).size).toBeGreaterThan(1)
  refs.forEach((ref, seed) => {
    expect(Buffer.compare(bytesAt(store, ref, size), pattern(size, seed))).toBe(0)
  })
})

test('the largest block that shares a chunk fits into the first chunk, which is a short one', () => {
  const store = new SlabStore()
  const first = store.put(pattern(64 * KIB, 1), 0, 64 * KIB)
  const second = store.put(pattern(64 * KIB, 2), 0, 64 * KIB)
  expect(Buffer.compare(bytesAt(store, first, 64 * KIB), pattern(64 * KIB, 1))).toBe(0)
  expect(Buffer.compare(bytesAt(store, second, 64 * KIB), pattern(64 * KIB, 2))).toBe(0)
  expect(store.chunk(first).length).toBeLessThan(store.chunk(second).length)
})

test('a large block has an array of its own, which goes with it, and whose number is used again', () => {
  const store = new SlabStore()
  const length = 64 * KIB + 1
  const ref = store.put(pattern(length, 1), 0, length)
  expect(store.chunk(ref).length).toBe(length)
  expect(store.offset(ref)).toBe(0)
  expect(store.usedBytes).toBe(length)
  store.free(ref, length)
  expect(store.usedBytes).toBe(0)
  expect(store.chunk(ref).length).toBe(0)
  const next = store.put(pattern(length + 5, 2), 0, length + 5)
  expect(next).toBe(ref)
  expect(Buffer.compare(bytesAt(store, next, length + 5), pattern(length + 5, 2))).toBe(0)
})

test('large blocks take no part of the room for small ones, however many there are', () => {
  const length = 64 * KIB + 1
  const small = 50_000
  const crowded = new SlabStore()
  const alone = new SlabStore()
  for (let i = 0; i < 300; i++) {
    crowded.put(new Uint8Array(length), 0, length)
    // Small blocks get the very references that they have where there are no large ones.
    expect(crowded.allocate(small)).toBe(alone.allocate(small))
  }
})

test('only blocks of one size class fit in place of each other; large ones only when they are equally long', () => {
  const store = new SlabStore()
  expect(store.fits(1, 8)).toBe(true)
  expect(store.fits(8, 9)).toBe(false)
  expect(store.fits(129, 160)).toBe(true)
  expect(store.fits(160, 161)).toBe(false)
  expect(store.fits(0, 0)).toBe(false)
  expect(store.fits(0, 8)).toBe(false)
  expect(store.fits(8, 0)).toBe(false)
  expect(store.fits(64 * KIB, 64 * KIB + 1)).toBe(false)
  expect(store.fits(70_000, 70_000)).toBe(true)
  expect(store.fits(70_000, 70_001)).toBe(false)
})

test('bytes are copied whole, whatever their number', () => {
  for (const length of [0, 1, 31, 32, 33, 255, 256, 257, 5000]) {
    const source = pattern(length + 3, length)
    const target = new Uint8Array(length + 4).fill(0xee)
    copyBytes(source, 3, target, 2, length)
    expect(Buffer.compare(target.subarray(2, 2 + length), source.subarray(3))).toBe(0)
    expect([target[0], target[1], target[length + 2], target[length + 3]]).toEqual([0xee, 0xee, 0xee, 0xee])
  }
})
