/**
 * Node data that a reader can check completely without having kept it. The first 16 bytes say what the
 * data is, the rest follows from them:
 *
 *     0       4        8          12      16
 *     | key   | writer | sequence | seal  | body: bytes of a fixed noise pool,      |
 *     |       |        |          |       | from an offset that the seal determines |
 *
 * The seal is a hash of the three numbers and the seed of the run, so data of another run, of another key
 * or mixed from two writes does not pass. Rebuilding is one comparison with the pool: no byte is generated
 * for each reply, which matters when the generator shares the machine with the server that it measures.
 */

const HEADER_BYTES = 16
const POOL_BYTES = 65536

/** Whose data it is: which key, which writer, how many writes that writer had made before. */
export interface PayloadLabel {
  key: number
  writer: number
  sequence: number
}

/** Writes and checks payloads of one size and seed. */
export class PayloadMaker {
  /** Bytes of each payload: 0, or at least 16 so that the label fits. */
  readonly sizeBytes: number
  private readonly seed: number
  private readonly pool: Buffer

  constructor(sizeBytes: number, seed: number) {
    if (sizeBytes !== 0 && sizeBytes < HEADER_BYTES) {
      throw new RangeError(`a payload of ${sizeBytes} bytes cannot be checked: use 0, or ${HEADER_BYTES} and more`)
    }
    this.sizeBytes = sizeBytes
    this.seed = seed
    this.pool = noise(POOL_BYTES + sizeBytes)
  }

  /** Writes the payload at `bytes[at]`; `view` covers the same bytes. */
  write(bytes: Buffer, view: DataView, at: number, key: number, writer: number, sequence: number): void {
    if (this.sizeBytes === 0) return
    const seal = sealOf(key, writer, sequence, this.seed)
    view.setInt32(at, key)
    view.setInt32(at + 4, writer)
    view.setInt32(at + 8, sequence)
    view.setInt32(at + 12, seal)
    const from = seal & (POOL_BYTES - 1)
    this.pool.copy(bytes, at + HEADER_BYTES, from, from + this.sizeBytes - HEADER_BYTES)
  }

  /** A payload of its own, for requests that are not on the hot path. */
  make(label: PayloadLabel): Buffer {
    const bytes = Buffer.alloc(this.sizeBytes)
    this.write(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, label.key, label.writer, label.sequence)
    return bytes
  }

  /**
   * Whether `bytes[at, at + sizeBytes)` is a payload of this run, to the last byte, and for this key.
   * `label` receives what it says; an empty payload says nothing and leaves the label alone.
   */
  check(bytes: Buffer, view: DataView, at: number, key: number, label: PayloadLabel): boolean {
    if (this.sizeBytes === 0) return true
    label.key = view.getInt32(at)
    label.writer = view.getInt32(at + 4)
    label.sequence = view.getInt32(at + 8)
    if (label.key !== key) return false
    const seal = sealOf(label.key, label.writer, label.sequence, this.seed)
    if (view.getInt32(at + 12) !== seal) return false
    const from = seal & (POOL_BYTES - 1)
    const end = from + this.sizeBytes - HEADER_BYTES
    return this.pool.compare(bytes, at + HEADER_BYTES, at + this.sizeBytes, from, end) === 0
  }
}

/** A 32-bit hash in which each bit of each number decides about each bit of the result. */
function sealOf(key: number, writer: number, sequence: number, seed: number): number {
  let hash = Math.imul(key ^ seed, 0x9e3779b1)
  hash = Math.imul((hash ^ (hash >>> 15)) + writer, 0x85ebca77)
  hash = Math.imul((hash ^ (hash >>> 13)) + sequence, 0xc2b2ae3d)
  return hash ^ (hash >>> 16)
}

/** Noise that is the same in every process: the echo server and the tests must make the same bytes. */
function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length)
  let state = 0x2545f491
  for (let at = 0; at < length; at++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes[at] = state & 0xff
  }
  return bytes
}
