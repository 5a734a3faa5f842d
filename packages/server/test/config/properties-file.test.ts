import { expect, test } from 'vitest'
import { parseProperties } from '../../src/config/properties-file.ts'

function parse(text: string): Record<string, string> {
  return Object.fromEntries(parseProperties(Buffer.from(text, 'latin1')))
}

// What Java's own parser (OpenJDK 17) made of the same bytes, after trimming.
test.each<[string, Record<string, string>]>([
  ['a=b', { a: 'b' }],
  ['a = b', { a: 'b' }],
  ['a : b', { a: 'b' }],
  ['a b', { a: 'b' }],
  ['  a=b', { a: 'b' }],
  ['a\t=\tb', { a: 'b' }],
  ['#c\n!d\n e=f', { e: 'f' }],
  ['a=b # x', { a: 'b # x' }],
  ['a=b \\\n   c', { a: 'b c' }],
  ['a=b\\\n#c\nd=e', { a: 'b#c', d: 'e' }],
  ['#x\\\na=1', { a: '1' }],
  ['a=\\\n\n b=1', { a: '', b: '1' }],
  ['a=b\\', { a: 'b' }],
  ['dir=C:\\\\data', { dir: 'C:\\data' }],
  ['dir=C:\\data', { dir: 'C:data' }],
  ['a\\:b\\=c=d', { 'a:b=c': 'd' }],
  ['a=\\u0041\\t\\n.', { a: 'A\t\n.' }],
  ['a=\\q', { a: 'q' }],
  ['a=1\na=2', { a: '2' }],
  ['a', { a: '' }],
  ['a=', { a: '' }],
  ['=b', { '': 'b' }],
  ['a==b', { a: '=b' }],
  ['a:=b', { a: '=b' }],
  ['a=b\r\nc=d\re=f', { a: 'b', c: 'd', e: 'f' }],
  ['a=1  ', { a: '1' }],
  ['a=\xe9', { a: '\u00e9' }],
  ['a=\xc3\xa9', { a: '\u00c3\u00a9' }],
])('reads %j as Java does', (text, expected) => {
  expect(parse(text)).toEqual(expected)
})

test('A137: a file with comments at the start of lines is read', () => {
  expect(parse('# The number of milliseconds of each tick\ntickTime=2000\n#maxClientCnxns=60\n#\n')).toEqual({ tickTime: '2000' })
})

test('a broken escape is refused in the words of Java', () => {
  expect(() => parse('a=\\u00zz')).toThrow('Malformed \\uxxxx encoding.')
})
