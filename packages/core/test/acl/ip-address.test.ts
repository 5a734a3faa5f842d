import { isIPv6 } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalIpText, parseIpAddress } from '../../src/acl/ip-address.ts'

test.each([
  ['127.0.0.1', [0x7f00, 1]],
  ['255.255.255.255', [0xffff, 0xffff]],
  ['010.001.0.9', [0x0a01, 9]],
  ['::', [0, 0, 0, 0, 0, 0, 0, 0]],
  ['::1', [0, 0, 0, 0, 0, 0, 0, 1]],
  ['0:0:0:0:0:0:0:1', [0, 0, 0, 0, 0, 0, 0, 1]],
  ['fe80::', [0xfe80, 0, 0, 0, 0, 0, 0, 0]],
  ['2001:DB8::a:1', [0x2001, 0xdb8, 0, 0, 0, 0, 0xa, 1]],
  ['1:2:3:4:5:6:7::', [1, 2, 3, 4, 5, 6, 7, 0]],
  ['::ffff:10.0.0.1', [0, 0, 0, 0, 0, 0xffff, 0x0a00, 1]],
  ['64:ff9b:0:0:0:0:192.0.2.1', [0x64, 0xff9b, 0, 0, 0, 0, 0xc000, 0x201]],
])('%s is an address', (text, groups) => {
  expect(parseIpAddress(text)).toEqual(groups)
})

test.each([
  '',
  '1.2.3',
  '1.2.3.4.',
  '1.2.3.4.5',
  '1.2.3.256',
  '1.2.3.1000',
  '1.2.3.-4',
  ' 1.2.3.4',
  '1.2.3.4 ',
  '1..3.4',
  'localhost',
  ':',
  ':::',
  '1::2::3',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7:8::',
  ':1:2:3:4:5:6:7:8',
  '::12345',
  '::g',
  '1.2.3.4::',
  '::1.2.3.4:5',
  'fe80::1%eth0',
])('%j is no address', (text) => {
  expect(parseIpAddress(text)).toBeNull()
})

test('what is an IPv6 address for the system is one here, and nothing else', () => {
  const piece = fc.oneof(
    fc.nat(0xffff).map((group) => group.toString(16)),
    fc.constantFrom('', '1.2.3.4', '0', 'g'),
  )
  fc.assert(
    fc.property(fc.array(piece, { minLength: 2, maxLength: 9 }), (pieces) => {
      const text = pieces.join(':')
      expect(parseIpAddress(text) !== null).toBe(isIPv6(text))
    }),
    { numRuns: 3000 },
  )
})

test.each([
  ['127.0.0.1', '127.0.0.1'],
  ['::ffff:192.168.1.7', '192.168.1.7'],
  ['::ffff:c0a8:107', '192.168.1.7'],
  ['::1', '0:0:0:0:0:0:0:1'],
  ['2001:0DB8::00a0', '2001:db8:0:0:0:0:0:a0'],
  ['fe80::1%eth0', 'fe80:0:0:0:0:0:0:1'],
  ['somewhere', 'somewhere'],
])('a connection from %s is written as %s', (address, text) => {
  expect(canonicalIpText(address)).toBe(text)
})

test('the canonical text names the same address', () => {
  fc.assert(
    fc.property(fc.ipV6(), (address) => {
      const groups = parseIpAddress(address)
      expect(groups).not.toBeNull()
      fc.pre(!(groups?.[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0)))
      expect(parseIpAddress(canonicalIpText(address))).toEqual(groups)
    }),
  )
})
