import { expect, test } from 'vitest'
import { type AuthOptions, readAuthOptions } from '../../src/auth/auth-options.ts'
import { StartupError } from '../../src/startup-error.ts'
import { configWith } from './settings.ts'

function read(properties: Record<string, string>): AuthOptions {
  return readAuthOptions(configWith(properties))
}

test('without configuration digest is there with SHA1, nobody is super, nobody must authenticate', () => {
  expect(read({})).toEqual({
    isDigestEnabled: true,
    digestAlgorithm: 'SHA1',
    superDigest: null,
    providerClasses: new Map(),
    mandatorySchemes: [],
    isAclSkipped: false,
  })
})

test('digest is off for every value but true', () => {
  for (const [value, isEnabled] of [
    ['true', true],
    ['TRUE', true],
    ['false', false],
    ['yes', false],
    ['', false],
  ] as const) {
    expect(read({ 'DigestAuthenticationProvider.enabled': value }).isDigestEnabled).toBe(isEnabled)
  }
})

test('A218: the super digest is taken as it stands', () => {
  const superDigest = 'super:D/InIHSb7yEEbrWz8b9l71RjZJU='
  expect(read({ 'DigestAuthenticationProvider.superDigest': superDigest }).superDigest).toBe(superDigest)
})

test.each(['SHA1', 'sha1', 'SHA-256', 'SHA-512', 'SHA3-256', 'MD5'])('the hash %s can be configured', (name) => {
  expect(read({ 'DigestAuthenticationProvider.digestAlg': name }).digestAlgorithm).toBe(name)
})

test('a hash that does not exist refuses the start and names what would be right', () => {
  const start = (): AuthOptions => read({ 'DigestAuthenticationProvider.digestAlg': 'SHA-7' })
  expect(start).toThrow(StartupError)
  expect(start).toThrow(
    'DigestAuthenticationProvider.digestAlg=SHA-7: there is no such hash; SHA1, SHA-256 or SHA-512 would be right',
  )
})

test('skipACL turns checks off by the word yes alone', () => {
  expect(read({ skipACL: 'yes' }).isAclSkipped).toBe(true)
  expect(read({ skipACL: 'no' }).isAclSkipped).toBe(false)
  expect(() => read({ skipACL: 'true' })).toThrow(StartupError)
})

test('further providers are found by their prefix', () => {
  const properties = {
    'authProvider.1': 'a.B',
    'authProvider.x509': 'c.D',
    'ssl.authProvider': 'x509',
  }
  expect([...read(properties).providerClasses]).toEqual([
    ['authProvider.1', 'a.B'],
    ['authProvider.x509', 'c.D'],
  ])
})

test('mandatory schemes come from the list and from the older SASL switch', () => {
  const enforced = { 'enforce.auth.enabled': 'true', 'enforce.auth.schemes': ' digest, ip,,digest ' }
  expect(read(enforced).mandatorySchemes).toEqual(['digest', 'ip'])
  expect(read({ ...enforced, sessionRequireClientSASLAuth: 'true' }).mandatorySchemes).toEqual(['sasl', 'digest', 'ip'])
  expect(read({ ...enforced, 'enforce.auth.enabled': 'false' }).mandatorySchemes).toEqual([])
})

test('mandatory authentication without a scheme refuses the start with exit code 2', () => {
  let refusal: unknown = null
  try {
    read({ 'enforce.auth.enabled': 'true' })
  } catch (error) {
    refusal = error
  }
  expect(refusal).toBeInstanceOf(StartupError)
  expect(refusal).toMatchObject({ exitCode: 2, message: expect.stringContaining('enforce.auth.schemes') })
})
