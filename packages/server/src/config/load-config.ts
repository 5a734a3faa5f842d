// From a configuration file to a checked ServerConfig. The steps and their messages follow the order of
// Apache's server, so that the same file with the same mistake is answered with the same words.

import { isAbsolute, resolve } from 'node:path'
import { ConfigError, expandIpv6, isAnyAddress, isIpv4, type Member, type MemberRole, parseRole } from '@tskeeper/core'
import type { Logger } from '../logger.ts'
import type { Disk } from '../runtime/disk.ts'
import { StartupError } from '../startup-error.ts'
import { readMyId } from '../storage/data-directories.ts'
import { checkEnsemble } from './check-ensemble.ts'
import { parseProperties } from './properties-file.ts'
import { readQuorumSettings, refuseMissingProtection } from './quorum-settings.ts'
import { checkDistributed, readMembership } from './read-membership.ts'
import type { ServerConfig, SnapshotCompression } from './server-config.ts'
import { Settings } from './settings.ts'

/** What reading a configuration needs from outside. */
export interface ConfigSources {
  readonly disk: Disk
  readonly logger: Logger
  /** Relative paths start here. */
  readonly workingDirectory: string
  /** System properties, see `parseLaunchArguments`. */
  readonly properties: ReadonlyMap<string, string>
}

/** Exit code of a process whose configuration or arguments cannot be used. */
export const EXIT_BAD_CONFIG = 2

/** The provider classes of Apache's server; others cannot be loaded here. */
const METRICS_PROVIDERS: ReadonlySet<string> = new Set([
  'org.apache.zookeeper.metrics.impl.DefaultMetricsProvider',
  'org.apache.zookeeper.metrics.impl.NullMetricsProvider',
  'org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider',
])

/** Reads and checks a file. Throws a `StartupError` with exit code 2 whose cause says what is wrong. */
export function loadConfig(path: string, sources: ConfigSources): ServerConfig {
  try {
    sources.logger.info(`Reading configuration from: ${path}`)
    const absolutePath = resolvePath(path, sources)
    if (!sources.disk.exists(absolutePath)) {
      throw new ConfigError(
        `${path} file is missing`,
        'give the path of an existing file, for example conf/zoo.cfg made from conf/zoo_sample.cfg',
      )
    }
    const bytes = sources.disk.readFile(absolutePath)
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
    return makeConfig(parseProperties(bytes), { name: path, path: absolutePath, text }, sources)
  } catch (cause) {
    throw new StartupError(`Error processing ${path}`, EXIT_BAD_CONFIG, { cause })
  }
}

/** The same from keys and values without a file: for embedding, for tests, and for the arguments of a command. */
export function configFromProperties(properties: ReadonlyMap<string, string>, sources: ConfigSources): ServerConfig {
  try {
    return makeConfig(properties, { name: 'the arguments', path: null, text: '' }, sources)
  } catch (cause) {
    throw new StartupError('Error processing the arguments', EXIT_BAD_CONFIG, { cause })
  }
}

interface Origin {
  readonly name: string
  readonly path: string | null
  readonly text: string
}

