import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { baseName, childPath, formatSequence, isPlainPathBytes, parentPath, validatePath } from '../src/index.ts'
import { utf8Bytes } from '../src/server.ts'

const valid = [
  '/',
  '/a',
  '/a/b',
  '/...',
  '/.a',
  '/a.',
  '/a..',
  '/a/..b',
  '/a/.b./c',
  '/ ',
  '/with space',
  '/~',
  '/\u00a0',
  '/é€',
  '/\ud7ff',
  '/\uf900',
  '/\uffef',
]

const invalid: readonly (readonly [path: string | null, reason: string])[] = [
  [null, 'Path cannot be null'],
  ['', 'Path length must be > 0'],
  ['x', 'Path must start with / character'],
  ['x/', 'Path must start with / character'],
  ['/a/', 'Path must not end with / character'],
  ['//', 'Path must not end with / character'],
  ['/../', 'Path must not end with / character'],
  ['/a\u0001/', 'Path must not end with / character'],
  ['//a', 'Invalid path string "//a" caused by empty node name specified @1'],
  ['/bad//x', 'Invalid path string "/bad//x" caused by empty node name specified @5'],
  ['/.', 'Invalid path string "/." caused by relative paths not allowed @1'],
  ['/..', 'Invalid path string "/.." caused by relative paths not allowed @2'],
  ['/./a', 'Invalid path string "/./a" caused by relative paths not allowed @1'],
  ['/../a', 'Invalid path string "/../a" caused by relative paths not allowed @2'],
  ['/a/.', 'Invalid path string "/a/." caused by relative paths not allowed @3'],
  ['/bad/../x', 'Invalid path string "/bad/../x" caused by relative paths not allowed @6'],
  ['/a..b/../c', 'Invalid path string "/a..b/../c" caused by relative paths not allowed @7'],
  ['/a\u0000b', 'Invalid path string "/a\u0000b" caused by null character not allowed @2'],
  ['/\u0000', 'Invalid path string "/\u0000" caused by null character not allowed @1'],
  ['/a\u0001', 'Invalid path string "/a\u0001" caused by invalid character @2'],
  ['/\u001f', 'Invalid path string "/\u001f" caused by invalid character @1'],
  ['/\u007f', 'Invalid path string "/\u007f" caused by invalid character @1'],
  ['/\u009f', 'Invalid path string "/\u009f" caused by invalid character @1'],
  ['/\ud800', 'Invalid path string "/\ud800" caused by invalid character @1'],
  ['/😀', 'Invalid path string "/😀" caused by invalid character @1'],
  ['/\uf8ff', 'Invalid path string "/\uf8ff" caused by invalid character @1'],
  ['/\ufff0', 'Invalid path string "/\ufff0" caused by invalid character @1'],
  ['/\ufffd', 'Invalid path string "/\ufffd" caused by invalid character @1'],
  ['/\uffff', 'Invalid path string "/\uffff" caused by invalid character @1'],
  ['/a/b/../c\u0001', 'Invalid path string "/a/b/../c\u0001" caused by relative paths not allowed @6'],
]

describe('validatePath', () => {
  test.each(valid)('%j is valid', (path) => {
    expect(validatePath(path)).toBeNull()
  })

  test.each(invalid)('%j is not valid', (path, reason) => {
    expect(validatePath(path)).toBe(reason)
  })

  test('it says of every path what the rules say, one by one', () => {
    const unit = fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom('/', '.', 'a', '\u0000', '\u001f', ' ', '~', '\u007f', '\u009f', '\u00a0') },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) },
    )
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 12 }), fc.boolean(), (text, isAbsolute) => {
        const path = isAbsolute ? `/${text}` : text
        expect(validatePath(path) === null).toBe(isValidByTheRules(path))
      }),
      { numRuns: 2000 },
    )
  })
})

function isValidByTheRules(path: string): boolean {
  if (path === '/') return true
  const [first, ...names] = path.split('/')
  return first === '' && names.length > 0 && names.every((name) => !['', '.', '..'].includes(name) && isAllowedText(name))
}

function isAllowedText(name: string): boolean {
  const forbidden: readonly (readonly [number, number])[] = [
    [0, 0x1f],
    [0x7f, 0x9f],
    [0xd800, 0xf8ff],
    [0xfff0, 0xffff],
  ]
  const units = Array.from({ length: name.length }, (_, i) => name.charCodeAt(i))
  return units.every((unit) => !forbidden.some(([min, max]) => unit >= min && unit <= max))
}

describe('isPlainPathBytes', () => {
  test.each(['/', '/a', '/a/b', '/a.b', '/ ~', '/zookeeper/quota/x'])('%j is plain', (path) => {
    const bytes = utf8Bytes(`xx${path}/`)
    expect(isPlainPathBytes(bytes, 2, path.length)).toBe(true)
  })

  test.each(['', 'a', 'a/b', '//', '/a/', '/a//b', '/.', '/..', '/.a', '/a/.b', '/\u0000', '/\u001f', '/\u007f', '/é'])(
    '%j has to be decoded',
    (path) => {
      const bytes = utf8Bytes(path)
      expect(isPlainPathBytes(bytes, 0, bytes.length)).toBe(false)
    },
  )

  test('a path that it calls plain is valid, and every valid path without names that begin with a dot is plain', () => {
    const unit = fc.constantFrom('/', '.', 'a', 'b', ' ', '~', '\u007f', '\u0000', 'é')
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 10 }), (text) => {
        const path = `/${text}`
        const bytes = utf8Bytes(path)
        const mustBePlain = validatePath(path) === null && !path.includes('/.') && !path.includes('é')
        expect(isPlainPathBytes(bytes, 0, bytes.length)).toBe(mustBePlain)
      }),
      { numRuns: 2000 },
    )
  })
})

test.each([
  ['/', '/', ''],
  ['/a', '/', 'a'],
  ['/a/b', '/a', 'b'],
  ['/a/b/c', '/a/b', 'c'],
])('%s is below %s with the name %j', (path, parent, name) => {
  expect(parentPath(path)).toBe(parent)
  expect(baseName(path)).toBe(name)
  if (name !== '') expect(childPath(parent, name)).toBe(path)
})

test.each([
  [0, '0000000000'],
  [1, '0000000001'],
  [1234567890, '1234567890'],
  [0x7fffffff, '2147483647'],
  [-1, '-000000001'],
  [-999999999, '-999999999'],
  [-1000000000, '-1000000000'],
  [-0x80000000, '-2147483648'],
])('A31: the suffix of the counter %i is %s', (counter, suffix) => {
  expect(formatSequence(counter)).toBe(suffix)
})
