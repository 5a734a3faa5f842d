// Adler-32 as zlib computes it: `a` is one plus the sum of all bytes, `b` the sum of what `a` was after each byte, both
// modulo 65521. Every transaction and every snapshot is summed, so this takes four bytes a step.
//
// A word's bytes go into 16-bit lanes, two in each of two integers: `even` sums the first and the third bytes of the words,
// `odd` the second and the fourth. What `a` grows by within a block is the sum of the lanes, and what `b` grows by follows from
// the lanes' own running sums, which have to fit into 16 bits as well: that bounds the block.

const MODULUS = 65521
/** 20 words: the running sum of a lane reaches at most 255 * (0 + 1 + ... + 19) = 48450, below 2^16. */
const BLOCK_BYTES = 80
/** Blocks after which `a` and `b` must be reduced: `a` is below 400,000 and `b` below 2^30 until then, small integers both. */
const BYTES_BEFORE_MODULO: number = 16 * BLOCK_BYTES

/**
 * The Adler-32 of `bytes[start, end)`, an unsigned 32-bit number. `seed` is the checksum of the bytes
 * before `start`, so that a stream can be summed in pieces; 1 is that of no bytes.
 */
export function adler32(bytes: Uint8Array, start = 0, end: number = bytes.length, seed = 1): number {
  return adler32OfView(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), start, end, seed)
}

/** The same for who has a view of the bytes already: making one takes as long as summing a hundred bytes. */
export function adler32OfView(view: DataView, start: number, end: number, seed = 1): number {
  let a = seed & 0xffff
  let b = seed >>> 16
  let i = start
  const stopOfEights = start + ((end - start) & ~7)
  while (i < stopOfEights) {
    const stop = Math.min(i + BYTES_BEFORE_MODULO, stopOfEights)
    while (i < stop) {
      const blockStart = i
      const blockEnd = Math.min(i + BLOCK_BYTES, stop)
      let even = 0
      let odd = 0
      // Sums of what the lanes were in front of each word.
      let evenBefore = 0
      let oddBefore = 0
      for (; i < blockEnd; i += 8) {
        const first = view.getInt32(i, true)
        const second = view.getInt32(i + 4, true)
        const firstEven = first & LANES
        const firstOdd = (first >>> 8) & LANES
        evenBefore = (evenBefore + even + even + firstEven) | 0
        oddBefore = (oddBefore + odd + odd + firstOdd) | 0
        even = (even + firstEven + (second & LANES)) | 0
        odd = (odd + firstOdd + ((second >>> 8) & LANES)) | 0
      }
      const before = (evenBefore & 0xffff) + (evenBefore >>> 16) + (oddBefore & 0xffff) + (oddBefore >>> 16)
      const first = even & 0xffff
      const second = odd & 0xffff
      const third = even >>> 16
      const fourth = odd >>> 16
      // A byte counts once for itself and once for each byte behind it: in its own word, and in those that follow.
      b = (b + Math.imul(blockEnd - blockStart, a) + 4 * (before + first) + 3 * second + 2 * third + fourth) | 0
      a = (a + first + second + third + fourth) | 0
    }
    a %= MODULUS
    b %= MODULUS
  }
  while (i < end) {
    a += view.getUint8(i++)
    b += a
  }
  a %= MODULUS
  b %= MODULUS
  return ((b << 16) | a) >>> 0
}

/** The lanes of a word: two bytes, each with eight bits of room above it. */
const LANES = 0x00ff00ff
