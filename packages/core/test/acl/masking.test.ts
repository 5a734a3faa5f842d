import { OPEN_ACL } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import type { AclList } from '../../src/acl/acl-table.ts'
import { maskAcl } from '../../src/acl/masking.ts'

test('who may not administer a node sees digest ids without their hashes, and all else as it is', () => {
  const list: AclList = [
    { perms: 1, scheme: 'world', id: 'anyone' },
    { perms: 31, scheme: 'digest', id: 'u:H' },
    { perms: 31, scheme: 'digest', id: 'u:H:' },
    { perms: 31, scheme: 'digest', id: ':H' },
    { perms: 3, scheme: 'ip', id: '10.0.0.1' },
    { perms: 3, scheme: 'sasl', id: 'svc/host:x@REALM' },
  ]
  expect(maskAcl(list)).toEqual([
    { perms: 1, scheme: 'world', id: 'anyone' },
    { perms: 31, scheme: 'digest', id: 'u:x' },
    { perms: 31, scheme: 'digest', id: 'u:x' },
    { perms: 31, scheme: 'digest', id: ':x' },
    { perms: 3, scheme: 'ip', id: '10.0.0.1' },
    { perms: 3, scheme: 'sasl', id: 'svc/host:x@REALM' },
  ])
})

test('masking leaves the stored list alone', () => {
  const list: AclList = [{ perms: 31, scheme: 'digest', id: 'u:H' }]
  maskAcl(list)
  expect(list).toEqual([{ perms: 31, scheme: 'digest', id: 'u:H' }])
  expect(maskAcl(OPEN_ACL)).toBe(OPEN_ACL)
})
