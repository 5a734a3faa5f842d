import { type ConfigEntry, type ConfigSection, type SettingOptions, setting, withoutEffect } from '../config-entry.ts'

const tlsMissing = { status: 'not yet', note: 'TLS is not available in this version.' } as const
const saslMissing = { status: 'not yet', note: 'SASL is not available in this version.' } as const
const adminMissing = { status: 'not yet', note: 'The HTTP admin server is not available in this version.' } as const
const metricsMissing = {
  status: 'not yet',
  note: 'The metrics endpoint is not available in this version; use the word `mntr`.',
} as const
const auditMissing = { status: 'not yet', note: 'The audit log is not available in this version.' } as const
const off = { property: true, default: 'false' } as const

/** Who may do what, and the ways to look into a server. */
export const accessSettings: ConfigSection = {
  title: 'Access, TLS, admin, metrics, audit',
  entries: [
    setting(
      '4lw.commands.whitelist',
      'text',
      'Four-letter words that are answered, with commas between; `*` is all of them. `srvr` always is.',
      {
        property: true,
        default: 'srvr',
        importance: 'must',
      },
    ),
    setting('skipACL', 'yes-no', '`yes` lets every client do everything.', { property: true, default: 'no' }),
    setting('enableEagerACLCheck', 'boolean', 'Check ACLs before a request is forwarded to the leader.', {
      ...off,
      importance: 'rare',
      status: 'no effect',
      note: 'The leader checks them, with the same outcome for the client.',
    }),
    setting('DigestAuthenticationProvider.enabled', 'boolean', 'Allow the scheme `digest`.', { property: true, default: 'true' }),
    setting(
      'DigestAuthenticationProvider.superDigest',
      'text',
      'Who may do everything: `super:` and the base64 of the digest of `super:<password>`.',
      { property: true, defaultNote: 'nobody', importance: 'must', secret: true },
    ),
    setting('DigestAuthenticationProvider.digestAlg', 'text', 'The digest of the scheme `digest`.', {
      property: true,
      default: 'SHA1',
    }),
    setting('IPAuthenticationProvider.usexforwardedfor', 'boolean', 'Take the address of an HTTP client from X-Forwarded-For.', {
      ...off,
      ...adminMissing,
      importance: 'rare',
    }),
    setting('X509AuthenticationProvider.superUser', 'text', 'Subject of the certificate that may do everything.', {
      ...tlsMissing,
      property: true,
    }),
    setting('superUser', 'text', 'SASL user who may do everything.', { ...saslMissing, property: true }),
    setting('superUser.*', 'pattern', 'Further SASL users who may do everything.', { ...saslMissing, property: true }),
    setting(
      'authProvider.*',
      'pattern',
      'A further authentication provider, by the name of its Java class; known ones are mapped.',
      { property: true },
    ),
    setting('ssl.authProvider', 'text', 'Scheme of clients that come over TLS.', {
      ...tlsMissing,
      property: true,
      default: 'x509',
      importance: 'rare',
    }),
    setting('ensembleAuthName', 'text', 'Names that the scheme `ensemble` accepts, with commas between.', {
      property: true,
      importance: 'rare',
      status: 'not yet',
      note: 'The scheme `ensemble` is not available in this version.',
    }),
    setting('sessionRequireClientSASLAuth', 'boolean', 'Refuse clients that have not authenticated with SASL (error -124).', off),
    setting(
      'enforce.auth.enabled',
      'boolean',
      'Refuse clients without one of the schemes of `enforce.auth.schemes` (error -124).',
      off,
    ),
    setting('enforce.auth.schemes', 'text', 'Schemes of which a client must have one, with commas between.', { property: true }),
    setting('allowSaslFailedClients', 'boolean', 'Keep clients whose SASL authentication failed.', {
      ...off,
      ...saslMissing,
      importance: 'rare',
    }),
    setting('kerberos.removeHostFromPrincipal', 'boolean', 'Drop the host from the name of a principal.', {
      ...off,
      ...saslMissing,
      importance: 'rare',
    }),
    setting('kerberos.removeRealmFromPrincipal', 'boolean', 'Drop the realm from the name of a principal.', {
      ...off,
      ...saslMissing,
      importance: 'rare',
    }),
    setting('kerberos.canonicalizeHostNames', 'boolean', 'Look up the full name of a host before it is authenticated.', {
      ...off,
      ...saslMissing,
      importance: 'rare',
    }),
    setting('security.auth_to_local', 'text', 'Rules from Kerberos names to short names.', {
      ...saslMissing,
      property: true,
      default: 'DEFAULT',
      importance: 'rare',
    }),
    ...quorumSasl(),
    setting('serverCnxnFactory', 'text', "Class of Apache's network layer.", {
      property: true,
      importance: 'must',
      status: 'no effect',
      note: 'There is one network layer.',
    }),
    ...tls(),
    ...admin(),
    ...metrics(),
    setting('audit.enable', 'boolean', 'Write a log of who changed what.', { ...off, ...auditMissing }),
    setting('audit.impl.class', 'text', 'Class that writes the audit log.', { ...auditMissing, property: true }),
  ],
}

