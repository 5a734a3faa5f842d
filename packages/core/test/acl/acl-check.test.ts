import { type Acl, OPEN_ACL, Perm } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { isAllowed } from '../../src/acl/acl-check.ts'
import { AclSchemes } from '../../src/acl/acl-scheme.ts'
import { type AclList, AclTable, MISSING_ACL_ID } from '../../src/acl/acl-table.ts'
import { type Identity, superIdentity } from '../../src/acl/auth-id.ts'
import { ipScheme } from '../../src/acl/ip-scheme.ts'
import { alice, bob, defaultSchemes, local } from './schemes.ts'

function may(list: AclList, wantedPerms: number, ...identities: Identity[]): boolean {
  return isAllowed(list, wantedPerms, [local, ...identities], defaultSchemes, false)
}

const everyone = (perms: number): Acl => ({ perms, scheme: 'world', id: 'anyone' })

test.each([
  ['CREATE', Perm.create],
  ['READ', Perm.read],
  ['WRITE', Perm.write],
  ['DELETE', Perm.delete],
  ['ADMIN', Perm.admin],
])('A210 A211 A212 A213 A214: without %s, and with all the others, the operation is refused', (_name, perm) => {
  expect(may([everyone(Perm.all & ~perm)], perm)).toBe(false)
  expect(may([everyone(perm)], perm)).toBe(true)
})

test('A216: world:anyone lets everybody in, with or without an identity', () => {
  expect(may(OPEN_ACL, Perm.all)).toBe(true)
  expect(isAllowed(OPEN_ACL, Perm.write, [], defaultSchemes, false)).toBe(true)
  expect(may([{ perms: 31, scheme: 'world', id: 'somebody' }], Perm.read)).toBe(false)
})

test('A218: a digest entry lets in who holds the very id', () => {
  const list: AclList = [{ perms: Perm.read, ...alice }]
  expect(may(list, Perm.read, alice)).toBe(true)
  expect(may(list, Perm.read, bob, alice)).toBe(true)
  expect(may(list, Perm.read, bob)).toBe(false)
  expect(may(list, Perm.write, alice)).toBe(false)
})

test('A219: an ip entry lets in who comes from there', () => {
  expect(may([{ perms: 31, scheme: 'ip', id: '127.0.0.0/8' }], Perm.read)).toBe(true)
  expect(may([{ perms: 31, scheme: 'ip', id: '10.0.0.0/8' }], Perm.read)).toBe(false)
})

test('entries add up: one that grants is enough, wherever it stands', () => {
  const list: AclList = [everyone(Perm.read), { perms: Perm.write, ...alice }, { perms: Perm.write, ...bob }]
  expect(may(list, Perm.read)).toBe(true)
  expect(may(list, Perm.write)).toBe(false)
  expect(may(list, Perm.write, bob)).toBe(true)
})

test('if several permissions are wanted, one of them will do', () => {
  expect(may([everyone(Perm.admin)], Perm.read | Perm.admin)).toBe(true)
  expect(may([everyone(Perm.write)], Perm.read | Perm.admin)).toBe(false)
})

test('an empty list restricts nothing, permissions of 0 grant nothing', () => {
  expect(may([], Perm.admin)).toBe(true)
  expect(may([everyone(0)], Perm.all)).toBe(false)
})

test('the super user and skipACL pass every check', () => {
  const closed: AclList = [{ perms: 0, ...alice }]
  expect(may(closed, Perm.admin)).toBe(false)
  expect(may(closed, Perm.admin, superIdentity)).toBe(true)
  expect(isAllowed(closed, Perm.admin, [], defaultSchemes, true)).toBe(true)
})

test('a scheme without a provider lets nobody in, even if the id is the same', () => {
  const onlyIp = new AclSchemes([ipScheme])
  expect(isAllowed([{ perms: 31, ...alice }], Perm.read, [local, alice], onlyIp, false)).toBe(false)
})

test('an id does not count for another scheme', () => {
  expect(may([{ perms: 31, scheme: 'digest', id: '127.0.0.1' }], Perm.read)).toBe(false)
})

test('a node whose list a snapshot lacks is open to the super user only', () => {
  const list = new AclTable().list(MISSING_ACL_ID)
  expect(may(list, Perm.all, alice)).toBe(false)
  expect(may(list, Perm.all, superIdentity)).toBe(true)
})
