import { superIdentity } from '@tskeeper/core'
import { expect, test } from 'vitest'
import { DigestProvider, generateDigest } from '../../src/auth/digest-provider.ts'

const connection = { remoteAddress: '127.0.0.1' }
const provider = new DigestProvider({ algorithm: 'SHA1', superDigest: null })

function idOf(data: string | Uint8Array, from: DigestProvider = provider): string | undefined {
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data
  return from.authenticate(bytes, connection)?.[0]?.id
}

test('A218: the digest of super:test is the one of Apache servers', () => {
  expect(generateDigest('super:test')).toBe('super:D/InIHSb7yEEbrWz8b9l71RjZJU=')
  expect(generateDigest('u:p')).toBe('u:Jq7wMyA/w2Vd5WIDAKdu4OIIFEQ=')
})

test('A218: who authenticates with name and password gets the id that the tool makes', () => {
  expect(provider.authenticate(new TextEncoder().encode('u:p'), connection)).toEqual([
    { scheme: 'digest', id: 'u:Jq7wMyA/w2Vd5WIDAKdu4OIIFEQ=' },
  ])
})

test('the user ends at the first colon, and the hash covers everything', () => {
  expect(idOf('a:b:c')).toBe('a:cLzgnoJ6mP5qz3w+mwvPE2vDgu0=')
})

test('data without a colon, or none at all, is a user; no data is a failure', () => {
  expect(idOf('noc')).toBe('noc:RIL532VZgxS+IjUEHfiCxyMdHqk=')
  expect(idOf('')).toBe(':2jmj7l5rSw0yVb/vlWAYkK/YBwk=')
  expect(provider.authenticate(null, connection)).toBeNull()
})

test('data that is not UTF-8 is hashed as text with replacement characters, as Apache servers do', () => {
  expect(idOf(new Uint8Array([0x75, 0x3a, 0xff, 0xfe]))).toBe('u:tBXHUAUzZXYCqAcMeZihzl82Xwo=')
  expect(idOf(new Uint8Array([0xc3, 0x28, 0x3a, 0xe9]))).toBe('\ufffd(:/jJdZ5FVUI3kaJ5kymzi6aEfUaY=')
})

test('names and passwords of all alphabets keep their letters', () => {
  expect(idOf('żółw:päss')).toBe(generateDigest('żółw:päss'))
  expect(idOf('żółw:päss')).toMatch(/^żółw:[A-Za-z0-9+/]{27}=$/)
})

test('another hash can be configured', () => {
  const sha256 = new DigestProvider({ algorithm: 'SHA-256', superDigest: null })
  expect(idOf('u:p', sha256)).toBe('u:/Y8xRBngpX5duYn15uUqIRaIaCviy5TEwSk419hCwuA=')
  expect(generateDigest('u:p', 'SHA-256')).toBe('u:/Y8xRBngpX5duYn15uUqIRaIaCviy5TEwSk419hCwuA=')
})

test('who knows the super password becomes super besides being a user', () => {
  const withSuper = new DigestProvider({ algorithm: 'SHA1', superDigest: generateDigest('super:test') })
  expect(withSuper.authenticate(new TextEncoder().encode('super:test'), connection)).toEqual([
    superIdentity,
    { scheme: 'digest', id: 'super:D/InIHSb7yEEbrWz8b9l71RjZJU=' },
  ])
  expect(withSuper.authenticate(new TextEncoder().encode('super:guess'), connection)).toHaveLength(1)
})
