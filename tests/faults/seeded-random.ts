/** Every choice of a suite comes from one of these, so that the printed seed brings the same choices again. */
export class SeededRandom {
  readonly seed: number
  #state: number

  constructor(seed: number) {
    this.seed = seed >>> 0
    this.#state = this.seed
  }

  /** A generator of its own for a part of the work, so that parts do not shift each other's choices. */
  fork(part: number | string): SeededRandom {
    let hash = this.seed ^ 0x9e3779b9
    for (const character of String(part)) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193)
    return new SeededRandom(hash ^ (hash >>> 15))
  }

  /** Uniform in [0, 2^32). */
  word(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }

  /** Uniform in [0, 1). */
  fraction(): number {
    return this.word() / 4294967296
  }

  /** Uniform in [0, limit), a whole number. */
  below(limit: number): number {
    return Math.floor(this.fraction() * limit)
  }

  /** Uniform in [low, high], whole numbers. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1)
  }

  isLikely(probability: number): boolean {
    return this.fraction() < probability
  }

  pick<T>(choices: readonly T[]): T {
    if (choices.length === 0) throw new Error('a choice among nothing')
    return choices[this.below(choices.length)] as T
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (let index = 0; index < length; index++) bytes[index] = this.word()
    return bytes
  }
}
