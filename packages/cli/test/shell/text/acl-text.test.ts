import { expect, test } from 'vitest'
import { aclLines, readAcl } from '../../../src/shell/text/acl-text.ts'

test('A182: an entry is printed on two lines, with the permissions in their order', () => {
  expect(aclLines([{ scheme: 'world', id: 'anyone', perms: 31 }])).toEqual(["'world,'anyone", ': cdrwa'])
  expect(aclLines([{ scheme: 'digest', id: 'u:x', perms: 1 }])).toEqual(["'digest,'u:x", ': r'])
})

test('entries are parted by commas, and ids may hold colons', () => {
  expect(readAcl('world:anyone:r,digest:u:abc=:cdrwa')).toEqual({
    acl: [
      { scheme: 'world', id: 'anyone', perms: 1 },
      { scheme: 'digest', id: 'u:abc=', perms: 31 },
    ],
    complaints: [],
  })
})

test('an entry without the form is left out, and said so', () => {
  expect(readAcl('foo,world:anyone:r')).toEqual({
    acl: [{ scheme: 'world', id: 'anyone', perms: 1 }],
    complaints: ['foo does not have the form scheme:id:perm'],
  })
})

test('an unknown letter is told and gives nothing', () => {
  expect(readAcl('world:anyone:x')).toEqual({
    acl: [{ scheme: 'world', id: 'anyone', perms: 0 }],
    complaints: ['Unknown perm type: x'],
  })
})
