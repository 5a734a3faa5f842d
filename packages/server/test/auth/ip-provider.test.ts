import { expect, test } from 'vitest'
import { ipIdentity, ipProvider } from '../../src/auth/ip-provider.ts'

test('A219: a connection is known by its address in the form that ACLs compare', () => {
  expect(ipIdentity({ remoteAddress: '10.0.0.7' })).toEqual({ scheme: 'ip', id: '10.0.0.7' })
  expect(ipIdentity({ remoteAddress: '::ffff:10.0.0.7' })).toEqual({ scheme: 'ip', id: '10.0.0.7' })
  expect(ipIdentity({ remoteAddress: '::1' })).toEqual({ scheme: 'ip', id: '0:0:0:0:0:0:0:1' })
})

test('asking for it succeeds with any data and gives the own address', () => {
  const connection = { remoteAddress: '10.0.0.7' }
  expect(ipProvider.authenticate(null, connection)).toEqual([{ scheme: 'ip', id: '10.0.0.7' }])
  expect(ipProvider.authenticate(new Uint8Array([1]), connection)).toEqual([{ scheme: 'ip', id: '10.0.0.7' }])
})
