// Summaries: count, sum, average, extremes, and percentiles for the advanced ones. The order is the order in `mntr`.

import type { MetricScope, SummaryDefinition, SummaryLevel, SummarySetDefinition } from './metric-definition.ts'
import type { ServerMetrics } from './server-metrics.ts'
import { Summary } from './summary.ts'

type ReadSummary = (metrics: ServerMetrics) => Summary

function basic(name: string, scope: MetricScope, meaning: string, read: ReadSummary): SummaryDefinition {
  return { kind: 'summary', level: 'basic', name, scope, meaning, read }
}

function advanced(name: string, scope: MetricScope, meaning: string, read: ReadSummary): SummaryDefinition {
  return { kind: 'summary', level: 'advanced', name, scope, meaning, read }
}

const NO_SESSION_QUEUES = 'one thread serves all sessions in order: there are no queues by session'
const NO_READ_STAGES = 'reads are answered in the tick in which they arrive: see `readlatency`'
const NO_PREP_QUEUE =
  'a write is prepared in the tick in which it arrives, straight into the batch for the log: nothing waits for it'
const NO_COMMIT_THREADS = 'reads are answered in the tick in which they arrive: there is no pool of commit threads'

/** Stays empty: the value of each metric whose thing does not exist in this server. */
const emptySummary = new Summary()

function never(level: SummaryLevel, name: string, reason: string): SummaryDefinition {
  return { kind: 'summary', level, name, scope: 'never', meaning: reason, read: () => emptySummary }
}

