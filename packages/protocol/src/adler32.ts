const MODULUS = 65521
/**
 * Most bytes after which both sums are still below 2^31, rounded down: so they stay small integers, which
 * is nearly twice as fast as the numbers beyond them. `b` grows to 65535 + n * 65535 + 255 * n * (n + 1) / 2.
 */
const BYTES_BEFORE_MODULO = 3840

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
      a = (a + (bytes[i] as number)) | 0
      b = (b + a) | 0
      a = (a + (bytes[i + 1] as number)) | 0
      b = (b + a) | 0
      a = (a + (bytes[i + 2] as number)) | 0
      b = (b + a) | 0
      a = (a + (bytes[i + 3] as number)) | 0
      b = (b + a) | 0
      a = (a + (bytes[i + 4] as number)) | 0
      b = (b + a) | 0
      a = (a + (bytes[i + 5] as number)) | 0
      b = (b + a) | 0
      a = (a + (bytes[i + 6] as number)) | 0
      b = (b + a) | 0
      a = (a + (bytes[i + 7] as number)) | 0
      b = (b + a) | 0
      i += 8
    }
    while (i < stop) {
      a = (a + (bytes[i++] as number)) | 0
      b = (b + a) | 0
    }
    a %= MODULUS
    b %= MODULUS
  }
  return ((b << 16) | a) >>> 0
}
