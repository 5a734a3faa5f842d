const BYTES_PER_LINE = 16
const HEAD = [
  '         +-------------------------------------------------+',
  '         |  0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f |',
]
const RULE = '+--------+-------------------------------------------------+----------------+'

/** The bytes as a framed table, 16 to a line, with what is printable of them beside. */
export function hexdumpLines(bytes: Uint8Array): string[] {
  const lines = [...HEAD, RULE]
  for (let offset = 0; offset < bytes.length; offset += BYTES_PER_LINE) {
    const row = [...bytes.subarray(offset, offset + BYTES_PER_LINE)]
    const hex = row.map((byte) => ` ${byte.toString(16).padStart(2, '0')}`).join('')
    const text = row.map((byte) => (byte > 0x1f && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')
    const address = offset.toString(16).padStart(8, '0')
    lines.push(`|${address}|${hex.padEnd(3 * BYTES_PER_LINE)} |${text.padEnd(BYTES_PER_LINE)}|`)
  }
  return bytes.length === 0 ? [] : [...lines, RULE]
}
