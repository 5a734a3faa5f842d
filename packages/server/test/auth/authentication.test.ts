import { expect, test } from 'vitest'
import { readAuthOptions } from '../../src/auth/auth-options.ts'
import { Authentication } from '../../src/auth/authentication.ts'
import { type Logger, silentLogger } from '../../src/logger.ts'
import { StartupError } from '../../src/startup-error.ts'
import { recordWarnings } from './recording-logger.ts'
import { configWith } from './settings.ts'

const connection = { remoteAddress: '127.0.0.1' }
const userAndPassword = new TextEncoder().encode('u:p')
const digestOff = { 'DigestAuthenticationProvider.enabled': 'false' }

function configured(properties: Record<string, string> = {}, logger: Logger = silentLogger): Authentication {
  return new Authentication(readAuthOptions(configWith(properties)), logger)
}

test('a connection begins with its address', () => {
  expect(configured().identitiesAtStart(connection)).toEqual([{ scheme: 'ip', id: '127.0.0.1' }])
})

test('digest and ip are there without configuration', () => {
  const authentication = configured()
  expect(authentication.authenticate('digest', userAndPassword, connection)).toEqual([
    { scheme: 'digest', id: 'u:Jq7wMyA/w2Vd5WIDAKdu4OIIFEQ=' },
  ])
  expect(authentication.authenticate('ip', null, connection)).toEqual([{ scheme: 'ip', id: '127.0.0.1' }])
  expect(authentication.schemes.names()).toEqual(['ip', 'digest'])
})

test.each(['world', 'auth', 'super', 'sasl', 'nope', '', null])('authentication with the scheme %j fails', (scheme) => {
  expect(configured().authenticate(scheme, userAndPassword, connection)).toBeNull()
})

test('digest that is switched off is neither a way to authenticate nor a scheme of ACLs', () => {
  const authentication = configured(digestOff)
  expect(authentication.authenticate('digest', userAndPassword, connection)).toBeNull()
  expect(authentication.schemes.get('digest')).toBeNull()
})

test('digest that is switched off comes back by the name of its class', () => {
  const className = 'org.apache.zookeeper.server.auth.DigestAuthenticationProvider'
  const { logger, warnings } = recordWarnings()
  const authentication = configured({ ...digestOff, 'authProvider.1': className }, logger)
  expect(authentication.authenticate('digest', userAndPassword, connection)).toHaveLength(1)
  expect(warnings).toEqual([])
})

test('providers that are not there are named in a warning, with what follows, and the server starts', () => {
  const { logger, warnings } = recordWarnings()
  const sasl = 'org.apache.zookeeper.server.auth.SASLAuthenticationProvider'
  configured({ 'authProvider.1': sasl, 'authProvider.2': 'com.example.Own' }, logger)
  expect(warnings).toEqual([
    `authProvider.1=${sasl}: the scheme sasl is not available in this version; ` +
      'its clients are answered AuthFailed, and ACLs with its scheme cannot be set',
    'authProvider.2=com.example.Own: no such provider is known here; ' +
      'its clients are answered AuthFailed, and ACLs with its scheme cannot be set',
  ])
})

test('a super digest that nobody can use, and ACLs that are not checked, are worth a warning', () => {
  const { logger, warnings } = recordWarnings()
  configured({ ...digestOff, 'DigestAuthenticationProvider.superDigest': 'super:x', skipACL: 'yes' }, logger)
  expect(warnings).toEqual([
    'superDigest is set but the digest scheme is off: nobody can become the super user',
    'skipACL=yes: no ACL is checked, every client may do everything',
  ])
})

test('mandatory schemes are taken over', () => {
  const authentication = configured({ 'enforce.auth.enabled': 'true', 'enforce.auth.schemes': 'digest' })
  expect(authentication.mandatory.schemes).toEqual(['digest'])
  expect(authentication.mandatory.isSatisfied(authentication.identitiesAtStart(connection))).toBe(false)
})

test.each([
  [{ 'enforce.auth.enabled': 'true', 'enforce.auth.schemes': 'digest,nope' }, 'nope'],
  [{ sessionRequireClientSASLAuth: 'true' }, 'sasl'],
])('a scheme that no client can show cannot be mandatory: %j', (properties, scheme) => {
  const start = (): Authentication => configured(properties)
  expect(start).toThrow(StartupError)
  expect(start).toThrow(`clients must authenticate with ${scheme} `)
})
