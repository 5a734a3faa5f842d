import { expect, test } from 'vitest'
import { addIdentity, hasScheme, type Identity, superIdentity } from '../../src/acl/auth-id.ts'
import { alice, bob, local } from './schemes.ts'

test('identities are added once and kept', () => {
  const identities: Identity[] = [local]
  for (const added of [alice, { ...local }, bob, { ...alice }]) addIdentity(identities, added)
  expect(identities).toEqual([local, alice, bob])
})

test('a scheme is held when one identity has it', () => {
  expect(hasScheme([local, alice], 'digest')).toBe(true)
  expect(hasScheme([local, alice], superIdentity.scheme)).toBe(false)
  expect(hasScheme([], 'ip')).toBe(false)
})