function makeConfig(file: ReadonlyMap<string, string>, origin: Origin, sources: ConfigSources): ServerConfig {
  const { logger, disk, workingDirectory } = sources
  const settings = new Settings(file, origin.name, sources.properties, logger)
  checkKeysOfEnsemble(settings)
  const directories = readDirectories(settings, sources)
  const listener = readListener(settings, logger)
  const times = readTimes(settings)
  checkMetricsProvider(settings, logger)
  const autopurgeSnapRetainCount = settings.integer('autopurge.snapRetainCount')

  const standaloneEnabled = settings.boolean('standaloneEnabled')
  const quorum = readQuorumSettings(settings)
  const dynamicConfigFile = emptyAsNull(settings.text('dynamicConfigFile'))
  const { membership, lastSeen } = readMembership({
    disk,
    workingDirectory,
    configPath: origin.path,
    fileProperties: file,
    dynamicConfigFile,
    isMultiAddressEnabled: quorum.isMultiAddressEnabled,
  })
  const isDistributed = checkDistributed(membership, standaloneEnabled, logger)
  const myId = readMyId(disk, directories.dataDir)
  const ownMember = myId === null ? null : (membership?.members.get(myId) ?? null)
  const client = agreeOnClientAddress(listener, ownMember)
  const peerRole = agreeOnRole(parseRole(settings.textOrDefault('peerType')), ownMember, logger)
  const initLimit = settings.optionalInteger('initLimit') ?? 0
  const syncLimit = settings.optionalInteger('syncLimit') ?? 0
  const areExtendedTypesEnabled = settings.boolean('extendedTypesEnabled')
  if (isDistributed && membership !== null) {
    refuseMissingProtection(settings)
    const clientPorts = { clientPort: client.port, secureClientPort: listener.securePort }
    checkEnsemble({ membership, myId, dataDir: directories.dataDir, initLimit, syncLimit, areExtendedTypesEnabled, clientPorts })
  }

  const juteMaxBuffer = settings.integer('jute.maxbuffer')
  const config: ServerConfig = {
    configPath: origin.path,
    configText: origin.text,
    systemProperties: settings.systemProperties,
    fileProperties: file,
    ...times,
    clientPort: client.port,
    clientPortAddress: client.host,
    secureClientPort: listener.securePort,
    secureClientPortAddress: listener.secureHost,
    clientPortListenBacklog: settings.integer('clientPortListenBacklog'),
    maxClientCnxns: settings.integer('maxClientCnxns'),
    maxCnxns: settings.integer('maxCnxns'),
    sessionlessConnectionTimeoutMs: settings.integer('nio.sessionlessCnxnTimeout'),
    clientTcpKeepAlive: settings.boolean('clientTcpKeepAlive'),
    ...directories,
    dataDirAutocreate: settings.boolean('datadir.autocreate'),
    dbAutocreate: settings.boolean('db.autocreate'),
    snapCount: settings.integer('snapCount'),
    snapSizeLimitKb: settings.long('snapSizeLimitInKb'),
    txnLogSizeLimitKb: settings.long('txnLogSizeLimitInKb'),
    preAllocSizeKb: settings.long('preAllocSize'),
    snapshotCompression: readCompression(settings),
    snapshotTrustEmpty: settings.boolean('snapshot.trust.empty'),
    serializeLastProcessedZxid: settings.boolean('serializeLastProcessedZxid.enabled'),
    forceSync: settings.yesNo('forceSync'),
    fsyncWarningThresholdMs: settings.long('fsync.warningthresholdms'),
    autopurgeSnapRetainCount,
    autopurgePurgeIntervalHours: settings.integer('autopurge.purgeInterval'),
    isDigestEnabled: settings.boolean('digest.enabled'),
    isCloseSessionTxnEnabled: settings.boolean('closeSessionTxn.enabled'),
    juteMaxBuffer,
    juteMaxBufferExtraSize: settings.optionalInteger('jute.maxbuffer.extrasize') ?? juteMaxBuffer,
    globalOutstandingLimit: settings.integer('globalOutstandingLimit'),
    ...readThrottles(settings),
    largeRequestMaxBytes: settings.integer('largeRequestMaxBytes'),
    largeRequestThreshold: settings.integer('largeRequestThreshold'),
    maxGetChildrenResponseCacheSize: settings.integer('maxGetChildrenResponseCacheSize'),
    enforceQuota: settings.boolean('enforceQuota'),
    isExtendedTypesEnabled: areExtendedTypesEnabled,
    emulate353TtlNodes: settings.boolean('emulate353TTLNodes'),
    containerCheckIntervalMs: settings.long('znode.container.checkIntervalMs'),
    containerMaxPerMinute: settings.integer('znode.container.maxPerMinute'),
    containerMaxNeverUsedIntervalMs: settings.long('znode.container.maxNeverUsedIntervalMs'),
    fourLetterWordWhitelist: commaList(settings.textOrDefault('4lw.commands.whitelist')),
    skipAcl: settings.yesNo('skipACL'),
    isDigestAuthEnabled: settings.boolean('DigestAuthenticationProvider.enabled'),
    digestAlgorithm: settings.textOrDefault('DigestAuthenticationProvider.digestAlg'),
    superDigest: emptyAsNull(settings.text('DigestAuthenticationProvider.superDigest')),
    authProviders: settings.pattern('authProvider.*'),
    isEnforceAuthEnabled: settings.boolean('enforce.auth.enabled'),
    enforceAuthSchemes: commaList(settings.text('enforce.auth.schemes') ?? ''),
    sessionRequireClientSaslAuth: settings.boolean('sessionRequireClientSASLAuth'),
    standaloneEnabled,
    reconfigEnabled: settings.boolean('reconfigEnabled'),
    isReadOnlyModeEnabled: settings.boolean('readonlymode.enabled'),
    isDistributed,
    membership,
    lastSeenMembership: lastSeen,
    dynamicConfigFile,
    myId,
    peerRole,
    initLimit,
    syncLimit,
    quorum,
    isPauseMonitorEnabled: settings.boolean('jvm.pause.monitor'),
    pauseMonitorSleepTimeMs: settings.long('jvm.pause.sleep.time.ms'),
    pauseInfoThresholdMs: settings.long('jvm.pause.info-threshold.ms'),
    pauseWarnThresholdMs: settings.long('jvm.pause.warn-threshold.ms'),
  }
  settings.checkUnread()
  return config
}

