import { expect, test } from 'vitest'
import {
  CONTAINER_OWNER,
  type OwnerKind,
  type OwnerRules,
  ownerKind,
  ownerTtlMs,
  PERSISTENT_OWNER,
  TTL_MS_MAX,
  ttlOwner,
} from '../src/server.ts'

const plain: OwnerRules = { hasExtendedTypes: false, hasOldTtlNodes: false }
const extended: OwnerRules = { hasExtendedTypes: true, hasOldTtlNodes: false }
const old: OwnerRules = { hasExtendedTypes: true, hasOldTtlNodes: true }

function signed(bits: bigint): bigint {
  return BigInt.asIntN(64, bits)
}

test.each<[string, bigint, OwnerKind, OwnerKind, OwnerKind]>([
  ['0', PERSISTENT_OWNER, 'persistent', 'persistent', 'persistent'],
  ['the most negative', CONTAINER_OWNER, 'container', 'container', 'container'],
  ['a session', 0x100000b40f40000n, 'ephemeral', 'ephemeral', 'ephemeral'],
  ['a session of the server 200', signed(0xc800000b40f40000n), 'ephemeral', 'ephemeral', 'ttl'],
  ['a TTL', signed(0xff00000000001388n), 'ephemeral', 'ttl', 'ttl'],
  ['an extended type that nobody defined', signed(0xff00010000001388n), 'ephemeral', 'unknown', 'ttl'],
  ['a TTL of the release 3.5.3', signed(0x8000000000001388n), 'ephemeral', 'ephemeral', 'ttl'],
])('%s is understood by the rules in force', (_what, owner, withPlain, withExtended, withOld) => {
  expect([ownerKind(owner, plain), ownerKind(owner, extended), ownerKind(owner, old)]).toEqual([withPlain, withExtended, withOld])
})

test.each([1, 5000, TTL_MS_MAX])('a time to live of %i ms is kept', (ttlMs) => {
  const owner = ttlOwner(ttlMs)
  expect(BigInt.asUintN(64, owner)).toBe(0xff00000000000000n + BigInt(ttlMs))
  expect(ownerKind(owner, extended)).toBe('ttl')
  expect(ownerTtlMs(owner)).toBe(ttlMs)
})

test('the time to live of an old TTL node is its low 40 bits', () => {
  expect(ownerTtlMs(signed(0x8000000000001388n))).toBe(5000)
})