/** Summaries without percentiles. */
export const BASIC_SUMMARIES: readonly SummaryDefinition[] = [
  basic('fsynctime', 'every server', 'syncs of the transaction log, ms', (m) => m.log.syncTimeMs),
  basic(
    'snapshottime',
    'every server',
    'writing a snapshot, beside the requests that are served meanwhile, ms',
    (m) => m.snapshots.writeTimeMs,
  ),
  basic('restore_time', 'admin server', 'restore commands, ms', (m) => m.snapshots.restoreTimeMs),
  basic('dbinittime', 'every server', 'loading snapshot and log at the start, ms', (m) => m.snapshots.databaseInitTimeMs),
  basic(
    'startup_snap_load_time',
    'every server',
    'loading the snapshot at the start, ms',
    (m) => m.snapshots.startupSnapshotLoadTimeMs,
  ),
  basic('startup_txns_load_time', 'every server', 'replaying the log at the start, ms', (m) => m.snapshots.startupTxnsLoadTimeMs),
  basic('startup_txns_loaded', 'every server', 'transactions replayed at the start', (m) => m.snapshots.startupTxnsLoaded),
  basic('prep_process_time', 'every server', 'preparing a write (the first of each batch), ms', (m) => m.prep.processTimeMs),
  never('basic', 'prep_processor_queue_size', NO_PREP_QUEUE),
  never('basic', 'proposal_process_time', NO_PREP_QUEUE),
  basic(
    'sync_process_time',
    'every server',
    'work of the logging stage for a batch, without the sync, ms',
    (m) => m.log.processTimeMs,
  ),
  basic(
    'sync_processor_queue_size',
    'every server',
    'writes that wait when the logging stage takes them up',
    (m) => m.log.queueSize,
  ),
  basic('sync_processor_batch_size', 'every server', 'transactions made durable by one sync', (m) => m.log.batchSize),
  basic(
    'socket_closing_time',
    'every server',
    'from the decision to close a connection to its end, ms',
    (m) => m.connections.socketClosingTimeMs,
  ),
  basic(
    'connection_token_deficit',
    'every server',
    "tokens that were missing from the connection throttle's full bucket, at each connect request",
    (m) => m.connections.tokenDeficit,
  ),
  basic('node_created_watch_count', 'every server', 'watchers told that a znode was created', (m) => m.watches.nodeCreated),
  basic('node_deleted_watch_count', 'every server', 'watchers told that a znode was deleted', (m) => m.watches.nodeDeleted),
  basic('node_changed_watch_count', 'every server', 'watchers told that data changed', (m) => m.watches.nodeChanged),
  basic('node_children_watch_count', 'every server', 'watchers told that children changed', (m) => m.watches.nodeChildren),
  basic('election_time', 'ensemble', 'elections, ms', (m) => m.quorum.electionTimeMs),
  basic('unavailable_time', 'ensemble', 'from looking for a leader to serving, ms', (m) => m.quorum.unavailableTimeMs),
  basic('leader_unavailable_time', 'leader', 'from looking for a leader to leading, ms', (m) => m.quorum.leaderUnavailableTimeMs),
  basic('follower_sync_time', 'learner', 'bringing this follower up to date, ms', (m) => m.quorum.followerSyncTimeMs),
  basic('observer_sync_time', 'learner', 'bringing this observer up to date, ms', (m) => m.quorum.observerSyncTimeMs),
  basic('inflight_snap_count', 'leader', 'learners being brought up to date by snapshots', (m) => m.quorum.snapshotSyncsInFlight),
  basic('inflight_diff_count', 'leader', 'learners being brought up to date by transactions', (m) => m.quorum.diffSyncsInFlight),
  basic('commit_process_time', 'ensemble', 'committing a request, ms', (m) => m.quorum.commitProcessTimeMs),
  basic(
    'learner_request_processor_queue_size',
    'leader',
    'requests of learners that wait',
    (m) => m.quorum.learnerRequestQueueSize,
  ),
  never('basic', 'pending_session_queue_size', NO_SESSION_QUEUES),
  never('basic', 'requests_in_session_queue', NO_SESSION_QUEUES),
  never('basic', 'reads_after_write_in_session_queue', NO_SESSION_QUEUES),
  never('basic', 'reads_issued_from_session_queue', NO_SESSION_QUEUES),
  never('basic', 'session_queues_drained', NO_SESSION_QUEUES),
  never('basic', 'read_commit_proc_req_queued', NO_COMMIT_THREADS),
  never('basic', 'write_commit_proc_req_queued', NO_COMMIT_THREADS),
  never('basic', 'commit_commit_proc_req_queued', NO_COMMIT_THREADS),
  never('basic', 'read_commit_proc_issued', NO_COMMIT_THREADS),
  never('basic', 'write_commit_proc_issued', NO_COMMIT_THREADS),
  never('basic', 'write_batch_time_in_commit_processor', NO_COMMIT_THREADS),
  never('basic', 'time_waiting_empty_pool_in_commit_processor_read_ms', NO_COMMIT_THREADS),
  never('basic', 'concurrent_request_processing_in_commit_processor', NO_COMMIT_THREADS),
  never('basic', 'netty_queued_buffer_capacity', 'output buffers are bounded for each connection; there is no Netty'),
]