function quorumSasl(): ConfigEntry[] {
  const common = saslMissing
  return [
    setting('quorum.auth.enableSasl', 'boolean', 'Authenticate peers with SASL.', { ...common, default: 'false' }),
    setting('quorum.auth.learnerRequireSasl', 'boolean', 'A learner refuses peers that do not authenticate.', {
      ...common,
      default: 'false',
    }),
    setting('quorum.auth.serverRequireSasl', 'boolean', 'A server refuses learners that do not authenticate.', {
      ...common,
      default: 'false',
    }),
    setting('quorum.auth.learner.saslLoginContext', 'text', 'Name of the login section of a learner.', {
      ...common,
      default: 'QuorumLearner',
    }),
    setting('quorum.auth.server.saslLoginContext', 'text', 'Name of the login section of a server.', {
      ...common,
      default: 'QuorumServer',
    }),
    setting('quorum.auth.kerberos.servicePrincipal', 'text', 'Kerberos principal of the peers.', {
      ...common,
      default: 'zkquorum/localhost',
    }),
    setting('quorum.cnxn.threads.size', 'integer', "Threads of Apache's peer authentication.", {
      default: '20',
      importance: 'rare',
      status: 'no effect',
      note: 'Sockets and requests are served by one event loop.',
    }),
  ]
}

/** The settings of TLS exist twice: `ssl.` for clients and `ssl.quorum.` for peers. */
function tls(): ConfigEntry[] {
  const rare = { ...tlsMissing, importance: 'rare' } as const
  return [
    setting('sslQuorum', 'boolean', 'Use TLS between peers.', { ...tlsMissing, default: 'false' }),
    setting('portUnification', 'boolean', 'Accept both TLS and plain connections of peers.', {
      ...tlsMissing,
      default: 'false',
    }),
    setting('sslQuorumReloadCertFiles', 'boolean', 'Load the key store of the peers again when its file changes.', {
      ...tlsMissing,
      default: 'false',
    }),
    setting('client.portUnification', 'boolean', 'Accept TLS on `clientPort`, too.', { ...off, ...rare }),
    setting('client.certReload', 'boolean', 'Load the key store of the clients again when its file changes.', {
      ...off,
      ...rare,
    }),
    ...tlsTwin('ssl.', 'clients', tlsMissing),
    ...tlsTwin('ssl.quorum.', 'peers', tlsMissing),
    ...withoutEffect("TLS is that of the runtime's own library.", ['ssl.sslProvider', 'fips-mode'], "Provider of Apache's TLS."),
    setting('netty.server.outstandingHandshake.limit', 'integer', 'Most TLS handshakes in progress.', {
      ...rare,
      property: true,
      default: '-1',
    }),
    setting(
      'netty.server.earlyDropSecureConnectionHandshakes',
      'boolean',
      'Refuse handshakes that the limit of connections would refuse later.',
      {
        ...off,
        ...rare,
      },
    ),
    ...withoutEffect(
      'A client that does not read is always stopped being read from.',
      ['netty.advancedFlowControl.enabled'],
      "Flow control of Apache's other network layer.",
    ),
  ]
}

