import fc from 'fast-check'
import { expect, test } from 'vitest'
import { passwordMatches, SESSION_PASSWORD_LENGTH, sessionPassword } from '../../src/session/session-password.ts'

function passwordOf(id: bigint): Uint8Array {
  const out = new Uint8Array(SESSION_PASSWORD_LENGTH)
  sessionPassword(id, out)
  return out
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** The definition, word for word, in whole numbers of any size. */
function passwordByDefinition(id: bigint): number[] {
  const mask = 2n ** 48n - 1n
  let state = (id ^ 0xb3415c00n ^ 0x5deece66dn) & mask
  const bytes: number[] = []
  for (let word = 0; word < 4; word++) {
    state = (state * 0x5deece66dn + 0xbn) & mask
    const value = (state >> 16n) & 0xffffffffn
    for (const shift of [0n, 8n, 16n, 24n]) bytes.push(Number((value >> shift) & 0xffn))
  }
  return bytes
}

test('passwords equal those of Apache servers', () => {
  expect(hex(passwordOf(0x0100000d7af30000n))).toBe('4f71909d306ab69f45225310f9dd6da7')
  expect(hex(passwordOf(1n))).toBe('054cc74a37327db215e702e20c73f005')
})

test('only the low 48 bits of an id count', () => {
  expect(passwordOf(0xfe00000000000001n)).toEqual(passwordOf(1n))
  expect(passwordOf(BigInt.asIntN(64, 0xfe00000000000001n))).toEqual(passwordOf(1n))
})

test('the arithmetic in halves is exact for every id', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (id) => {
      expect([...passwordOf(id)]).toEqual(passwordByDefinition(id))
    }),
    { numRuns: 2000 },
  )
})

test('a password is written where it is wanted and nowhere else', () => {
  const out = new Uint8Array(20)
  sessionPassword(1n, out, 2)
  expect([...out.subarray(0, 2), ...out.subarray(18)]).toEqual([0, 0, 0, 0])
  expect(out.slice(2, 18)).toEqual(passwordOf(1n))
})

test('a session accepts its own password and no other', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }), fc.nat(15), fc.integer({ min: 1, max: 255 }), (id, at, change) => {
      const password = passwordOf(id)
      expect(passwordMatches(id, password)).toBe(true)
      password[at] = (password[at] ?? 0) ^ change
      expect(passwordMatches(id, password)).toBe(false)
    }),
  )
})

test('no password, one of another length, and any password of session 0 are refused', () => {
  expect(passwordMatches(1n, null)).toBe(false)
  expect(passwordMatches(1n, passwordOf(1n).subarray(0, 15))).toBe(false)
  expect(passwordMatches(1n, new Uint8Array([...passwordOf(1n), 0]))).toBe(false)
  expect(passwordMatches(0n, passwordOf(0n))).toBe(false)
})
