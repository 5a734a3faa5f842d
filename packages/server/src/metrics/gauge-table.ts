// Gauges: values of this moment. The order is the order in `mntr`.

import { metricKey } from './keyed-set.ts'
import type { GaugeDefinition, GaugeSetDefinition, MetricScope } from './metric-definition.ts'
import type { MetricReadings, NamespaceQuota } from './metric-readings.ts'
import type { ServerMetrics } from './server-metrics.ts'

type ReadGauge = (metrics: ServerMetrics, readings: MetricReadings) => number | null

function gauge(name: string, scope: MetricScope, meaning: string, read: ReadGauge): GaugeDefinition {
  return { kind: 'gauge', name, scope, meaning, isDouble: false, read }
}

function doubleGauge(name: string, scope: MetricScope, meaning: string, read: ReadGauge): GaugeDefinition {
  return { kind: 'gauge', name, scope, meaning, isDouble: true, read }
}

/** A gauge of quotas, one value for each namespace: quotas below one namespace are added up. */
function quotaGauge(name: string, meaning: string, read: (quota: NamespaceQuota) => number): GaugeSetDefinition {
  return {
    kind: 'gauge set',
    name,
    scope: 'every server',
    meaning,
    read: (_, readings) => sumByNamespace(readings.quotas(), read),
  }
}

