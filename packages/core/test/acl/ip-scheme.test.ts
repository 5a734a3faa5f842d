import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalIpText } from '../../src/acl/ip-address.ts'
import { ipScheme } from '../../src/acl/ip-scheme.ts'

test.each([
  ['127.0.0.1', true],
  ['127.0.0.0/0', true],
  ['127.0.0.0/32', true],
  ['10.0.0.0/08', true],
  ['::1', true],
  ['2001:db8:0:0:0:0:0:0/128', true],
  ['127.0.0.0/33', false],
  ['127.0.0.0/', false],
  ['127.0.0.0/-1', false],
  ['127.0.0.0/8/9', false],
  ['127.0.0', false],
  ['127.0.0.256', false],
  ['::1/129', false],
  ['', false],
  ['/8', false],
  ['localhost', false],
])('A219: an ACL may hold ip id %j: %s', (id, isValid) => {
  expect(ipScheme.isValid(id)).toBe(isValid)
})

test.each([
  ['127.0.0.1', '127.0.0.1', true],
  ['127.0.0.1', '127.0.0.2', false],
  ['127.0.0.1', '127.0.0.0/8', true],
  ['127.0.0.1', '127.0.0.0/31', true],
  ['127.0.0.1', '127.0.0.2/31', false],
  ['127.0.0.1', '128.0.0.0/1', false],
  ['127.0.0.1', '9.9.9.9/0', true],
  ['10.1.2.3', '10.1.0.0/16', true],
  ['10.2.2.3', '10.1.0.0/16', false],
  ['10.1.255.255', '10.1.128.0/17', true],
  ['10.1.127.255', '10.1.128.0/17', false],
  ['0:0:0:0:0:0:0:1', '::1', true],
  ['2001:db8:0:1:0:0:0:9', '2001:db8::/48', true],
  ['2001:db8:1:1:0:0:0:9', '2001:db8::/48', false],
  ['2001:db8:0:1:0:0:0:9', '::/0', true],
  ['127.0.0.1', '::/0', false],
  ['0:0:0:0:0:0:0:1', '0.0.0.0/0', false],
  ['127.0.0.1', '::ffff:127.0.0.1', false],
  ['somewhere', '0.0.0.0/0', false],
  ['127.0.0.1', 'somewhere', false],
])('A219: a connection from %s passes %s: %s', (address, aclId, passes) => {
  expect(ipScheme.matches(address, aclId)).toBe(passes)
})

test('A219: a network holds the addresses that agree in its leading bits, compared as whole numbers', () => {
  const bits32 = fc.integer({ min: 0, max: 32 })
  const word = fc.integer({ min: 0, max: 0xffffffff })
  const text = (value: number): string => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.')
  fc.assert(
    fc.property(word, word, bits32, bits32, (network, noise, bits, agreeing) => {
      // The address agrees with the network in `agreeing` leading bits at least.
      const address = agreeing === 0 ? noise : agreeing === 32 ? network : (network ^ (noise >>> agreeing)) >>> 0
      const divisor = 2 ** (32 - bits)
      const expected = Math.floor(network / divisor) === Math.floor(address / divisor)
      expect(ipScheme.matches(text(address), `${text(network)}/${bits}`)).toBe(expected)
    }),
    { numRuns: 1000 },
  )
})

test('A219: the same holds for IPv6', () => {
  const wide = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n })
  const length = fc.integer({ min: 0, max: 128 })
  const text = (value: bigint): string =>
    Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16)).join(':')
  fc.assert(
    fc.property(wide, wide, length, length, (network, noise, bits, agreeing) => {
      const address = network ^ (noise >> BigInt(agreeing))
      const expected = network >> BigInt(128 - bits) === address >> BigInt(128 - bits)
      expect(ipScheme.matches(text(address), `${text(network)}/${bits}`)).toBe(expected)
    }),
    { numRuns: 1000 },
  )
})

test('every connection is somewhere, so an address is not an authentication; it is shown as it is', () => {
  expect(ipScheme.countsForAuth).toBe(false)
  expect(ipScheme.displayUser(canonicalIpText('::1'))).toBe('0:0:0:0:0:0:0:1')
})
