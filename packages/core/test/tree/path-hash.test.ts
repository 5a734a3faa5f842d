import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hashEnd, hashStep } from '../../src/tree/path-hash.ts'

const seed = fc.integer()
const bytes = fc.uint8Array({ maxLength: 80 })

test('a hash that is continued equals the hash of the whole', () => {
  fc.assert(
    fc.property(seed, bytes, fc.nat(80), (state, path, cut) => {
      const middle = Math.min(cut, path.length)
      const whole = hashEnd(hashStep(state, path, 0, path.length))
      const parts = hashEnd(hashStep(hashStep(state, path, 0, middle), path, middle, path.length))
      expect(parts).toBe(whole)
    }),
  )
})

test('the hash depends on the bytes only, not on where they lie', () => {
  fc.assert(
    fc.property(seed, bytes, fc.nat(20), (state, path, offset) => {
      const moved = new Uint8Array(path.length + offset + 3).fill(0x2f)
      moved.set(path, offset)
      expect(hashStep(state, moved, offset, offset + path.length)).toBe(hashStep(state, path, 0, path.length))
    }),
  )
})

test('hashes are signed 32-bit integers', () => {
  fc.assert(
    fc.property(seed, bytes, (state, path) => {
      const hash = hashEnd(hashStep(state, path, 0, path.length))
      expect(hash | 0).toBe(hash)
    }),
  )
})

test('another seed gives other hashes', () => {
  const path = new TextEncoder().encode('/workers/worker-0000000001')
  const hashes = new Set(Array.from({ length: 1000 }, (_, state) => hashEnd(hashStep(state, path, 0, path.length))))
  expect(hashes.size).toBe(1000)
})

test('paths as people name them rarely collide, and their hashes differ in the top bits as in the low ones', () => {
  const hashes: number[] = []
  for (let i = 0; i < 20_000; i++) {
    const path = new TextEncoder().encode(`/queue/item-${String(i).padStart(10, '0')}`)
    hashes.push(hashEnd(hashStep(12345, path, 0, path.length)))
  }
  expect(new Set(hashes).size).toBeGreaterThan(19_990)
  for (const bitsOf of [(hash: number) => hash >>> 26, (hash: number) => hash & 63]) {
    const buckets = new Array<number>(64).fill(0)
    for (const hash of hashes) buckets[bitsOf(hash)] = (buckets[bitsOf(hash)] ?? 0) + 1
    // 312 are expected in each.
    expect(Math.min(...buckets)).toBeGreaterThan(220)
    expect(Math.max(...buckets)).toBeLessThan(410)
  }
})
