// What the configuration says about authentication.

import type { ServerConfig } from '../config/server-config.ts'
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

/** The settings that authentication is made from. */
export type AuthSettings = Pick<
  ServerConfig,
  | 'isDigestAuthEnabled'
  | 'digestAlgorithm'
  | 'superDigest'
  | 'authProviders'
  | 'isEnforceAuthEnabled'
  | 'enforceAuthSchemes'
  | 'sessionRequireClientSaslAuth'
  | 'skipAcl'
>

const EXIT_INVALID_CONFIGURATION = 2

/** Takes the options from the configuration; throws a `StartupError` for what cannot be meant. */
export function readAuthOptions(settings: AuthSettings): AuthOptions {
  return {
    isDigestEnabled: settings.isDigestAuthEnabled,
    digestAlgorithm: readDigestAlgorithm(settings.digestAlgorithm),
    superDigest: settings.superDigest,
    providerClasses: settings.authProviders,
    mandatorySchemes: readMandatorySchemes(settings),
    isAclSkipped: settings.skipAcl,
  }
}

function readDigestAlgorithm(value: string): string {
  // The default is not looked up, so that it costs nothing at the start.
  if (value === 'SHA1' || isKnownHash(value)) return value
  const name = 'DigestAuthenticationProvider.digestAlg'
  throw new StartupError(
    `${name}=${value}: there is no such hash; SHA1, SHA-256 or SHA-512 would be right`,
    EXIT_INVALID_CONFIGURATION,
  )
}

function readMandatorySchemes(settings: AuthSettings): readonly string[] {
  const schemes = new Set<string>()
  if (settings.sessionRequireClientSaslAuth) schemes.add('sasl')
  if (!settings.isEnforceAuthEnabled) return [...schemes]
  if (settings.enforceAuthSchemes.length === 0) {
    throw new StartupError(
      'enforce.auth.enabled=true needs enforce.auth.schemes: the schemes of which a client must have one, for example digest',
      EXIT_INVALID_CONFIGURATION,
    )
  }
  for (const scheme of settings.enforceAuthSchemes) schemes.add(scheme)
  return [...schemes]
}
