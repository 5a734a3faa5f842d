import fc from 'fast-check'
import { expect, test } from 'vitest'
import { digestScheme } from '../../src/acl/digest-scheme.ts'

test.each([
  ['u:h', true],
  [':h', true],
  ['u:h:', true],
  ['u:h:::', true],
  ['u', false],
  ['u:', false],
  ['u::', false],
  [':', false],
  ['', false],
  ['::h', false],
  ['a:b:c', false],
])('A218: an ACL may hold digest id %j: %s', (id, isValid) => {
  expect(digestScheme.isValid(id)).toBe(isValid)
})

test('A218: an id is valid if it splits into two parts once empty parts at its end are dropped', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', ':'), maxLength: 8 }), (id) => {
      const parts = id.split(':')
      while (parts.length > 0 && parts.at(-1) === '') parts.pop()
      expect(digestScheme.isValid(id)).toBe(parts.length === 2)
    }),
    { numRuns: 1000 },
  )
})

test('A218: user and hash must both be the same', () => {
  expect(digestScheme.matches('u:h', 'u:h')).toBe(true)
  expect(digestScheme.matches('u:h', 'u:H')).toBe(false)
  expect(digestScheme.matches('v:h', 'u:h')).toBe(false)
  expect(digestScheme.countsForAuth).toBe(true)
})

test('the name of a digest id is what stands before its colon', () => {
  expect(digestScheme.displayUser('u:h')).toBe('u')
  expect(digestScheme.displayUser(':h')).toBe('')
  expect(digestScheme.displayUser('u')).toBe('u')
})
