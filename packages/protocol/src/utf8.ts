// UTF-8 without a platform: short ASCII, nearly every path and name, is handled byte by byte;
// everything else goes through the platform's own encoder and decoder, which every JavaScript
// runtime has (they are declared here because this package compiles without platform types).

declare class TextEncoder {
  encodeInto(source: string, destination: Uint8Array): { read: number; written: number }
}
declare class TextDecoder {
  decode(bytes: Uint8Array): string
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Longest ASCII string, in bytes, that is decoded by concatenation; beyond it the platform is faster. */
const CONCAT_LENGTH_MAX = 64

/** Length in bytes of `text` as UTF-8. A lone surrogate counts as U+FFFD, three bytes. */
export function utf8Length(text: string): number {
  let length = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) length += 1
    else if (unit < 0x800) length += 2
    else if (unit >= 0xd800 && unit < 0xdc00 && isLowSurrogate(text.charCodeAt(i + 1))) {
      length += 4
      i++
    } else length += 3
  }
  return length
}

/** Writes `text` as UTF-8 at `offset`; returns the bytes written. There must be room for `utf8Length(text)`. */
export function utf8Write(text: string, bytes: Uint8Array, offset: number): number {
  const length = text.length
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i)
    if (unit >= 0x80) return i + encoder.encodeInto(text.slice(i), bytes.subarray(offset + i)).written
    bytes[offset + i] = unit
  }
  return length
}

/**
 * Decodes `bytes[start, end)`; each malformed sequence becomes U+FFFD, as in the reference's reader.
 * A surrogate pair in which each half was encoded by itself (CESU-8: three bytes and three) is read as the
 * character that it stands for, because that is how the reference's servers write one.
 */
export function utf8Read(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > CONCAT_LENGTH_MAX) return decodeWithPlatform(bytes, start, end)
  let text = ''
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number
    if (byte >= 0x80) return decodeWithPlatform(bytes, start, end)
    text += String.fromCharCode(byte)
  }
  return text
}

/** `text` as a fresh array of UTF-8 bytes. */
export function utf8Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(utf8Length(text))
  utf8Write(text, bytes, 0)
  return bytes
}

function decodeWithPlatform(bytes: Uint8Array, start: number, end: number): string {
  let text = ''
  let segmentStart = start
  for (let i = start; i + 6 <= end; i++) {
    if (!isSurrogatePair(bytes, i)) continue
    text += decodeSegment(bytes, segmentStart, i)
    text += String.fromCharCode(surrogateAt(bytes, i), surrogateAt(bytes, i + 3))
    segmentStart = i + 6
    i += 5
  }
  return text + decodeSegment(bytes, segmentStart, end)
}

function decodeSegment(bytes: Uint8Array, start: number, end: number): string {
  const text = decoder.decode(bytes.subarray(start, end))
  // A byte order mark is an ordinary character here, and the platform's decoder would eat it.
  const hasMark = end - start >= 3 && bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf
  return hasMark ? `\ufeff${text}` : text
}

/** Whether the six bytes at `i` are U+D800 to U+DBFF and U+DC00 to U+DFFF, three bytes each. 0xed can only begin a character. */
function isSurrogatePair(bytes: Uint8Array, i: number): boolean {
  return (
    bytes[i] === 0xed &&
    isWithin(bytes[i + 1], 0xa0, 0xaf) &&
    isWithin(bytes[i + 2], 0x80, 0xbf) &&
    bytes[i + 3] === 0xed &&
    isWithin(bytes[i + 4], 0xb0, 0xbf) &&
    isWithin(bytes[i + 5], 0x80, 0xbf)
  )
}

function isWithin(byte: number | undefined, min: number, max: number): boolean {
  return byte !== undefined && byte >= min && byte <= max
}

function surrogateAt(bytes: Uint8Array, i: number): number {
  return 0xd000 | (((bytes[i + 1] as number) & 0x3f) << 6) | ((bytes[i + 2] as number) & 0x3f)
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000
}