/** Mistakes in the keys of an ensemble stop a server of its own, too: they were meant for something. */
function checkKeysOfEnsemble(settings: Settings): void {
  if (settings.integer('electionAlg') !== 3) {
    throw new ConfigError('Invalid electionAlg value. Only 3 is supported.', 'take the line away or write electionAlg=3')
  }
  const isSaslEnabled = settings.boolean('quorum.auth.enableSasl')
  const learnerRequires = settings.boolean('quorum.auth.learnerRequireSasl')
  const serverRequires = settings.boolean('quorum.auth.serverRequireSasl')
  refuseSasl('enableSasl', isSaslEnabled, 'learnerRequireSasl', learnerRequires)
  refuseSasl('enableSasl', isSaslEnabled, 'serverRequireSasl', serverRequires)
  refuseSasl('learnerRequireSasl', learnerRequires, 'serverRequireSasl', serverRequires)
}

function refuseSasl(needed: string, isNeededOn: boolean, wanted: string, isWantedOn: boolean): void {
  if (isNeededOn || !isWantedOn) return
  throw new ConfigError(
    `quorum.auth.${needed} is disabled, so cannot enable quorum.auth.${wanted}`,
    `set quorum.auth.${needed}=true as well`,
  )
}

function readDirectories(settings: Settings, sources: ConfigSources): Pick<ServerConfig, 'dataDir' | 'dataLogDir'> {
  const dataDirText = emptyAsNull(settings.text('dataDir'))
  if (dataDirText === null) {
    throw new ConfigError('dataDir is not set', 'name the directory of the snapshots, for example dataDir=/var/lib/zookeeper')
  }
  const dataDir = resolvePath(dataDirText, sources)
  const dataLogDirText = emptyAsNull(settings.text('dataLogDir'))
  const dataLogDir = dataLogDirText === null ? dataDir : resolvePath(dataLogDirText, sources)
  for (const directory of new Set([dataDir, dataLogDir])) {
    if (directory !== '/tmp' && !directory.startsWith('/tmp/')) continue
    sources.logger.warn(
      `${directory} is below /tmp, which systems empty when they start: use another directory for data that must last`,
    )
  }
  return { dataDir, dataLogDir }
}

