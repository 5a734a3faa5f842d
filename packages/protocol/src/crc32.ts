// CRC-32 as zlib computes it, eight bytes a step ("slicing by eight"): table k gives the effect of a
// byte that is followed by k zero bytes, so the effects of eight bytes can be looked up independently.

const POLYNOMIAL = 0xedb88320

const table0 = firstTable()
const table1 = new Int32Array(256)
const table2 = new Int32Array(256)
const table3 = new Int32Array(256)
const table4 = new Int32Array(256)
const table5 = new Int32Array(256)
const table6 = new Int32Array(256)
const table7 = new Int32Array(256)
fillTables()

/**
 * The CRC-32 of `bytes[start, end)`, an unsigned 32-bit number. `seed` is the checksum of the bytes
 * before `start`, so that a stream can be summed in pieces; 0 is that of no bytes.
 */
export function crc32(bytes: Uint8Array, start = 0, end: number = bytes.length, seed = 0): number {
  let crc = ~seed
  let i = start
  const stopOfEights = start + ((end - start) & ~7)
  while (i < stopOfEights) {
    const low =
      crc ^
      ((bytes[i] as number) |
        ((bytes[i + 1] as number) << 8) |
        ((bytes[i + 2] as number) << 16) |
        ((bytes[i + 3] as number) << 24))
    crc =
      (table7[low & 0xff] as number) ^
      (table6[(low >>> 8) & 0xff] as number) ^
      (table5[(low >>> 16) & 0xff] as number) ^
      (table4[low >>> 24] as number) ^
      (table3[bytes[i + 4] as number] as number) ^
      (table2[bytes[i + 5] as number] as number) ^
      (table1[bytes[i + 6] as number] as number) ^
      (table0[bytes[i + 7] as number] as number)
    i += 8
  }
  while (i < end) crc = (table0[(crc ^ (bytes[i++] as number)) & 0xff] as number) ^ (crc >>> 8)
  return ~crc >>> 0
}

/**
 * One step of four bytes, given as a little-endian word, on the unfinished state: `~crc` of what came before. Finish with
 * `~state >>> 0`. For callers whose bytes lie apart.
 */
export function crc32Word(state: number, word: number): number {
  const value = state ^ word
  return (
    (table3[value & 0xff] as number) ^
    (table2[(value >>> 8) & 0xff] as number) ^
    (table1[(value >>> 16) & 0xff] as number) ^
    (table0[value >>> 24] as number)
  )
}

function firstTable(): Int32Array {
  const table = new Int32Array(256)
  for (let byte = 0; byte < 256; byte++) {
    let value = byte
    for (let bit = 0; bit < 8; bit++) value = (value & 1) === 0 ? value >>> 1 : (value >>> 1) ^ POLYNOMIAL
    table[byte] = value
  }
  return table
}

/**
 * All others in one go. A small function that is called for each of them would be hot enough for the optimizing compiler, whose
 * code alone costs a server at rest more than 3 MB of resident memory.
 */
function fillTables(): void {
  for (let byte = 0; byte < 256; byte++) {
    let value = table0[byte] as number
    table1[byte] = value = (table0[value & 0xff] as number) ^ (value >>> 8)
    table2[byte] = value = (table0[value & 0xff] as number) ^ (value >>> 8)
    table3[byte] = value = (table0[value & 0xff] as number) ^ (value >>> 8)
    table4[byte] = value = (table0[value & 0xff] as number) ^ (value >>> 8)
    table5[byte] = value = (table0[value & 0xff] as number) ^ (value >>> 8)
    table6[byte] = value = (table0[value & 0xff] as number) ^ (value >>> 8)
    table7[byte] = (table0[value & 0xff] as number) ^ (value >>> 8)
  }
}
