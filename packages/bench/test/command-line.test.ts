import { expect, test } from 'vitest'
import { numberOption, realFrom, shellWords, wholeFrom } from '../src/command-line.ts'

test('a number is taken when it is one and in range', () => {
  expect(numberOption({ n: '12' }, 'n', 5, wholeFrom(1))).toBe(12)
  expect(numberOption({ n: '0.5' }, 'n', 5, realFrom(0.1))).toBe(0.5)
  expect(numberOption({}, 'n', 5, wholeFrom(1))).toBe(5)
  expect(numberOption({}, 'n', null, wholeFrom(1))).toBeNull()
})

test.each(['', ' ', 'x', '1x', 'Infinity', 'NaN', '-1', '1.5'])('"%s" is not a whole number from 0', (text) => {
  expect(() => numberOption({ n: text }, 'n', 5, wholeFrom(0))).toThrow(`--n ${text}: a whole number of at least 0 is expected`)
})

test('words are quoted as far as a shell needs it', () => {
  expect(shellWords(['--only', 'a|b c', '--out', '/tmp/x-1.json', "it's", ''])).toBe(
    "--only 'a|b c' --out /tmp/x-1.json 'it'\\''s' ''",
  )
})
