// Everything that the server counts, as plain fields that the code on the request path increments directly
// (`metrics.connections.packetsReceived++`). Nothing here knows a name of a metric, a unit of output or a reader:
// `metric-table.ts` says under which name and with which meaning each field is shown.
//
// The fields are grouped by the part of the server that writes them. A field may be written by that part only.
// Times are milliseconds (with a fraction where the clock gives one), sizes are bytes, depths are numbers of requests.

import { EventType } from '@tskeeper/protocol/server'
import { CounterSet, SummarySet } from './keyed-set.ts'
import { LatencyRange } from './latency-range.ts'
import { NamespaceTraffic } from './namespace-traffic.ts'
import { SizeRange } from './size-range.ts'
import { Summary } from './summary.ts'

/** Written by the listener of client connections. */
export class ConnectionMetrics {
  /** Frames and four-letter words received; `srst` clears it. */
  packetsReceived: number = 0
  /** Frames sent, notifications included, and answers to four-letter words; `srst` clears it. */
  packetsSent: number = 0
  bytesReceived: number = 0
  /** Connect requests, for new sessions and for resumed ones. */
  connectRequests: number = 0
  /** Connections that ended in another way than by the client closing its session. */
  dropped: number = 0
  /** Connections refused at accept, because of the limit for an address or of the limit for all. */
  rejected: number = 0
  /** Connections closed because no session was established on them in time. */
  sessionlessExpired: number = 0
  /** Connections that came while the server was not serving, and were closed. */
  closedWhileNotServing: number = 0
  /** Probability in [0, 1] with which the connection throttle refuses the next connect request. */
  dropProbability: number = 0
  /** Tokens that were missing from the connection throttle's full bucket, at each connect request. */
  readonly tokenDeficit: Summary = new Summary()
  /** Open connections without mutual TLS, from the loopback interface and from elsewhere. The listener adds and subtracts. */
  plainLocalOpen: number = 0
  plainRemoteOpen: number = 0
  /** From this server's decision to close a connection to its end; output that the client has to take counts. */
  readonly socketClosingTimeMs: Summary = new Summary()
}

/** Written by authentication and by TLS. */
export class SecurityMetrics {
  /** Credentials that were refused, of any scheme. */
  authFailures: number = 0
  tlsHandshakesOutstanding: number = 0
  /** TLS handshakes that failed. */
  tlsHandshakesFailed: number = 0
  /** Connections refused because too many TLS handshakes were under way. */
  tlsHandshakesExceeded: number = 0
  /** Requests to the admin server that came without TLS while it also serves TLS. */
  insecureAdminRequests: number = 0
  /** Authentications of peers in the ensemble. */
  ensembleAuthSuccess: number = 0
  ensembleAuthFailures: number = 0
  ensembleAuthSkipped: number = 0
}

/** Written where a request enters and where its reply is made. */
export class RequestMetrics {
  /** From the arrival of a request to its reply, all requests together; `srst` clears it. */
  readonly latency: LatencyRange = new LatencyRange()
  /** From the arrival of a read to its reply. */
  readonly readLatencyMs: Summary = new Summary()
  /** From the arrival of a write to its reply. */
  readonly updateLatencyMs: Summary = new Summary()
  /** From the arrival of a write to the moment when its transaction is applied here. */
  readonly propagationLatencyMs: Summary = new Summary()
  /** Frame bodies of replies; `srst` clears it. */
  readonly responseSizes: SizeRange = new SizeRange()
  /** Bytes of all replies. */
  responseBytes: number = 0
  /** Final stage of a write: from the moment when it is durable to the last reply of its batch. */
  readonly writeFinalStageMs: Summary = new Summary()
  readonly readTraffic: NamespaceTraffic = new NamespaceTraffic()
  readonly writeTraffic: NamespaceTraffic = new NamespaceTraffic()
  /** Refused or only reported (soft quota) writes that would exceed the quota of the namespace. */
  readonly quotaExceeded: CounterSet = new CounterSet()
}