function tlsTwin(prefix: string, who: string, missing: Pick<SettingOptions, 'status' | 'note'>): ConfigEntry[] {
  const common = { ...missing, property: true } as const
  const stores = ['keyStore', 'trustStore'].flatMap((store) => [
    setting(
      `${prefix}${store}.location`,
      'path',
      `File of the ${store === 'keyStore' ? 'key' : 'trust'} store for ${who}.`,
      common,
    ),
    setting(`${prefix}${store}.password`, 'text', 'Its password.', { ...common, secret: true }),
    setting(`${prefix}${store}.passwordPath`, 'path', 'File that holds its password.', common),
    setting(`${prefix}${store}.type`, 'text', 'Its type: PEM, PKCS12, JKS.', { ...common, defaultNote: "by the file's ending" }),
  ])
  return [
    ...stores,
    setting(`${prefix}protocol`, 'text', `Version of TLS for ${who}.`, { ...common, defaultNote: 'TLSv1.3' }),
    setting(`${prefix}enabledProtocols`, 'text', 'Versions that are accepted.', common),
    setting(`${prefix}ciphersuites`, 'text', 'Cipher suites that are accepted.', common),
    setting(`${prefix}clientAuth`, 'text', 'Whether the other side must show a certificate.', {
      ...common,
      default: 'need',
      choices: ['need', 'want', 'none'],
    }),
    setting(`${prefix}hostnameVerification`, 'boolean', 'Compare the name in a certificate with the host.', {
      ...common,
      default: 'true',
    }),
    setting(`${prefix}clientHostnameVerification`, 'boolean', 'The same for the side that connects.', {
      ...common,
      default: prefix === 'ssl.' ? 'false' : 'true',
    }),
    setting(`${prefix}allowReverseDnsLookup`, 'boolean', 'Look the name of an address up for that comparison.', {
      ...common,
      default: prefix === 'ssl.' ? 'false' : 'true',
    }),
    setting(`${prefix}crl`, 'boolean', 'Check lists of revoked certificates.', { ...common, default: 'false' }),
    setting(`${prefix}ocsp`, 'boolean', 'Ask whether a certificate was revoked.', { ...common, default: 'false' }),
    setting(
      `${prefix}handshakeDetectionTimeoutMillis`,
      'integer',
      'Time in which a connection must show whether it speaks TLS.',
      {
        ...common,
        default: '5000',
        unit: 'ms',
      },
    ),
    setting(`${prefix}context.supplier.class`, 'text', 'Class that makes the TLS context.', common),
  ]
}

function admin(): ConfigEntry[] {
  const common = { ...adminMissing, property: true } as const
  return [
    setting('admin.enableServer', 'boolean', 'Open the HTTP admin server.', { ...common, default: 'true', importance: 'must' }),
    setting('admin.serverAddress', 'address', 'Address to which it is bound.', {
      ...common,
      default: '0.0.0.0',
      importance: 'must',
    }),
    setting('admin.serverPort', 'port', 'Its port.', { ...common, default: '8080', importance: 'must' }),
    setting('admin.idleTimeout', 'integer', 'Idle HTTP connections are closed after this time.', {
      ...common,
      default: '30000',
      unit: 'ms',
    }),
    setting('admin.commandURL', 'text', 'Prefix of the paths of its commands.', { ...common, default: '/commands' }),
    setting('admin.portUnification', 'boolean', 'Accept both HTTP and HTTPS.', { ...common, default: 'false' }),
    setting('admin.forceHttps', 'boolean', 'Accept HTTPS only.', { ...common, default: 'false' }),
    setting('admin.needClientAuth', 'boolean', 'Ask HTTPS clients for a certificate.', { ...common, default: 'false' }),
    setting('admin.rateLimiterIntervalInMS', 'integer', 'Shortest time between two snapshots or restores over HTTP.', {
      ...common,
      default: '300000',
      unit: 'ms',
    }),
    setting('admin.snapshot.enabled', 'boolean', 'Allow snapshots over HTTP.', { ...common, default: 'true' }),
    setting('admin.restore.enabled', 'boolean', 'Allow a restore over HTTP.', { ...common, default: 'true' }),
    setting(
      'admin.bindFailure',
      'text',
      'What happens when its port is taken: `exit` with code 4, or `warn` and go on. Apache has no such key.',
      {
        ...common,
        default: 'exit',
        choices: ['exit', 'warn'],
      },
    ),
  ]
}

function metrics(): ConfigEntry[] {
  return [
    setting(
      'metricsProvider.className',
      'text',
      "Class of Apache's metrics provider; the one named Prometheus opens the metrics endpoint.",
      {
        ...metricsMissing,
        default: 'org.apache.zookeeper.metrics.impl.DefaultMetricsProvider',
        importance: 'must',
      },
    ),
    setting('metricsProvider.httpHost', 'address', 'Address of the metrics endpoint.', {
      ...metricsMissing,
      default: '0.0.0.0',
      importance: 'must',
    }),
    setting('metricsProvider.httpPort', 'port', 'Port of the metrics endpoint.', {
      ...metricsMissing,
      default: '7000',
      importance: 'must',
    }),
    setting('metricsProvider.exportJvmInfo', 'boolean', 'Add the figures of the process.', {
      ...metricsMissing,
      default: 'true',
      importance: 'must',
    }),
    setting('metricsProvider.*', 'pattern', "Any other setting of Apache's metrics provider.", {
      importance: 'rare',
      status: 'no effect',
      note: 'Metrics are plain counters; there are no threads or queues to size.',
    }),
  ]
}