interface ListenerAddresses {
  readonly port: number | null
  readonly host: string
  readonly securePort: number | null
  readonly secureHost: string
}

function readListener(settings: Settings, logger: Logger): ListenerAddresses {
  const [port, host] = readAddress(settings, logger, 'clientPort', 'clientPortAddress')
  const [securePort, secureHost] = readAddress(settings, logger, 'secureClientPort', 'secureClientPortAddress')
  return { port, host, securePort, secureHost }
}

function readAddress(settings: Settings, logger: Logger, portKey: string, hostKey: string): [number | null, string] {
  const port = settings.port(portKey)
  const host = settings.textOrDefault(hostKey)
  if (port === null) {
    logger.info(`${portKey} is not set`)
    if (settings.isSet(hostKey))
      throw new ConfigError(`${hostKey} is set but ${portKey} is not set`, `add ${portKey}=2181 or take ${hostKey} away`)
  } else logger.info(`${hostKey} is ${host}:${port}`)
  return [port, isAnyAddress(host) ? '' : host]
}

type Times = Pick<ServerConfig, 'tickTimeMs' | 'minSessionTimeoutMs' | 'maxSessionTimeoutMs'>

function readTimes(settings: Settings): Times {
  const tickTimeMs = readTickTime(settings)
  const minimum = settings.optionalInteger('minSessionTimeout') ?? -1
  const maximum = settings.optionalInteger('maxSessionTimeout') ?? -1
  const minSessionTimeoutMs = minimum === -1 ? 2 * tickTimeMs : minimum
  const maxSessionTimeoutMs = maximum === -1 ? 20 * tickTimeMs : maximum
  if (minSessionTimeoutMs > maxSessionTimeoutMs) {
    throw new ConfigError(
      'minSessionTimeout must not be larger than maxSessionTimeout',
      `they are ${minSessionTimeoutMs} and ${maxSessionTimeoutMs} ms; what is not set is 2 and 20 times tickTime=${tickTimeMs}`,
    )
  }
  return { tickTimeMs, minSessionTimeoutMs, maxSessionTimeoutMs }
}

type Throttles = Pick<
  ServerConfig,
  | 'requestThrottleLimit'
  | 'requestThrottleDropStale'
  | 'requestStaleLatencyCheck'
  | 'throttledOpWaitTimeMs'
  | 'connectionMaxTokens'
  | 'connectionTokenFillTimeMs'
  | 'connectionTokenFillCount'
  | 'connectionFreezeTimeMs'
  | 'connectionDropIncrease'
  | 'connectionDropDecrease'
  | 'connectionDecreaseRatio'
  | 'isConnectionWeightEnabled'
  | 'connectionGlobalSessionWeight'
  | 'connectionLocalSessionWeight'
  | 'connectionRenewSessionWeight'
>

function readThrottles(settings: Settings): Throttles {
  return {
    requestThrottleLimit: settings.integer('requestThrottleLimit'),
    requestThrottleDropStale: settings.boolean('requestThrottleDropStale'),
    requestStaleLatencyCheck: settings.boolean('requestStaleLatencyCheck'),
    throttledOpWaitTimeMs: settings.integer('throttledOpWaitTime'),
    connectionMaxTokens: settings.integer('connectionMaxTokens'),
    connectionTokenFillTimeMs: settings.integer('connectionTokenFillTime'),
    connectionTokenFillCount: settings.integer('connectionTokenFillCount'),
    connectionFreezeTimeMs: settings.integer('connectionFreezeTime'),
    connectionDropIncrease: settings.ratio('connectionDropIncrease'),
    connectionDropDecrease: settings.ratio('connectionDropDecrease'),
    connectionDecreaseRatio: settings.ratio('connectionDecreaseRatio'),
    isConnectionWeightEnabled: settings.boolean('connection_throttle_weight_enabled'),
    connectionGlobalSessionWeight: settings.integer('connection_throttle_global_session_weight'),
    connectionLocalSessionWeight: settings.integer('connection_throttle_local_session_weight'),
    connectionRenewSessionWeight: settings.integer('connection_throttle_renew_session_weight'),
  }
}

