import { AclSchemes, type Identity } from '@tskeeper/core'
import type { Logger } from '../logger.ts'
import { StartupError } from '../startup-error.ts'
import type { AuthOptions } from './auth-options.ts'
import type { AuthConnection, AuthProvider } from './auth-provider.ts'
import { DigestProvider } from './digest-provider.ts'
import { ipIdentity, ipProvider } from './ip-provider.ts'
import { MandatoryAuth } from './mandatory-auth.ts'

const EXIT_INVALID_CONFIGURATION = 2
const PACKAGE = 'org.apache.zookeeper.server.auth.'

/**
 * Everything that a server knows about who its clients are: the providers by scheme, the rules of their
 * schemes within ACLs, and what is asked of each client. Built once from the configuration.
 */
export class Authentication {
  /** For ACL checks, for setting ACLs and for `whoAmI`. */
  readonly schemes: AclSchemes
  readonly mandatory: MandatoryAuth
  readonly isAclSkipped: boolean
  private readonly providers: ReadonlyMap<string, AuthProvider>

  /** Throws a `StartupError` if a scheme is asked of the clients that none of them could ever show. */
  constructor(options: AuthOptions, logger: Logger) {
    this.providers = chooseProviders(options, logger)
    this.schemes = new AclSchemes([...this.providers.values()].map((provider) => provider.aclScheme))
    for (const scheme of options.mandatorySchemes) this.requireProvider(scheme)
    this.mandatory = new MandatoryAuth(options.mandatorySchemes)
    this.isAclSkipped = options.isAclSkipped
    if (options.isAclSkipped) logger.warn('skipACL=yes: no ACL is checked, every client may do everything')
  }

  /** The identities of a connection that has just been accepted. */
  identitiesAtStart(connection: AuthConnection): Identity[] {
    return [ipIdentity(connection)]
  }

  /**
   * Serves an auth packet: the identities to add, or null for AUTHFAILED, which also ends the connection. `sasl`
   * fails here as any scheme without a provider; it has an operation of its own.
   */
  authenticate(scheme: string | null, data: Uint8Array | null, connection: AuthConnection): readonly Identity[] | null {
    const provider = scheme === null ? undefined : this.providers.get(scheme)
    return provider === undefined ? null : provider.authenticate(data, connection)
  }

  private requireProvider(scheme: string): void {
    if (this.providers.has(scheme)) return
    const present = [...this.providers.keys()].join(', ')
    throw new StartupError(
      `clients must authenticate with ${scheme} (enforce.auth.schemes or sessionRequireClientSASLAuth), but there is no provider for it: ` +
        `those that are there are ${present}`,
      EXIT_INVALID_CONFIGURATION,
    )
  }
}

function chooseProviders(options: AuthOptions, logger: Logger): ReadonlyMap<string, AuthProvider> {
  const digestProvider = new DigestProvider({ algorithm: options.digestAlgorithm, superDigest: options.superDigest })
  const providers = new Map<string, AuthProvider>()
  providers.set(ipProvider.scheme, ipProvider)
  if (options.isDigestEnabled) providers.set(digestProvider.scheme, digestProvider)
  for (const [property, className] of options.providerClasses) {
    if (className === `${PACKAGE}DigestAuthenticationProvider`) providers.set(digestProvider.scheme, digestProvider)
    else if (className !== `${PACKAGE}IPAuthenticationProvider`) warnOfMissingProvider(property, className, logger)
  }
  if (options.superDigest !== null && !providers.has(digestProvider.scheme)) {
    logger.warn('superDigest is set but the digest scheme is off: nobody can become the super user')
  }
  return providers
}

/** Apache's own that this version lacks, by the scheme that they would serve. */
const missingProviders: ReadonlyMap<string, string> = new Map([
  [`${PACKAGE}SASLAuthenticationProvider`, 'sasl'],
  [`${PACKAGE}X509AuthenticationProvider`, 'x509'],
  [`${PACKAGE}znode.groupacl.X509ZNodeGroupAclProvider`, 'x509'],
  [`${PACKAGE}EnsembleAuthenticationProvider`, 'ensemble'],
  [`${PACKAGE}KeyAuthenticationProvider`, 'key'],
])

function warnOfMissingProvider(property: string, className: string, logger: Logger): void {
  const scheme = missingProviders.get(className)
  const consequence = 'its clients are answered AuthFailed, and ACLs with its scheme cannot be set'
  if (scheme !== undefined)
    logger.warn(`${property}=${className}: the scheme ${scheme} is not available in this version; ${consequence}`)
  else logger.warn(`${property}=${className}: no such provider is known here; ${consequence}`)
}
