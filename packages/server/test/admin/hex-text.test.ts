import { expect, test } from 'vitest'
import { bareHexText, hexText } from '../../src/admin/hex-text.ts'

test('numbers and bigints are written without leading zeros', () => {
  expect(hexText(0)).toBe('0x0')
  expect(hexText(0n)).toBe('0x0')
  expect(hexText(0x1fffff00000001)).toBe('0x1fffff00000001')
  expect(bareHexText(0x80)).toBe('80')
})

test('negative values are written as unsigned 64 bits', () => {
  expect(hexText(-1)).toBe('0xffffffffffffffff')
  expect(hexText(-0x7f00000000000000n)).toBe('0x8100000000000000')
})