function readTickTime(settings: Settings): number {
  if (/^[+-]?0+$/.test(settings.text('tickTime') ?? ''))
    throw new ConfigError('tickTime is not set', 'a tick of 0 ms is none; write for example tickTime=2000')
  return settings.integer('tickTime')
}

function checkMetricsProvider(settings: Settings, logger: Logger): void {
  const className = settings.textOrDefault('metricsProvider.className')
  logger.info(`metricsProvider.className is ${className}`)
  if (METRICS_PROVIDERS.has(className)) return
  throw new ConfigError(
    'metrics provider class was not found',
    `metricsProvider.className=${className} must be one of: ${[...METRICS_PROVIDERS].join(', ')}`,
  )
}

function readCompression(settings: Settings): SnapshotCompression {
  const method = settings.text('snapshot.compression.method')?.toLowerCase()
  return method === 'gz' || method === 'snappy' ? method : 'none'
}

/**
 * The client address of this server can stand in the main file and in its own `server.N` line. One is enough;
 * two must agree, where the main file may name all addresses and the line one of them.
 */
function agreeOnClientAddress(listener: ListenerAddresses, own: Member | null): { port: number | null; host: string } {
  const fromLine = own?.client ?? null
  if (own === null || fromLine === null) return { port: listener.port, host: listener.host }
  const lineHost = isAnyAddress(fromLine.host) ? '' : fromLine.host
  if (listener.port === null) return { port: fromLine.port === 0 ? null : fromLine.port, host: lineHost }
  const isSameHost = listener.host === '' || sameHost(listener.host, lineHost)
  if (isSameHost && listener.port === fromLine.port) return { port: listener.port, host: listener.host }
  throw new ConfigError(
    `client address for this server (id = ${own.id}) in static config file is ${describe(listener.host, listener.port, '0.0.0.0/0.0.0.0')} ` +
      `is different from client address found in dynamic file: ${describe(lineHost, fromLine.port, '/0.0.0.0')}`,
    `take clientPort and clientPortAddress away, or make them agree with the line server.${own.id}`,
  )
}

function sameHost(one: string, other: string): boolean {
  return describe(one, 0, '').split('/').at(-1) === describe(other, 0, '').split('/').at(-1)
}

/** An address as Java prints it: name, slash, numbers. Names other than `localhost` are not looked up here. */
function describe(host: string, port: number, anyAddress: string): string {
  if (host === '') return `${anyAddress}:${port}`
  if (isIpv4(host)) return `/${host}:${port}`
  const expanded = expandIpv6(host)
  if (expanded !== null) return `/[${expanded}]:${port}`
  return host === 'localhost' ? `localhost/127.0.0.1:${port}` : `${host}/<unresolved>:${port}`
}

function agreeOnRole(configured: MemberRole, own: Member | null, logger: Logger): MemberRole {
  if (own === null || own.role === configured) return configured
  logger.warn(
    `Peer type from servers list (${own.role.toUpperCase()}) doesn't match peerType (${configured.toUpperCase()}). Defaulting to servers list.`,
  )
  return own.role
}

/** Absolute; a relative path that does not show that it is meant to be relative is mentioned. */
function resolvePath(path: string, sources: ConfigSources): string {
  if (!isAbsolute(path) && !path.startsWith('.'))
    sources.logger.warn(`${path} is relative. Prepend ./ to indicate that you're sure!`)
  return resolve(sources.workingDirectory, path)
}

function commaList(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

function emptyAsNull(text: string | null): string | null {
  return text === '' ? null : text
}
