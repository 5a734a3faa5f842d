/**
 * Random numbers that a seed decides: the same seed gives the same run, to the last number. The
 * generator is Blackman and Vigna's xoshiro128**: 128 bits of state, a few nanoseconds a number.
 * It is for simulations, schedules and spread, never for secrets.
 */
export class SeededRandom {
  private a: number
  private b: number
  private c: number
  private d: number

  /** Any number will do as a seed; its 53 bits all count. */
  constructor(seed: number) {
    // Neighbouring seeds must not give related states, so the seed is stirred word by word.
    const low = seed | 0
    const high = Math.floor(seed / 4294967296) | 0
    this.a = stir(low + 0x9e3779b9)
    this.b = stir(this.a ^ high)
    this.c = stir(this.b + low)
    // One word is kept odd: the state of all zeros is the only one that the generator cannot leave.
    this.d = stir(this.c ^ high) | 1
  }

  /** Uniform in [0, 1), with 53 random bits. */
  next(): number {
    return (this.next32() * 2097152 + (this.next32() >>> 11)) / 9007199254740992
  }

  /** Uniform in [0, limit), a whole number; `limit` is at most 2^32. */
  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  /** 32 random bits as an unsigned number. */
  next32(): number {
    const product = Math.imul(this.b, 5)
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0
    const shifted = this.b << 9
    this.c ^= this.a
    this.d ^= this.b
    this.b ^= this.c
    this.a ^= this.d
    this.c ^= shifted
    this.d = (this.d << 11) | (this.d >>> 21)
    return result
  }
}

/** Spreads each bit of a word over the whole word. */
function stir(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}
