// A session's password is a function of its id, so that every server of an ensemble, of either
// make, can check it without having been told. It keeps a client from taking another's session
// by mistake. It is no secret from someone who knows the id and this file.
//
// The function is the linear congruential generator of java.util.Random: 48 bits of state,
//   state' = (state * 0x5DEECE66D + 0xB) mod 2^48
// of which each step gives the upper 32 bits. A product of 48 and 35 bits does not fit a number's 53,
// so state and multiplier are worked on in halves of 24 bits, exact at every step.

export const SESSION_PASSWORD_LENGTH = 16

/** What the id is mixed with: 0xB3415C00, and the 0x5DEECE66D that the generator mixes into each seed. */
const SEED_MASK = 0xb3415c00n ^ 0x5deece66dn
const MULTIPLIER_HIGH = 0x5de
const MULTIPLIER_LOW = 0xece66d
const INCREMENT = 0xb
const HALF = 0x1000000

/** Writes the 16 bytes of the password of session `id` into `out[offset...]`. */
export function sessionPassword(id: bigint, out: Uint8Array, offset = 0): void {
  const seed = Number(BigInt.asUintN(48, id ^ SEED_MASK))
  let high = Math.floor(seed / HALF)
  let low = seed % HALF
  for (let at = offset; at < offset + SESSION_PASSWORD_LENGTH; at += 4) {
    const lowProduct = low * MULTIPLIER_LOW + INCREMENT
    const carry = Math.floor(lowProduct / HALF)
    const highSum = high * MULTIPLIER_LOW + low * MULTIPLIER_HIGH + carry
    // The remainder by subtraction: for numbers this long the operator % is a slow library call.
    high = highSum - Math.floor(highSum / HALF) * HALF
    low = lowProduct - carry * HALF
    // The upper 32 bits of the state, the least significant byte first.
    out[at] = low >>> 16
    out[at + 1] = high
    out[at + 2] = high >>> 8
    out[at + 3] = high >>> 16
  }
}

/**
 * Is `bytes` the password of session `id`? It takes as long for a nearly right password as for a
 * wrong one. Id 0 stands for "no session yet" and has no password.
 */
export function passwordMatches(id: bigint, bytes: Uint8Array | null): boolean {
  if (id === 0n || bytes === null || bytes.length !== SESSION_PASSWORD_LENGTH) return false
  sessionPassword(id, expected)
  let difference = 0
  for (let index = 0; index < SESSION_PASSWORD_LENGTH; index++) difference |= (bytes[index] ?? 0) ^ (expected[index] ?? 0)
  return difference === 0
}

const expected: Uint8Array = new Uint8Array(SESSION_PASSWORD_LENGTH)
