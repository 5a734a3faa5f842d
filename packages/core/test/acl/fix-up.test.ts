import { type Acl, CREATOR_ALL_ACL, OPEN_ACL } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { AclSchemes } from '../../src/acl/acl-scheme.ts'
import type { AclList } from '../../src/acl/acl-table.ts'
import { type Identity, superIdentity } from '../../src/acl/auth-id.ts'
import { fixUpAcl } from '../../src/acl/fix-up.ts'
import { ipScheme } from '../../src/acl/ip-scheme.ts'
import { alice, bob, defaultSchemes, local } from './schemes.ts'

function fixUp(wanted: AclList | null, ...identities: Identity[]): AclList | null {
  return fixUpAcl(wanted, [local, ...identities], defaultSchemes)
}

const auth = (perms: number): Acl => ({ perms, scheme: 'auth', id: '' })

test('no list and an empty list cannot be set', () => {
  expect(fixUp(null)).toBeNull()
  expect(fixUp([])).toBeNull()
})

test('A216: world:anyone is kept, any other id of world is refused', () => {
  expect(fixUp(OPEN_ACL)).toEqual(OPEN_ACL)
  expect(fixUp([{ perms: 31, scheme: 'world', id: 'somebody' }])).toBeNull()
  expect(fixUp([{ perms: 31, scheme: 'world', id: '' }])).toBeNull()
})

test('A217: auth becomes one entry for each identity that was authenticated, with the same permissions', () => {
  expect(fixUp(CREATOR_ALL_ACL, alice, bob)).toEqual([
    { perms: 31, ...alice },
    { perms: 31, ...bob },
  ])
  expect(fixUp([{ perms: 1, scheme: 'auth', id: 'is ignored' }], alice)).toEqual([{ perms: 1, ...alice }])
})

test('A217: auth of who is known by nothing but an address, or as the super user alone, is refused', () => {
  expect(fixUp(CREATOR_ALL_ACL)).toBeNull()
  expect(fixUp(CREATOR_ALL_ACL, superIdentity)).toBeNull()
  expect(fixUp([...OPEN_ACL, ...CREATOR_ALL_ACL])).toBeNull()
})

test('A217: an identity whose scheme has no provider does not count', () => {
  expect(fixUpAcl(CREATOR_ALL_ACL, [local, alice], new AclSchemes([ipScheme]))).toBeNull()
})

test('A218, A219: ids must be valid in their scheme', () => {
  expect(fixUp([{ perms: 31, scheme: 'digest', id: 'u:h' }])).toEqual([{ perms: 31, scheme: 'digest', id: 'u:h' }])
  expect(fixUp([{ perms: 31, scheme: 'digest', id: 'u' }])).toBeNull()
  expect(fixUp([{ perms: 31, scheme: 'ip', id: '10.0.0.0/8' }])).toEqual([{ perms: 31, scheme: 'ip', id: '10.0.0.0/8' }])
  expect(fixUp([{ perms: 31, scheme: 'ip', id: '10.0.0.0/64' }])).toBeNull()
})

test.each(['super', 'sasl', 'x509', 'nothing', ''])('the scheme %j without a provider cannot be set', (scheme) => {
  expect(fixUp([...OPEN_ACL, { perms: 31, scheme, id: 'u' }])).toBeNull()
})

test('repeated entries go, the first ones keep their order, and permissions make a difference', () => {
  const read: Acl = { perms: 1, scheme: 'world', id: 'anyone' }
  const digest: Acl = { perms: 31, scheme: 'digest', id: 'u:h' }
  expect(fixUp([read, digest, { ...read }, ...OPEN_ACL, { ...digest }])).toEqual([read, digest, ...OPEN_ACL])
})

test('permissions outside of 1 to 31 are stored as they are', () => {
  for (const perms of [0, 33, -1, 0x7fffffff]) {
    expect(fixUp([{ perms, scheme: 'world', id: 'anyone' }])).toEqual([{ perms, scheme: 'world', id: 'anyone' }])
  }
})

test('what auth expands to is not compared with what stands there already', () => {
  expect(fixUp([auth(1), { perms: 1, ...alice }], alice)).toEqual([
    { perms: 1, ...alice },
    { perms: 1, ...alice },
  ])
})
