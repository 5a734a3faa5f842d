import { isIPv4, isIPv6 } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bracketedHost, expandIpv6, isAnyAddress, isIpv4 } from '../../src/membership/ip-literal.ts'

test.each([
  ['::', '0:0:0:0:0:0:0:0'],
  ['::1', '0:0:0:0:0:0:0:1'],
  ['fe80::1%eth0', 'fe80:0:0:0:0:0:0:1%eth0'],
  ['1::8', '1:0:0:0:0:0:0:8'],
  ['::ffff:10.1.2.3', '0:0:0:0:0:ffff:a01:203'],
  ['2001:0DB8::00ff', '2001:db8:0:0:0:0:0:ff'],
])('%s is %s in full', (text, expected) => {
  expect(expandIpv6(text)).toBe(expected)
})

test.each([
  '',
  'localhost',
  '127.0.0.1',
  '1:2:3',
  '1::2::3',
  '::12345',
  ':::',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7::8',
  'g::1',
  '1.2.3.4::',
])('%j is no IPv6 address', (text) => {
  expect(expandIpv6(text)).toBeNull()
})

test('what is an address agrees with the system library', () => {
  const characters = fc.constantFrom('::', ':', '0', '1', 'ff', '.', '255', '256', 'g')
  const text = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.array(characters, { maxLength: 10 }).map((parts) => parts.join('')),
  )
  fc.assert(
    fc.property(text, (candidate) => {
      expect(expandIpv6(candidate) !== null).toBe(isIPv6(candidate))
      if (!/(^|\.)0\d/.test(candidate)) expect(isIpv4(candidate)).toBe(isIPv4(candidate))
    }),
    { numRuns: 2000 },
  )
})

test('only IPv6 hosts stand in brackets', () => {
  expect(bracketedHost('::1')).toBe('[0:0:0:0:0:0:0:1]')
  expect(bracketedHost('zoo1')).toBe('zoo1')
})

test('the wildcard has several spellings', () => {
  expect(['', '0.0.0.0', '::', '0:0:0:0:0:0:0:0'].every(isAnyAddress)).toBe(true)
  expect(['127.0.0.1', '::1'].some(isAnyAddress)).toBe(false)
})