/** Written where a connection's frames are taken up, or have to wait. */
export class ThrottleMetrics {
  /** Requests answered with the error for throttled operations, unexecuted. */
  throttledOps: number = 0
  /** Times that a connection was not served for a while because too many requests were in process. */
  waits: number = 0
  /** Requests that waited and were found stale: their connection was closed, or their session's timeout had passed. */
  staleRequests: number = 0
  staleRequestsDropped: number = 0
  /** Replies made for a connection that was closed. */
  staleReplies: number = 0
  /** Connections closed because large requests took more memory than the limit. */
  largeRequestsRejected: number = 0
  /** From the arrival of a request to the moment when it is taken up: 0 unless its connection had to wait. */
  readonly queueTimeMs: Summary = new Summary()
}

/** Written by the stage that validates writes and makes transactions of them. A write never waits for it. */
export class PrepMetrics {
  /** Writes handed to this stage. */
  requestsQueued: number = 0
  /** Time that preparing took, for the first write of each batch: a clock for each would cost more than the work. */
  readonly processTimeMs: Summary = new Summary()
  /** Time that preparing took for the end of a session, with all its ephemeral nodes. */
  readonly closeSessionTimeMs: Summary = new Summary()
  /** Changes that were prepared and not yet applied: added, and taken away again. */
  pendingChangesAdded: number = 0
  pendingChangesRemoved: number = 0
}

/** Written by the stage that appends to the transaction log and syncs it. */
export class LogMetrics {
  /** Writes handed to this stage. */
  requestsQueued: number = 0
  /** Writes that waited when this stage took them up, all of them together. */
  readonly queueSize: Summary = new Summary()
  /** Transactions that one sync made durable together. */
  readonly batchSize: Summary = new Summary()
  /** From the arrival of a write to the start of its batch. */
  readonly queueTimeMs: Summary = new Summary()
  /** From the start of the write of a batch to the end of its sync. */
  readonly flushTimeMs: Summary = new Summary()
  /** The two together. */
  readonly queueAndFlushTimeMs: Summary = new Summary()
  /** Time that this stage took for a batch without waiting for the disk's sync. */
  readonly processTimeMs: Summary = new Summary()
  /** Syncs of the log as the disk answered them. */
  readonly syncTimeMs: Summary = new Summary()
  /** Syncs that took longer than the warning threshold. */
  slowSyncs: number = 0
}

/** Written by snapshots and by the start of the server. */
export class SnapshotMetrics {
  /** Time from the beginning of a snapshot to its end; requests are served in between. */
  readonly writeTimeMs: Summary = new Summary()
  /** At the start: reading the newest snapshot, replaying the log behind it, how many transactions that were, and all together. */
  readonly startupSnapshotLoadTimeMs: Summary = new Summary()
  readonly startupTxnsLoadTimeMs: Summary = new Summary()
  readonly startupTxnsLoaded: Summary = new Summary()
  readonly databaseInitTimeMs: Summary = new Summary()
  /** Snapshot and restore as commands of the admin server. */
  readonly restoreTimeMs: Summary = new Summary()
  adminSnapshotErrors: number = 0
  adminSnapshotsRateLimited: number = 0
  adminRestoreErrors: number = 0
  adminRestoresRateLimited: number = 0
}

/** Written by the tracker of sessions. */
export class SessionMetrics {
  /** Sessions that expired because their client was silent. */
  expired: number = 0
  /** Connect requests of clients that wanted to take up a session that exists. */
  revalidated: number = 0
  /** Learner: sessions that it asked the leader about. */
  revalidatedAtLeader: number = 0
}

/** Written by the watch tables when an event fires: how many watchers were told. */
export class WatchMetrics {
  readonly nodeCreated: Summary = new Summary()
  readonly nodeDeleted: Summary = new Summary()
  readonly nodeChanged: Summary = new Summary()
  readonly nodeChildren: Summary = new Summary()
  /** Bytes of the notifications sent. */
  notificationBytes: number = 0

  /** An event of this type reached so many watchers. */
  fired(type: number, watcherCount: number): void {
    if (type === EventType.nodeDataChanged) this.nodeChanged.record(watcherCount)
    else if (type === EventType.nodeChildrenChanged) this.nodeChildren.record(watcherCount)
    else if (type === EventType.nodeCreated) this.nodeCreated.record(watcherCount)
    else if (type === EventType.nodeDeleted) this.nodeDeleted.record(watcherCount)
  }
}

