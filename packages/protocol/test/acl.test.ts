import { expect, test } from 'vitest'
import { CREATOR_ALL_ACL, formatAcl, formatPerms, OPEN_ACL, Perm, parseAcl, parsePerms, READ_ACL } from '../src/index.ts'

test.each([
  [0, ''],
  [Perm.read, 'r'],
  [Perm.write, 'w'],
  [Perm.create, 'c'],
  [Perm.delete, 'd'],
  [Perm.admin, 'a'],
  [Perm.all, 'cdrwa'],
  [Perm.read | Perm.admin, 'ra'],
  [Perm.write | 32, 'w'],
])('the permissions %i are shown as %j', (perms, letters) => {
  expect(formatPerms(perms)).toBe(letters)
})

test('permissions are read in any order, and letters that are none are told', () => {
  expect(parsePerms('awrdc')).toEqual({ perms: Perm.all, unknownLetters: [] })
  expect(parsePerms('rr')).toEqual({ perms: Perm.read, unknownLetters: [] })
  expect(parsePerms('rxR')).toEqual({ perms: Perm.read, unknownLetters: ['x', 'R'] })
  expect(parsePerms('')).toEqual({ perms: 0, unknownLetters: [] })
})

test.each([
  ['world:anyone:cdrwa', { perms: 31, scheme: 'world', id: 'anyone' }],
  ['digest:user:hash=:rw', { perms: 3, scheme: 'digest', id: 'user:hash=' }],
  ['ip:0:0:0:0:0:0:0:1:r', { perms: 1, scheme: 'ip', id: '0:0:0:0:0:0:0:1' }],
  ['auth::cdrwa', { perms: 31, scheme: 'auth', id: '' }],
])('%s is an entry, and is shown the same', (text, acl) => {
  expect(parseAcl(text)).toEqual(acl)
  expect(formatAcl(acl)).toBe(text)
})

test.each(['', 'foo', 'world:anyone'])('%j is not an entry', (text) => {
  expect(parseAcl(text)).toBeNull()
})

test('the lists that everybody knows', () => {
  expect(OPEN_ACL.map(formatAcl)).toEqual(['world:anyone:cdrwa'])
  expect(READ_ACL.map(formatAcl)).toEqual(['world:anyone:r'])
  expect(CREATOR_ALL_ACL.map(formatAcl)).toEqual(['auth::cdrwa'])
})
