import { ConfigError } from '@tskeeper/core'
import type { Settings } from './settings.ts'

/** How a member works together with the others: the settings of an ensemble that have a meaning only there. */
export interface QuorumSettings {
  // Listeners and connections of peers.
  /** Bind the ports of the quorum, of elections and of observers on every address instead of the one in the list. */
  readonly listensOnAllAddresses: boolean
  readonly isMultiAddressEnabled: boolean
  readonly reachabilityCheckTimeoutMs: number
  readonly isPeerKeepAliveOn: boolean
  /** Attempts to bind the port of elections before the process ends; 0 is no limit. */
  readonly electionBindAttemptsMax: number
  readonly electionConnectTimeoutMs: number
  /** Time for the first bytes of a connection of the election; 0 and less is `syncLimit` ticks. */
  readonly electionHandshakeTimeoutMs: number

  // Election.
  readonly notificationIntervalMinMs: number
  readonly notificationIntervalMaxMs: number

  // Leader.
  readonly leaderServes: boolean
  /** How long a new leader waits for a quorum although a voter looks for another leader; less than 0 is until `initLimit` is over. */
  readonly epochWaitMs: number
  readonly snapshotSyncsMax: number
  readonly diffSyncsMax: number
  readonly isSnapshotSyncForced: boolean
  /** Committed transactions kept in memory, so that a learner can catch up from them. */
  readonly committedLogCount: number
  /** Share of a snapshot's size up to which a learner catches up from the logs; less than 0 is never. */
  readonly snapshotSizeFactor: number

  // Learner.
  /** Ticks for connecting alone; 0 is `initLimit`. */
  readonly connectToLearnerMasterLimit: number
  readonly leaderConnectDelayMs: number
  /** Longest pause, by chance, before an observer connects. */
  readonly observerReconnectDelayMs: number
  /** Longest pause, by chance, before an observer looks for a leader again. */
  readonly observerElectionDelayMs: number
  /** An observer keeps logs and snapshots. */
  readonly isObserverLogging: boolean
  /** Where a follower feeds observers, and where this observer asks for it; null is off. */
  readonly observerMasterPort: number | null

  // Sessions.
  readonly areLocalSessionsEnabled: boolean
  readonly areLocalSessionsUpgraded: boolean
}

/** Reads them; throws `ConfigError`. */
export function readQuorumSettings(settings: Settings): QuorumSettings {
  return {
    listensOnAllAddresses: settings.boolean('quorumListenOnAllIPs'),
    isMultiAddressEnabled: settings.boolean('multiAddress.enabled'),
    reachabilityCheckTimeoutMs: settings.integer('multiAddress.reachabilityCheckTimeoutMs'),
    isPeerKeepAliveOn: settings.boolean('tcpKeepAlive'),
    electionBindAttemptsMax: readBindAttempts(settings),
    electionConnectTimeoutMs: settings.integer('cnxTimeout'),
    electionHandshakeTimeoutMs: settings.integer('quorumCnxnTimeoutMs'),
    ...readNotificationIntervals(settings),
    leaderServes: settings.yesNo('leaderServes'),
    epochWaitMs: settings.integer('leader.maxTimeToWaitForEpoch'),
    snapshotSyncsMax: settings.integer('maxConcurrentSnapSyncs'),
    diffSyncsMax: settings.integer('maxConcurrentDiffSyncs'),
    isSnapshotSyncForced: settings.boolean('forceSnapshotSync'),
    committedLogCount: settings.integer('commitLogCount'),
    snapshotSizeFactor: settings.ratio('snapshotSizeFactor'),
    connectToLearnerMasterLimit: settings.optionalInteger('connectToLearnerMasterLimit') ?? 0,
    leaderConnectDelayMs: settings.integer('leaderConnectDelayDuringRetryMs'),
    observerReconnectDelayMs: settings.integer('observer.reconnectDelayMs'),
    observerElectionDelayMs: settings.integer('observer.election.DelayMs'),
    isObserverLogging: settings.boolean('syncEnabled'),
    observerMasterPort: settings.port('observerMasterPort'),
    areLocalSessionsEnabled: settings.boolean('localSessionsEnabled'),
    areLocalSessionsUpgraded: settings.boolean('localSessionsUpgradingEnabled'),
  }
}

/** Refuses what a member would have to do and cannot: data that were to be protected must not go over the wire unprotected. */
export function refuseMissingProtection(settings: Settings): void {
  for (const key of ['sslQuorum', 'portUnification', 'quorum.auth.enableSasl']) {
    if (!settings.boolean(key)) continue
    throw new ConfigError(
      `${key} is not supported yet`,
      'connections between servers are neither encrypted nor authenticated; take the line away if the network is trusted',
    )
  }
}

const BIND_ATTEMPTS_MAX = 3

function readBindAttempts(settings: Settings): number {
  const attempts = settings.integer('electionPortBindRetry')
  return attempts < 0 ? BIND_ATTEMPTS_MAX : attempts
}

function readNotificationIntervals(
  settings: Settings,
): Pick<QuorumSettings, 'notificationIntervalMinMs' | 'notificationIntervalMaxMs'> {
  const notificationIntervalMinMs = settings.integer('fastleader.minNotificationInterval')
  const notificationIntervalMaxMs = settings.integer('fastleader.maxNotificationInterval')
  if (notificationIntervalMinMs > notificationIntervalMaxMs) {
    throw new ConfigError(
      'fastleader.minNotificationInterval must not be larger than fastleader.maxNotificationInterval',
      `they are ${notificationIntervalMinMs} and ${notificationIntervalMaxMs} ms`,
    )
  }
  return { notificationIntervalMinMs, notificationIntervalMaxMs }
}
