import fc from 'fast-check'
import { expect, test } from 'vitest'
import { KeptInput } from '../../src/listener/kept-input.ts'

test('what is kept in pieces and taken from the front stays in its order', () => {
  const step = fc.record({ added: fc.uint8Array({ maxLength: 3_000 }), taken: fc.nat(4_000) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const kept = new KeptInput()
      let expected: number[] = []
      for (const { added, taken } of steps) {
        kept.append(added, 0, added.length)
        expected.push(...added)
        const count = Math.min(taken, kept.size)
        kept.start += count
        expected = expected.slice(count)
        expect([...kept.bytes.subarray(kept.start, kept.limit)]).toEqual(expected)
        expect(kept.size).toBe(expected.length)
      }
    }),
    { numRuns: 50 },
  )
})

test('what is kept is a copy, and nothing is kept after it was dropped', () => {
  const kept = new KeptInput()
  const chunk = Uint8Array.of(1, 2, 3, 4)
  kept.append(chunk, 1, 3)
  chunk.fill(9)
  expect([...kept.bytes.subarray(kept.start, kept.limit)]).toEqual([2, 3])
  kept.drop()
  expect([kept.size, kept.bytes.length]).toEqual([0, 0])
})

test('whole frames are counted, also behind what was taken, and neither a piece nor an impossible length is one', () => {
  const kept = new KeptInput()
  const add = (...bytes: number[]): void => kept.append(Uint8Array.from(bytes), 0, bytes.length)
  add(0, 0, 0, 1, 7)
  add(0, 0, 0, 0)
  add(0, 0, 0, 2, 7)
  expect(kept.countFrames()).toBe(2)
  kept.start += 5
  add(7)
  expect(kept.countFrames()).toBe(2)
  add(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0)
  expect(kept.countFrames()).toBe(2)
})
