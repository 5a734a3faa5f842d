import { expect, test } from 'vitest'
import { type AclScheme, AclSchemes } from '../../src/acl/acl-scheme.ts'
import { digestScheme } from '../../src/acl/digest-scheme.ts'
import { ipScheme } from '../../src/acl/ip-scheme.ts'

test('schemes are found by name, and any scheme can be added', () => {
  const sasl: AclScheme = { ...digestScheme, name: 'sasl' }
  const schemes = new AclSchemes([ipScheme, sasl])
  expect(schemes.get('sasl')).toBe(sasl)
  expect(schemes.get('ip')).toBe(ipScheme)
  expect(schemes.names()).toEqual(['ip', 'sasl'])
})

test.each(['world', 'auth', 'super', 'digest', ''])('%j is no scheme with rules of its own unless it was added', (name) => {
  expect(new AclSchemes([ipScheme]).get(name)).toBeNull()
})
