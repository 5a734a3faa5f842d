// Counters: numbers that only grow. The order is the order in `mntr`.

import type { CounterDefinition, CounterSetDefinition, MetricScope } from './metric-definition.ts'
import type { ServerMetrics } from './server-metrics.ts'

const NO_REPLY_CACHE = 'replies are written straight from the tree: there is no cache of replies'
const NO_WATCH_CLEANER = 'watches of a closed connection are removed at once: there is no cleaner'

function counter(name: string, scope: MetricScope, meaning: string, read: (metrics: ServerMetrics) => number): CounterDefinition {
  return { kind: 'counter', name, scope, meaning, read }
}

/** A counter of something that cannot happen in this server, for the reason given. */
function neverCounted(name: string, reason: string): CounterDefinition {
  return { kind: 'counter', name, scope: 'never', meaning: reason, read: () => 0 }
}

/** All counters. */
export const COUNTERS: readonly CounterDefinition[] = [
  counter('connection_request_count', 'every server', 'connect requests of clients', (m) => m.connections.connectRequests),
  counter(
    'connection_drop_count',
    'every server',
    'connections that ended otherwise than by the client closing its session',
    (m) => m.connections.dropped,
  ),
  counter(
    'connection_rejected',
    'every server',
    'connections refused by a limit of connections or by the connection throttle',
    (m) => m.connections.rejected,
  ),
  counter(
    'connection_revalidate_count',
    'every server',
    'connect requests of clients that wanted to take up a session that exists',
    (m) => m.sessions.revalidated,
  ),
  counter(
    'revalidate_count',
    'learner',
    'sessions that this server asked the leader about',
    (m) => m.sessions.revalidatedAtLeader,
  ),
  counter(
    'sessionless_connections_expired',
    'every server',
    'connections closed because they established no session in time',
    (m) => m.connections.sessionlessExpired,
  ),
  counter(
    'stale_sessions_expired',
    'every server',
    'sessions that expired because the client was silent',
    (m) => m.sessions.expired,
  ),
  counter(
    'cnxn_closed_without_zk_server_running',
    'ensemble',
    'connections closed because the server was not serving (looking for a leader)',
    (m) => m.connections.closedWhileNotServing,
  ),
  counter('bytes_received_count', 'every server', 'bytes received from clients', (m) => m.connections.bytesReceived),
  counter('response_bytes', 'every server', 'bytes of replies', (m) => m.requests.responseBytes),
  counter('watch_bytes', 'every server', 'bytes of notifications', (m) => m.watches.notificationBytes),
  counter('unrecoverable_error_count', 'every server', 'errors after which the server stops', (m) => m.failures.unrecoverable),
  counter(
    'digest_mismatches_count',
    'every server',
    'transactions after which the tree was not the one that they describe',
    (m) => m.failures.digestMismatches,
  ),
  counter(
    'fsync_threshold_exceed_count',
    'every server',
    'syncs of the log that took longer than the warning threshold',
    (m) => m.log.slowSyncs,
  ),
  counter('throttled_ops', 'every server', 'requests refused because they had waited too long', (m) => m.throttle.throttledOps),
  counter(
    'request_throttle_wait_count',
    'every server',
    'times that a connection was not served for a while because too many requests were in process',
    (m) => m.throttle.waits,
  ),
  counter(
    'stale_requests',
    'every server',
    'requests that waited and were found stale: connection closed, or older than the session timeout',
    (m) => m.throttle.staleRequests,
  ),
  counter('stale_requests_dropped', 'every server', 'stale requests that were dropped', (m) => m.throttle.staleRequestsDropped),
  counter(
    'stale_replies',
    'every server',
    'writes that were done when their connection was closed: nobody gets the reply',
    (m) => m.throttle.staleReplies,
  ),
  counter(
    'large_requests_rejected',
    'every server',
    'connections closed because large requests took too much memory',
    (m) => m.throttle.largeRequestsRejected,
  ),
  counter('prep_processor_request_queued', 'every server', 'writes handed to the preparing stage', (m) => m.prep.requestsQueued),
  counter('sync_processor_request_queued', 'every server', 'writes handed to the logging stage', (m) => m.log.requestsQueued),
  counter('request_commit_queued', 'ensemble', 'requests handed to the commit stage', (m) => m.quorum.commitRequestsQueued),
  counter('outstanding_changes_queued', 'every server', 'changes prepared', (m) => m.prep.pendingChangesAdded),
  counter(
    'outstanding_changes_removed',
    'every server',
    'prepared changes that were applied or given up',
    (m) => m.prep.pendingChangesRemoved,
  ),
  counter('proposal_count', 'leader', 'proposals', (m) => m.quorum.proposals),
  counter('commit_count', 'leader', 'commits', (m) => m.quorum.commits),
  counter('learner_proposal_received_count', 'learner', 'proposals received', (m) => m.quorum.learnerProposalsReceived),
  counter('learner_commit_received_count', 'learner', 'commits received', (m) => m.quorum.learnerCommitsReceived),
  counter('looking_count', 'ensemble', 'times that this server began to look for a leader', (m) => m.quorum.lookings),
  counter('diff_count', 'leader', 'learners brought up to date by transactions', (m) => m.quorum.diffSyncs),
  counter('snap_count', 'leader', 'learners brought up to date by a snapshot', (m) => m.quorum.snapshotSyncs),
  counter(
    'quit_leading_due_to_disloyal_voter',
    'leader',
    'times that leading ended because voters followed another leader',
    (m) => m.quorum.leadingQuitForDisloyalVoter,
  ),
  counter(
    'requests_not_forwarded_to_commit_processor',
    'leader',
    'requests of learners that did not go to the commit stage',
    (m) => m.quorum.requestsNotForwardedToCommit,
  ),
  counter(
    'skip_learner_request_to_next_processor_count',
    'leader',
    'requests of learners that skipped a stage',
    (m) => m.quorum.learnerRequestsSkippedToNext,
  ),
  counter('ensemble_auth_success', 'ensemble', 'peers that authenticated', (m) => m.security.ensembleAuthSuccess),
  counter('ensemble_auth_fail', 'ensemble', 'peers that failed to authenticate', (m) => m.security.ensembleAuthFailures),
  counter('ensemble_auth_skip', 'ensemble', 'peers that did not need to authenticate', (m) => m.security.ensembleAuthSkipped),
  counter('unsuccessful_handshake', 'TLS', 'TLS handshakes that failed', (m) => m.security.tlsHandshakesFailed),
  counter(
    'tls_handshake_exceeded',
    'TLS',
    'connections refused because of too many TLS handshakes under way',
    (m) => m.security.tlsHandshakesExceeded,
  ),
  counter(
    'insecure_admin_count',
    'admin server',
    'admin requests without TLS on a port that also takes TLS',
    (m) => m.security.insecureAdminRequests,
  ),
  counter('snapshot_error_count', 'admin server', 'snapshot commands that failed', (m) => m.snapshots.adminSnapshotErrors),
  counter(
    'snapshot_rate_limited_count',
    'admin server',
    'snapshot commands refused by the rate limit',
    (m) => m.snapshots.adminSnapshotsRateLimited,
  ),
  counter('restore_error_count', 'admin server', 'restore commands that failed', (m) => m.snapshots.adminRestoreErrors),
  counter(
    'restore_rate_limited_count',
    'admin server',
    'restore commands refused by the rate limit',
    (m) => m.snapshots.adminRestoresRateLimited,
  ),
  neverCounted('response_packet_cache_hits', NO_REPLY_CACHE),
  neverCounted('response_packet_cache_misses', NO_REPLY_CACHE),
  neverCounted('response_packet_get_children_cache_hits', NO_REPLY_CACHE),
  neverCounted('response_packet_get_children_cache_misses', NO_REPLY_CACHE),
  neverCounted('add_dead_watcher_stall_time', NO_WATCH_CLEANER),
  neverCounted('dead_watchers_queued', NO_WATCH_CLEANER),
  neverCounted('dead_watchers_cleared', NO_WATCH_CLEANER),
]

/** All counters by key. */
export const COUNTER_SETS: readonly CounterSetDefinition[] = [
  {
    kind: 'counter set',
    name: 'quota_exceeded_error_per_namespace',
    scope: 'every server',
    meaning: 'writes that went over the quota of their namespace',
    read: (m) => m.requests.quotaExceeded.entries(),
  },
]
