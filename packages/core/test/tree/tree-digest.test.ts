import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TreeDigest } from '../../src/tree/tree-digest.ts'

test('the digest is the sum of its parts modulo 2^64, through every carry and borrow', () => {
  const part = fc.oneof(fc.nat(0xffffffff), fc.constantFrom(0, 1, 0xffffffff, 0x80000000))
  fc.assert(
    fc.property(fc.array(fc.tuple(part, part), { maxLength: 40 }), (replacements) => {
      const digest = new TreeDigest()
      let sum = 0n
      for (const [before, after] of replacements) {
        digest.replace(before, after)
        sum = BigInt.asUintN(64, sum + BigInt(after) - BigInt(before))
        expect(digest.toBigInt()).toBe(sum)
        expect(digest.equals(Number(BigInt.asIntN(32, sum >> 32n)), Number(sum & 0xffffffffn))).toBe(true)
      }
    }),
  )
})

test('a sum below zero wraps, and comes back', () => {
  const digest = new TreeDigest()
  digest.replace(1, 0)
  expect(digest.toBigInt()).toBe(2n ** 64n - 1n)
  expect([digest.high, digest.low]).toEqual([-1, 0xffffffff])
  digest.replace(0, 1)
  expect(digest.toBigInt()).toBe(0n)
})

test('a copy is equal until one of the two changes', () => {
  const digest = new TreeDigest()
  digest.replace(0, 5)
  const copy = new TreeDigest()
  copy.copyFrom(digest)
  expect(copy.equals(digest.high, digest.low)).toBe(true)
  digest.replace(5, 6)
  expect(copy.equals(digest.high, digest.low)).toBe(false)
  expect(copy.toBigInt()).toBe(5n)
})
