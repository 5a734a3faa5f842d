import { expect, test } from 'vitest'
import { superIdentity } from '../../src/acl/auth-id.ts'
import { whoAmI } from '../../src/acl/who-am-i.ts'
import { alice, defaultSchemes, local } from './schemes.ts'

test('a connection is told its address and its names, never a hash', () => {
  expect(whoAmI([local, superIdentity, alice, { scheme: 'gone', id: 'secret' }], defaultSchemes)).toEqual([
    { authScheme: 'ip', user: '127.0.0.1' },
    { authScheme: 'super', user: '' },
    { authScheme: 'digest', user: 'alice' },
    { authScheme: 'gone', user: '' },
  ])
})
