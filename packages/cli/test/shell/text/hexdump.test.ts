import { expect, test } from 'vitest'
import { hexdumpLines } from '../../../src/shell/text/hexdump.ts'

const HEAD = [
  '         +-------------------------------------------------+',
  '         |  0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f |',
  '+--------+-------------------------------------------------+----------------+',
]

test('a short line is filled up with blanks', () => {
  expect(hexdumpLines(new TextEncoder().encode('testData'))).toEqual([
    ...HEAD,
    '|00000000| 74 65 73 74 44 61 74 61                         |testData        |',
    '+--------+-------------------------------------------------+----------------+',
  ])
})

test('sixteen bytes make a line, and what cannot be printed is a dot', () => {
  const lines = hexdumpLines(Uint8Array.from({ length: 18 }, (_, index) => index + 0x1c))
  expect(lines[3]).toBe('|00000000| 1c 1d 1e 1f 20 21 22 23 24 25 26 27 28 29 2a 2b |.... !"#$%&\'()*+|')
  expect(lines[4]).toBe('|00000010| 2c 2d                                           |,-              |')
})

test('no bytes make no table', () => {
  expect(hexdumpLines(new Uint8Array(0))).toEqual([])
})
