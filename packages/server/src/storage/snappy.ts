// Snappy's raw block format: a length, then elements that are either literal bytes or copies of
// bytes that went before. Written here because a snapshot that was packed with it must load wherever this server runs, without
// a native module; blocks are small (snappy-frames.ts), which keeps both directions simple.

/** A block that does not say what it should. */
export class SnappyError extends Error {
  constructor(message: string) {
    super(`not a snappy block: ${message}`)
    this.name = 'SnappyError'
  }
}

const HASH_BITS = 13
const HASH_MULTIPLIER = 0x1e35a7bd
/** A match shorter than this costs as much as its literal bytes. */
const MATCH_MIN = 4
/** One copy element covers at most this many bytes. */
const COPY_MAX = 64

/** Most bytes that `snappyCompress` can make of `length` bytes. */
export function snappyBound(length: number): number {
  return 32 + length + Math.ceil(length / 6)
}

/** Length of the unpacked block `bytes[start, end)`, from its preamble. */
export function snappyLength(bytes: Uint8Array, start: number, end: number): number {
  return readPreamble(bytes, start, end).length
}

/** Unpacks `bytes[start, end)` into `out` at `at`, where there must be room for `snappyLength` bytes. */
export function snappyDecompress(bytes: Uint8Array, start: number, end: number, out: Uint8Array, at: number): void {
  const preamble = readPreamble(bytes, start, end)
  const stop = at + preamble.length
  if (stop > out.length) throw new SnappyError('it is larger than the room for it')
  let i = preamble.next
  let o = at
  while (i < end) {
    const tag = bytes[i++] as number
    const kind = tag & 3
    if (kind === 0) {
      let length = (tag >>> 2) + 1
      if (length > 60) {
        const count = length - 60
        if (i + count > end) throw new SnappyError('it ends inside a length')
        length = readLittleEndian(bytes, i, count) + 1
        i += count
      }
      if (length > end - i || length > stop - o) throw new SnappyError('a literal goes past the end')
      out.set(bytes.subarray(i, i + length), o)
      i += length
      o += length
      continue
    }
    let length: number
    let distance: number
    const count = kind === 3 ? 4 : kind
    if (i + count > end) throw new SnappyError('it ends inside a copy')
    if (kind === 1) {
      length = ((tag >>> 2) & 7) + 4
      distance = ((tag >>> 5) << 8) | (bytes[i] as number)
    } else {
      length = (tag >>> 2) + 1
      distance = readLittleEndian(bytes, i, count)
    }
    i += count
    if (distance === 0 || distance > o - at) throw new SnappyError('a copy begins in front of the block')
    if (length > stop - o) throw new SnappyError('a copy goes past the end')
    // Byte by byte: a copy may overlap what it makes.
    for (const copyEnd = o + length; o < copyEnd; o++) out[o] = out[o - distance] as number
  }
  if (o !== stop) throw new SnappyError(`it states ${preamble.length} bytes and holds ${o - at}`)
}

/** Packs blocks; one object serves many, so that its table is made once. */
export class SnappyCompressor {
  private readonly table = new Int32Array(1 << HASH_BITS)

  /** Packs `bytes[start, end)` into `out` at `at`, where there must be room for `snappyBound` bytes. Returns the packed length. */
  compress(bytes: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number {
    const table = this.table.fill(-1)
    let o = writePreamble(end - start, out, at)
    let literalStart = start
    let i = start
    // Where nothing has matched for long, look less closely: data that does not pack must not cost much.
    let misses = 32
    while (i + MATCH_MIN <= end) {
      const word = readWord(bytes, i)
      const slot = Math.imul(word, HASH_MULTIPLIER) >>> (32 - HASH_BITS)
      const candidate = table[slot] as number
      table[slot] = i
      if (candidate < 0 || i - candidate > 0xffff || readWord(bytes, candidate) !== word) {
        i += misses++ >>> 5
        continue
      }
      let length = MATCH_MIN
      while (i + length < end && bytes[i + length] === bytes[candidate + length]) length++
      o = writeLiteral(bytes, literalStart, i, out, o)
      o = writeCopy(i - candidate, length, out, o)
      i += length
      literalStart = i
      misses = 32
    }
    return writeLiteral(bytes, literalStart, end, out, o) - at
  }
}

function readPreamble(bytes: Uint8Array, start: number, end: number): { length: number; next: number } {
  let length = 0
  for (let i = start, scale = 1; i < end && i < start + 5; i++, scale *= 128) {
    const byte = bytes[i] as number
    length += (byte & 0x7f) * scale
    if (byte < 0x80) return { length, next: i + 1 }
  }
  throw new SnappyError('its length is not complete')
}

function writePreamble(length: number, out: Uint8Array, at: number): number {
  let o = at
  let rest = length
  while (rest >= 0x80) {
    out[o++] = (rest & 0x7f) | 0x80
    rest = Math.floor(rest / 128)
  }
  out[o++] = rest
  return o
}

function writeLiteral(bytes: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number {
  const length = end - start
  if (length === 0) return at
  let o = at
  const value = length - 1
  if (value < 60) {
    out[o++] = value << 2
  } else {
    const count = value < 0x100 ? 1 : value < 0x10000 ? 2 : value < 0x1000000 ? 3 : 4
    out[o++] = (59 + count) << 2
    for (let i = 0; i < count; i++) out[o++] = (value >>> (8 * i)) & 0xff
  }
  out.set(bytes.subarray(start, end), o)
  return o + length
}

function writeCopy(distance: number, length: number, out: Uint8Array, at: number): number {
  let o = at
  let rest = length
  while (rest > 0) {
    // A rest of 1 to 3 bytes is dearer than a shorter first copy, but always allowed in this form.
    const part = Math.min(rest, COPY_MAX)
    out[o++] = ((part - 1) << 2) | 2
    out[o++] = distance & 0xff
    out[o++] = distance >>> 8
    rest -= part
  }
  return o
}

function readWord(bytes: Uint8Array, i: number): number {
  return (
    (bytes[i] as number) | ((bytes[i + 1] as number) << 8) | ((bytes[i + 2] as number) << 16) | ((bytes[i + 3] as number) << 24)
  )
}

function readLittleEndian(bytes: Uint8Array, at: number, count: number): number {
  let value = 0
  for (let i = count - 1; i >= 0; i--) value = value * 256 + (bytes[at + i] as number)
  return value
}
