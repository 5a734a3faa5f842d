const MODULUS = 65521
/** Most bytes after which the sums still fit 32 unsigned bits, rounded down to a multiple of 16. */
const BYTES_BEFORE_MODULO = 5552

/**
 * The Adler-32 of `bytes[start, end)`, an unsigned 32-bit number. `seed` is the checksum of the bytes
 * before `start`, so that a stream can be summed in pieces; 1 is that of no bytes.
 */
export function adler32(bytes: Uint8Array, start = 0, end: number = bytes.length, seed = 1): number {
  let a = seed & 0xffff
  let b = seed >>> 16
  let i = start
  while (i < end) {
    const stop = Math.min(i + BYTES_BEFORE_MODULO, end)
    const stopOfEights = i + ((stop - i) & ~7)
    while (i < stopOfEights) {
      a += bytes[i] as number
      b += a
      a += bytes[i + 1] as number
      b += a
      a += bytes[i + 2] as number
      b += a
      a += bytes[i + 3] as number
      b += a
      a += bytes[i + 4] as number
      b += a
      a += bytes[i + 5] as number
      b += a
      a += bytes[i + 6] as number
      b += a
      a += bytes[i + 7] as number
      b += a
      i += 8
    }
    while (i < stop) {
      a += bytes[i++] as number
      b += a
    }
    a %= MODULUS
    b %= MODULUS
  }
  return ((b << 16) | a) >>> 0
}