/** Written by whoever notices that something is broken. */
export class FailureMetrics {
  /** Errors after which the server stops. */
  unrecoverable: number = 0
  /** Transactions after which the digest of the tree was not the one that the transaction carries. */
  digestMismatches: number = 0
  /** Times by which the event loop came late, from the threshold of the pause detector upwards. */
  readonly pauseTimeMs: Summary = new Summary()
}

/** Written by election and broadcast: a server that stands alone leaves all of it at zero. */
export class QuorumMetrics {
  /** Proposals of the leader; `srst` clears it. */
  readonly proposalSizes: SizeRange = new SizeRange()
  proposals: number = 0
  commits: number = 0
  learnerProposalsReceived: number = 0
  learnerCommitsReceived: number = 0
  /** Times that this server began to look for a leader. */
  lookings: number = 0
  /** Learners brought up to date by transactions, and by a whole snapshot. */
  diffSyncs: number = 0
  snapshotSyncs: number = 0
  commitRequestsQueued: number = 0
  leadingQuitForDisloyalVoter: number = 0
  requestsNotForwardedToCommit: number = 0
  learnerRequestsSkippedToNext: number = 0
  readonly proposalLatencyMs: Summary = new Summary()
  readonly proposalAckCreationLatencyMs: Summary = new Summary()
  readonly commitPropagationLatencyMs: Summary = new Summary()
  readonly quorumAckLatencyMs: Summary = new Summary()
  /** By the learner's server id. */
  readonly ackLatencyMs: SummarySet = new SummarySet()
  readonly electionTimeMs: Summary = new Summary()
  readonly followerSyncTimeMs: Summary = new Summary()
  readonly observerSyncTimeMs: Summary = new Summary()
  readonly unavailableTimeMs: Summary = new Summary()
  readonly leaderUnavailableTimeMs: Summary = new Summary()
  readonly commitProcessTimeMs: Summary = new Summary()
  readonly readCommitStageTimeMs: Summary = new Summary()
  readonly writeCommitStageTimeMs: Summary = new Summary()
  readonly localWriteCommittedTimeMs: Summary = new Summary()
  readonly serverWriteCommittedTimeMs: Summary = new Summary()
  readonly observerMasterProposalTimeMs: Summary = new Summary()
  readonly observerMasterCommitTimeMs: Summary = new Summary()
  readonly learnerRequestQueueSize: Summary = new Summary()
  readonly snapshotSyncsInFlight: Summary = new Summary()
  readonly diffSyncsInFlight: Summary = new Summary()
  /** Packets waiting for a learner, and how long they wait, by the learner's server id. */
  readonly learnerQueueSize: SummarySet = new SummarySet()
  readonly learnerQueueTimeMs: SummarySet = new SummarySet()
}

/** All of it. One object a server, made at its start and handed to each part. */
export class ServerMetrics {
  readonly connections: ConnectionMetrics = new ConnectionMetrics()
  readonly security: SecurityMetrics = new SecurityMetrics()
  readonly requests: RequestMetrics = new RequestMetrics()
  readonly throttle: ThrottleMetrics = new ThrottleMetrics()
  readonly prep: PrepMetrics = new PrepMetrics()
  readonly log: LogMetrics = new LogMetrics()
  readonly snapshots: SnapshotMetrics = new SnapshotMetrics()
  readonly sessions: SessionMetrics = new SessionMetrics()
  readonly watches: WatchMetrics = new WatchMetrics()
  readonly failures: FailureMetrics = new FailureMetrics()
  readonly quorum: QuorumMetrics = new QuorumMetrics()

  /** What `srst` clears: request latency, packet counters, and the sizes of replies and proposals. All else goes on. */
  resetServerStats(): void {
    this.requests.latency.reset()
    this.connections.packetsReceived = 0
    this.connections.packetsSent = 0
    this.requests.responseSizes.reset()
    this.quorum.proposalSizes.reset()
  }
}