/** All gauges. */
export const GAUGES: readonly GaugeDefinition[] = [
  doubleGauge(
    'avg_latency',
    'every server',
    'average request latency since the start or `srst`, ms',
    (m) => m.requests.latency.averageMs,
  ),
  gauge('min_latency', 'every server', 'smallest request latency since the start or `srst`, ms', (m) =>
    Math.floor(m.requests.latency.minimumMs),
  ),
  gauge('max_latency', 'every server', 'largest request latency since the start or `srst`, ms', (m) =>
    Math.ceil(m.requests.latency.maxMs),
  ),
  gauge('packets_received', 'every server', 'packets received since the start or `srst`', (m) => m.connections.packetsReceived),
  gauge('packets_sent', 'every server', 'packets sent since the start or `srst`', (m) => m.connections.packetsSent),
  gauge('num_alive_connections', 'every server', 'open client connections', (_, r) => r.aliveConnectionCount),
  gauge('outstanding_requests', 'every server', 'requests admitted and not yet answered', (_, r) => r.outstandingRequestCount),
  gauge(
    'znode_count',
    'every server',
    'znodes, with `/`, `/zookeeper`, `/zookeeper/quota`, `/zookeeper/config` and an alias of the root: an empty tree has 5',
    (_, r) => r.znodeCount,
  ),
  gauge('watch_count', 'every server', 'watches, on data and on children', (_, r) => r.watchCount),
  gauge('ephemerals_count', 'every server', 'ephemeral znodes', (_, r) => r.ephemeralCount),
  gauge('approximate_data_size', 'every server', 'bytes of all paths and data', (_, r) => r.approximateDataSizeBytes),
  gauge('global_sessions', 'every server', 'sessions of the whole ensemble', (_, r) => r.globalSessionCount),
  gauge('local_sessions', 'every server', 'sessions that only this server knows', (_, r) => r.localSessionCount),
  gauge(
    'open_file_descriptor_count',
    'every server',
    'open files and sockets (where the system tells)',
    (_, r) => r.openFileDescriptorCount,
  ),
  gauge(
    'max_file_descriptor_count',
    'every server',
    'limit of open files and sockets (where the system tells)',
    (_, r) => r.maxFileDescriptorCount,
  ),
  gauge('uptime', 'every server', 'since this server began to serve in its present role, ms', (_, r) => r.uptimeMs),
  doubleGauge(
    'connection_drop_probability',
    'every server',
    'probability with which the connection throttle refuses the next connection, 0 to 1',
    (m) => m.connections.dropProbability,
  ),
  gauge('auth_failed_count', 'every server', 'credentials that were refused', (m) => m.security.authFailures),
  gauge(
    'last_client_response_size',
    'every server',
    'size of the last reply, bytes; -1 before the first',
    (m) => m.requests.responseSizes.lastBytes,
  ),
  gauge(
    'min_client_response_size',
    'every server',
    'size of the smallest reply since the start or `srst`, bytes',
    (m) => m.requests.responseSizes.minBytes,
  ),
  gauge(
    'max_client_response_size',
    'every server',
    'size of the largest reply since the start or `srst`, bytes',
    (m) => m.requests.responseSizes.maxBytes,
  ),
  gauge(
    'non_mtls_local_conn_count',
    'every server',
    'open connections without mutual TLS from this host',
    (m) => m.connections.plainLocalOpen,
  ),
  gauge(
    'non_mtls_remote_conn_count',
    'every server',
    'open connections without mutual TLS from other hosts',
    (m) => m.connections.plainRemoteOpen,
  ),
  gauge('outstanding_tls_handshake', 'TLS', 'TLS handshakes under way', (m) => m.security.tlsHandshakesOutstanding),
  gauge('quorum_size', 'ensemble', 'voting members (of three servers 3, not the majority)', (_, r) => r.quorumSize),
  gauge('leader_uptime', 'leader', 'since this server leads, ms', (_, r) => r.leader?.uptimeMs ?? null),
  gauge('learners', 'leader', 'connected learners, observers included', (_, r) => r.leader?.learnerCount ?? null),
  gauge(
    'synced_followers',
    'leader',
    'voting followers in sync, the leader not counted',
    (_, r) => r.leader?.syncedFollowerCount ?? null,
  ),
  gauge(
    'synced_non_voting_followers',
    'leader',
    'followers in sync that have no vote',
    (_, r) => r.leader?.syncedNonVotingFollowerCount ?? null,
  ),
  gauge('synced_observers', 'leader', 'observers in sync', (_, r) => r.leader?.syncedObserverCount ?? null),
  gauge('pending_syncs', 'leader', '`sync` requests that wait', (_, r) => r.leader?.pendingSyncCount ?? null),
  gauge('last_proposal_size', 'leader', 'size of the last proposal, bytes; -1 before the first', (m, r) =>
    r.leader === null ? null : m.quorum.proposalSizes.lastBytes,
  ),
  gauge('min_proposal_size', 'leader', 'size of the smallest proposal since the start or `srst`, bytes', (m, r) =>
    r.leader === null ? null : m.quorum.proposalSizes.minBytes,
  ),
  gauge('max_proposal_size', 'leader', 'size of the largest proposal since the start or `srst`, bytes', (m, r) =>
    r.leader === null ? null : m.quorum.proposalSizes.maxBytes,
  ),
  gauge(
    'followers',
    'leader',
    'connected followers: learners without observers (name from before 3.6, kept for old monitors)',
    (_, r) => (r.leader === null ? null : r.leader.learnerCount - r.leader.observerCount),
  ),
]

/** All gauges by key. */
export const GAUGE_SETS: readonly GaugeSetDefinition[] = [
  quotaGauge('quota_count_limit_per_namespace', 'limit of znodes set by quota; -1 is none', (quota) => quota.countLimit),
  quotaGauge('quota_bytes_limit_per_namespace', 'limit of bytes set by quota; -1 is none', (quota) => quota.bytesLimit),
  quotaGauge('quota_count_usage_per_namespace', 'znodes counted against the quota', (quota) => quota.countUsage),
  quotaGauge('quota_bytes_usage_per_namespace', 'bytes counted against the quota', (quota) => quota.bytesUsage),
]

function sumByNamespace(quotas: Iterable<NamespaceQuota>, read: (quota: NamespaceQuota) => number): Map<string, number> {
  const values = new Map<string, number>()
  for (const quota of quotas) {
    const key = metricKey(quota.namespace)
    const value = read(quota)
    const known = values.get(key)
    values.set(key, known === undefined || known < 0 ? value : value < 0 ? known : known + value)
  }
  return values
}