/** Summaries with percentiles. */
export const ADVANCED_SUMMARIES: readonly SummaryDefinition[] = [
  advanced('readlatency', 'every server', 'reads, from arrival to reply, ms', (m) => m.requests.readLatencyMs),
  advanced('updatelatency', 'every server', 'writes, from arrival to reply, ms', (m) => m.requests.updateLatencyMs),
  advanced(
    'propagation_latency',
    'every server',
    'from the arrival of a write to the application of its transaction, ms',
    (m) => m.requests.propagationLatencyMs,
  ),
  advanced(
    'request_throttle_queue_time_ms',
    'every server',
    'from the arrival of a request to the moment when it is taken up, ms',
    (m) => m.throttle.queueTimeMs,
  ),
  never('advanced', 'prep_processor_queue_time_ms', NO_PREP_QUEUE),
  advanced('close_session_prep_time', 'every server', 'preparing the end of a session, ms', (m) => m.prep.closeSessionTimeMs),
  advanced(
    'sync_processor_queue_time_ms',
    'every server',
    'from the arrival of a write to the start of its batch, ms',
    (m) => m.log.queueTimeMs,
  ),
  advanced('sync_processor_queue_flush_time_ms', 'every server', 'writing and syncing a batch, ms', (m) => m.log.flushTimeMs),
  advanced('sync_processor_queue_and_flush_time_ms', 'every server', 'both together, ms', (m) => m.log.queueAndFlushTimeMs),
  never('advanced', 'read_final_proc_time_ms', NO_READ_STAGES),
  advanced(
    'write_final_proc_time_ms',
    'every server',
    'from the sync of a write to the last reply of its batch, ms',
    (m) => m.requests.writeFinalStageMs,
  ),
  advanced(
    'jvm_pause_time_ms',
    'every server',
    'pauses of the event loop above the threshold, ms',
    (m) => m.failures.pauseTimeMs,
  ),
  advanced('proposal_latency', 'ensemble', 'from a proposal to its arrival here, ms', (m) => m.quorum.proposalLatencyMs),
  advanced(
    'proposal_ack_creation_latency',
    'ensemble',
    'from a proposal to the acknowledgement made here, ms',
    (m) => m.quorum.proposalAckCreationLatencyMs,
  ),
  advanced(
    'commit_propagation_latency',
    'learner',
    'from a commit to its arrival here, ms',
    (m) => m.quorum.commitPropagationLatencyMs,
  ),
  advanced(
    'quorum_ack_latency',
    'leader',
    'from a proposal to the acknowledgement of a majority, ms',
    (m) => m.quorum.quorumAckLatencyMs,
  ),
  advanced('read_commitproc_time_ms', 'ensemble', 'reads in the commit stage, ms', (m) => m.quorum.readCommitStageTimeMs),
  advanced('write_commitproc_time_ms', 'ensemble', 'writes in the commit stage, ms', (m) => m.quorum.writeCommitStageTimeMs),
  advanced(
    'local_write_committed_time_ms',
    'ensemble',
    'writes of clients of this server, until their commit, ms',
    (m) => m.quorum.localWriteCommittedTimeMs,
  ),
  advanced(
    'server_write_committed_time_ms',
    'ensemble',
    'writes of clients of other servers, until their commit, ms',
    (m) => m.quorum.serverWriteCommittedTimeMs,
  ),
  advanced(
    'om_proposal_process_time_ms',
    'learner',
    "an observer master's work on a proposal, ms",
    (m) => m.quorum.observerMasterProposalTimeMs,
  ),
  advanced(
    'om_commit_process_time_ms',
    'learner',
    "an observer master's work on a commit, ms",
    (m) => m.quorum.observerMasterCommitTimeMs,
  ),
  never('advanced', 'dead_watchers_cleaner_latency', 'watches of a closed connection are removed at once: there is no cleaner'),
]

/** Summaries by key, without percentiles. */
export const BASIC_SUMMARY_SETS: readonly SummarySetDefinition[] = [
  {
    kind: 'summary set',
    level: 'basic',
    name: 'read_per_namespace',
    scope: 'every server',
    meaning: 'bytes of reads (path, and data or names and Stat in the reply) by the first name of the path',
    read: (m) => m.requests.readTraffic.summaries.entries(),
  },
  {
    kind: 'summary set',
    level: 'basic',
    name: 'write_per_namespace',
    scope: 'every server',
    meaning: 'bytes of writes (path and data) by the first name of the path',
    read: (m) => m.requests.writeTraffic.summaries.entries(),
  },
  {
    kind: 'summary set',
    level: 'basic',
    name: 'learner_handler_qp_size',
    scope: 'leader',
    meaning: "packets waiting for a learner, by the learner's server id",
    read: (m) => m.quorum.learnerQueueSize.entries(),
  },
]

/** Summaries by key, with percentiles. */
export const ADVANCED_SUMMARY_SETS: readonly SummarySetDefinition[] = [
  {
    kind: 'summary set',
    level: 'advanced',
    name: 'ack_latency',
    scope: 'leader',
    meaning: "from a proposal to a learner's acknowledgement, by the learner's server id, ms",
    read: (m) => m.quorum.ackLatencyMs.entries(),
  },
  {
    kind: 'summary set',
    level: 'advanced',
    name: 'learner_handler_qp_time_ms',
    scope: 'leader',
    meaning: "waiting of a packet for a learner, by the learner's server id, ms",
    read: (m) => m.quorum.learnerQueueTimeMs.entries(),
  },
]
