// What the configuration says about authentication. The names are those of Apache's system
// properties: any key of the configuration file that is not one of its own fields becomes one.

import { StartupError } from '../startup-error.ts'
import { isKnownHash } from './hash.ts'

export interface AuthOptions {
  /** Is the scheme `digest` there by default? */
  readonly isDigestEnabled: boolean
  readonly digestAlgorithm: string
  /** "user:hash" of the super user, or null. */
  readonly superDigest: string | null
  /** Class names of further providers, by the name of the property that asks for them. */
  readonly providerClasses: ReadonlyMap<string, string>
  /** A client must hold an identity of one of these; empty if none is asked for. */
  readonly mandatorySchemes: readonly string[]
  /** All ACL checks are off. */
  readonly isAclSkipped: boolean
}

const DIGEST = 'zookeeper.DigestAuthenticationProvider.'
const PROVIDER = 'zookeeper.authProvider.'
const ENFORCE = 'zookeeper.enforce.auth.'
const EXIT_INVALID_CONFIGURATION = 2

/** Reads the options from system properties; throws a `StartupError` for what cannot be meant. */
export function readAuthOptions(properties: ReadonlyMap<string, string>): AuthOptions {
  return {
    isDigestEnabled: readDefaultTrue(properties.get(`${DIGEST}enabled`)),
    digestAlgorithm: readDigestAlgorithm(properties.get(`${DIGEST}digestAlg`)),
    superDigest: properties.get(`${DIGEST}superDigest`) ?? null,
    providerClasses: new Map([...properties].filter(([name]) => name.startsWith(PROVIDER))),
    mandatorySchemes: readMandatorySchemes(properties),
    isAclSkipped: properties.get('zookeeper.skipACL') === 'yes',
  }
}

function readDefaultTrue(value: string | undefined): boolean {
  return value === undefined || isTrue(value)
}

/** The rule for truth in system properties: the word `true` in any case, and nothing else. */
function isTrue(value: string | undefined): boolean {
  return value?.toLowerCase() === 'true'
}

function readDigestAlgorithm(value: string | undefined): string {
  // The default is not looked up, so that it costs nothing at the start.
  if (value === undefined || value === 'SHA1') return 'SHA1'
  if (isKnownHash(value)) return value
  const name = 'DigestAuthenticationProvider.digestAlg'
  throw new StartupError(
    `${name}=${value}: there is no such hash; SHA1, SHA-256 or SHA-512 would be right`,
    EXIT_INVALID_CONFIGURATION,
  )
}

function readMandatorySchemes(properties: ReadonlyMap<string, string>): readonly string[] {
  const schemes = new Set<string>()
  if (isTrue(properties.get('zookeeper.sessionRequireClientSASLAuth'))) schemes.add('sasl')
  if (isTrue(properties.get(`${ENFORCE}enabled`))) {
    const named = splitList(properties.get(`${ENFORCE}schemes`) ?? '')
    if (named.length === 0) {
      throw new StartupError(
        'enforce.auth.enabled=true needs enforce.auth.schemes: the schemes of which a client must have one, for example digest',
        EXIT_INVALID_CONFIGURATION,
      )
    }
    for (const scheme of named) schemes.add(scheme)
  }
  return [...schemes]
}

function splitList(value: string): string[] {
  return value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}
