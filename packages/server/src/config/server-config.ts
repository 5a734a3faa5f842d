import type { MemberRole, Membership } from '@tskeeper/core'
import type { QuorumSettings } from './quorum-settings.ts'

/**
 * Everything that a server knows about itself before it starts, read and checked, defaults applied. Times are
 * in milliseconds, sizes in bytes unless the name says otherwise. The page docs/configuration.md tells what
 * each setting means; the names here are the keys there, with their units.
 */
export interface ServerConfig {
  // Where the configuration came from.
  /** The file, or null when there was none. */
  readonly configPath: string | null
  /** Its whole text, which the admin interface shows. */
  readonly configText: string
  /** System properties after the file was applied, by full name. Settings without a field of their own are here. */
  readonly systemProperties: ReadonlyMap<string, string>
  /** Every key of the file as written, known or not. */
  readonly fileProperties: ReadonlyMap<string, string>

  // Time.
  readonly tickTimeMs: number
  readonly minSessionTimeoutMs: number
  readonly maxSessionTimeoutMs: number

  // Client listener.
  /** Port of the plain listener, 0 for any free port; null when there is no listener. A file cannot ask for 0. */
  readonly clientPort: number | null
  /** Address to bind; an empty string is every address, IPv4 and IPv6. */
  readonly clientPortAddress: string
  readonly secureClientPort: number | null
  readonly secureClientPortAddress: string
  /** -1 is the system's default. */
  readonly clientPortListenBacklog: number
  /** Connections from one address; 0 and less is no limit. */
  readonly maxClientCnxns: number
  /** Connections in all; 0 is no limit. */
  readonly maxCnxns: number
  readonly sessionlessConnectionTimeoutMs: number
  readonly clientTcpKeepAlive: boolean

  // Storage.
  /** Absolute path of the snapshots' directory without `version-2`. */
  readonly dataDir: string
  /** Absolute path of the logs' directory without `version-2`. */
  readonly dataLogDir: string
  readonly dataDirAutocreate: boolean
  readonly dbAutocreate: boolean
  readonly snapCount: number
  /** 0 and less is no limit. */
  readonly snapSizeLimitKb: number
  /** Less than 0 is no limit. */
  readonly txnLogSizeLimitKb: number
  readonly preAllocSizeKb: number
  readonly snapshotCompression: SnapshotCompression
  readonly snapshotTrustEmpty: boolean
  readonly serializeLastProcessedZxid: boolean
  readonly forceSync: boolean
  readonly fsyncWarningThresholdMs: number
  readonly autopurgeSnapRetainCount: number
  /** 0 is off. */
  readonly autopurgePurgeIntervalHours: number
  readonly isDigestEnabled: boolean
  readonly isCloseSessionTxnEnabled: boolean

  // Limits.
  readonly juteMaxBuffer: number
  readonly juteMaxBufferExtraSize: number
  readonly globalOutstandingLimit: number
  /** 0 and less is off. */
  readonly requestThrottleLimit: number
  readonly requestThrottleDropStale: boolean
  readonly requestStaleLatencyCheck: boolean
  /** 0 and less is off. */
  readonly throttledOpWaitTimeMs: number
  /** 0 and less is off. */
  readonly connectionMaxTokens: number
  readonly connectionTokenFillTimeMs: number
  readonly connectionTokenFillCount: number
  /** Less than 0 is off. */
  readonly connectionFreezeTimeMs: number
  readonly connectionDropIncrease: number
  readonly connectionDropDecrease: number
  readonly connectionDecreaseRatio: number
  readonly isConnectionWeightEnabled: boolean
  readonly connectionGlobalSessionWeight: number
  readonly connectionLocalSessionWeight: number
  readonly connectionRenewSessionWeight: number
  readonly largeRequestMaxBytes: number
  /** -1 is off. */
  readonly largeRequestThreshold: number
  readonly enforceQuota: boolean
  readonly maxGetChildrenResponseCacheSize: number

  // Znodes.
  readonly isExtendedTypesEnabled: boolean
  readonly emulate353TtlNodes: boolean
  readonly containerCheckIntervalMs: number
  readonly containerMaxPerMinute: number
  /** 0 keeps containers that never had a child. */
  readonly containerMaxNeverUsedIntervalMs: number

  // Access.
  /** Words after splitting at commas, or `['*']`. */
  readonly fourLetterWordWhitelist: readonly string[]
  readonly skipAcl: boolean
  readonly isDigestAuthEnabled: boolean
  readonly digestAlgorithm: string
  readonly superDigest: string | null
  /** Class names by key (`authProvider.1`), in the order in which they were given. */
  readonly authProviders: ReadonlyMap<string, string>
  readonly isEnforceAuthEnabled: boolean
  readonly enforceAuthSchemes: readonly string[]
  readonly sessionRequireClientSaslAuth: boolean

  // Ensemble.
  readonly standaloneEnabled: boolean
  readonly reconfigEnabled: boolean
  readonly isReadOnlyModeEnabled: boolean
  /** True when the server has to join an ensemble, false for a server of its own. */
  readonly isDistributed: boolean
  /** The lines `server.N`, `group.N`, `weight.N`; null when there are none. */
  readonly membership: Membership | null
  /** A newer membership that was proposed but not yet known to be agreed on, from the file `<config>.dynamic.next`. */
  readonly lastSeenMembership: Membership | null
  readonly dynamicConfigFile: string | null
  /** What the file `myid` says; null when there is none. */
  readonly myId: number | null
  readonly peerRole: MemberRole
  /** Ticks; 0 when not set. */
  readonly initLimit: number
  /** Ticks; 0 when not set. */
  readonly syncLimit: number
  readonly quorum: QuorumSettings

  // Watching the process itself.
  readonly isPauseMonitorEnabled: boolean
  readonly pauseMonitorSleepTimeMs: number
  readonly pauseInfoThresholdMs: number
  readonly pauseWarnThresholdMs: number
}

/** How new snapshots are packed. */
export type SnapshotCompression = 'none' | 'gz' | 'snappy'
