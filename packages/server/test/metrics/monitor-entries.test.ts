import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { LeaderReadings } from '../../src/metrics/metric-readings.ts'
import { METRICS } from '../../src/metrics/metric-table.ts'
import { entryText, type MonitorSource, monitorEntries } from '../../src/metrics/monitor-entries.ts'
import { ServerMetrics } from '../../src/metrics/server-metrics.ts'
import { FakeReadings } from './fake-readings.ts'
import { recordTraffic } from './record-traffic.ts'

/** Names that Apache's server has no more, or never had in `mntr`, and that old monitors ask for. */
const OWN_KEYS = ['fsync_threshold_exceed_count']
const OWN_LEADER_KEYS = [...OWN_KEYS, 'followers']

const leader: LeaderReadings = {
  uptimeMs: 7638,
  learnerCount: 3,
  observerCount: 1,
  syncedFollowerCount: 2,
  syncedNonVotingFollowerCount: 0,
  syncedObserverCount: 1,
  pendingSyncCount: 4,
}

test('a fresh server that stands alone prints every key that Apache’s prints, and no fewer', () => {
  expect(keys(fakeSource()).sort()).toEqual([...golden('standalone-keys.txt'), ...OWN_KEYS].sort())
})

test('a fresh leader prints every key that Apache’s prints', () => {
  const source = { ...fakeSource(), mode: 'leader', peerState: 'leading - broadcast' }
  source.readings.leader = leader
  source.readings.quorumSize = 3
  expect(keys(source).sort()).toEqual([...golden('leader-keys.txt'), ...OWN_LEADER_KEYS].sort())
})

test('no name stands twice in the table', () => {
  const names = METRICS.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
})

test('groups come in the order that Apache’s server has: gauges, counters, summaries, each with its sets', () => {
  const order = METRICS.map((metric) => ('level' in metric ? `${metric.level} ${metric.kind}` : metric.kind))
  expect(order.filter((group, index) => group !== order[index - 1])).toEqual([
    'gauge',
    'gauge set',
    'counter',
    'counter set',
    'basic summary',
    'advanced summary',
    'basic summary set',
    'advanced summary set',
  ])
})

test('a fresh server shows zeros, except for what exists from the start', () => {
  const shown = new Map(monitorEntries(fakeSource()).map((entry) => [entry.name, entryText(entry)]))
  const nonZero = [...shown].filter(([, text]) => text !== '0' && text !== '0.0')
  expect(Object.fromEntries(nonZero)).toEqual({
    version: '3.9.5-test',
    server_state: 'standalone',
    num_alive_connections: '1',
    znode_count: '5',
    approximate_data_size: '44',
    open_file_descriptor_count: '40',
    max_file_descriptor_count: '20000',
    uptime: '269581',
    last_client_response_size: '-1',
    min_client_response_size: '-1',
    max_client_response_size: '-1',
  })
})

test('doubles have a point even when they are whole, all else has none', () => {
  const doubles = monitorEntries(fakeSource()).filter((entry) => entryText(entry).includes('.') && entry.name !== 'version')
  const expected = [
    'avg_latency',
    'connection_drop_probability',
    ...METRICS.flatMap((metric) => (metric.kind === 'summary' ? [`avg_${metric.name}`] : [])),
  ]
  expect(doubles.map(({ name }) => name).sort()).toEqual(expected.sort())
})

test('a basic summary shows average, extremes, count and sum; an advanced one percentiles, too', () => {
  const source = fakeSource()
  for (const timeMs of [0.4, 1.2, 11]) source.metrics.log.syncTimeMs.record(timeMs)
  for (let latencyMs = 1; latencyMs <= 1000; latencyMs++) source.metrics.requests.readLatencyMs.record(latencyMs)
  const shown = new Map(monitorEntries(source).map((entry) => [entry.name, entryText(entry)]))
  expect(pick(shown, ['avg_', 'min_', 'max_', 'cnt_', 'sum_', 'p50_'], 'fsynctime')).toEqual([
    '4.2',
    '0',
    '11',
    '3',
    '13',
    undefined,
  ])
  expect(pick(shown, ['avg_', 'min_', 'max_', 'cnt_', 'sum_'], 'readlatency')).toEqual(['500.5', '1', '1000', '1000', '500500'])
  expect(pick(shown, ['p50_', 'p95_', 'p99_', 'p999_'], 'readlatency')).toEqual(['496', '944', '976', '992'])
})

test('the smallest is rounded down and the largest up, so that the average stays between them', () => {
  const source = fakeSource()
  source.metrics.requests.latency.record(0.4)
  source.metrics.requests.updateLatencyMs.record(0.4)
  const shown = new Map(monitorEntries(source).map((entry) => [entry.name, entryText(entry)]))
  expect(pick(shown, ['min_', 'avg_', 'max_'], 'latency')).toEqual(['0', '0.4', '1'])
  expect(pick(shown, ['min_', 'avg_', 'max_'], 'updatelatency')).toEqual(['0', '0.4', '1'])
})

test('keys of sets stand before the name of the metric', () => {
  const source = fakeSource()
  recordTraffic(source.metrics.requests.writeTraffic, '/my test/a', 100)
  source.metrics.requests.quotaExceeded.add('abc', 2)
  source.metrics.quorum.ackLatencyMs.get('1').record(3)
  source.readings.quotaList = [
    { namespace: 'abc', countLimit: 10, bytesLimit: -1, countUsage: 5, bytesUsage: 22 },
    { namespace: 'abc', countLimit: 7, bytesLimit: 100, countUsage: 1, bytesUsage: 3 },
  ]
  const shown = new Map(monitorEntries(source).map((entry) => [entry.name, entryText(entry)]))
  expect(shown.get('max_my_test_write_per_namespace')).toBe('100')
  expect(shown.get('abc_quota_exceeded_error_per_namespace')).toBe('2')
  expect(shown.get('p999_1_ack_latency')).toBe('3')
  expect(shown.get('abc_quota_count_limit_per_namespace')).toBe('17')
  expect(shown.get('abc_quota_bytes_limit_per_namespace')).toBe('100')
  expect(shown.get('abc_quota_count_usage_per_namespace')).toBe('6')
  expect(shown.get('abc_quota_bytes_usage_per_namespace')).toBe('25')
})

test('file descriptors are left out where the system does not tell them', () => {
  const source = fakeSource()
  source.readings.openFileDescriptorCount = null
  source.readings.maxFileDescriptorCount = null
  expect(keys(source).filter((key) => key.includes('file_descriptor'))).toEqual([])
})

test('followers are the learners that are no observers', () => {
  const source = fakeSource()
  source.readings.leader = leader
  const shown = new Map(monitorEntries(source).map((entry) => [entry.name, entry.value]))
  expect(shown.get('followers')).toBe(2)
  expect(shown.get('learners')).toBe(3)
})

test('what never happens in this server is zero even when everything else is counted', () => {
  const source = fakeSource()
  for (const metric of METRICS) if (metric.kind === 'summary' && metric.scope !== 'never') metric.read(source.metrics).record(1)
  const entries = new Map(monitorEntries(source).map(({ name, value }) => [name, value]))
  for (const { kind, name, scope } of METRICS) {
    if (kind === 'summary') expect(entries.get(`cnt_${name}`), name).toBe(scope === 'never' ? 0 : 1)
  }
})

test('each metric has a field of its own', () => {
  const metrics = new ServerMetrics()
  const summaries = METRICS.flatMap((metric) =>
    metric.kind === 'summary' && metric.scope !== 'never' ? [metric.read(metrics)] : [],
  )
  expect(new Set(summaries).size).toBe(summaries.length)
  const sets = METRICS.flatMap((metric) => (metric.kind === 'summary set' ? [metric.read(metrics)] : []))
  expect(new Set(sets).size).toBe(sets.length)
})

test('srst clears latency, packets and sizes of replies and proposals, nothing else', () => {
  const source = fakeSource()
  source.readings.leader = leader
  const { connections, requests, quorum } = source.metrics
  connections.packetsReceived = 1
  connections.packetsSent = 2
  connections.bytesReceived = 3
  requests.latency.record(4)
  requests.readLatencyMs.record(5)
  requests.responseSizes.record(6)
  quorum.proposalSizes.record(7)
  const before = new Map(monitorEntries(source).map(({ name, value }) => [name, value]))
  source.metrics.resetServerStats()
  const changed = monitorEntries(source).filter(({ name, value }) => before.get(name) !== value)
  expect(Object.fromEntries(changed.map(({ name, value }) => [name, value]))).toEqual({
    avg_latency: 0,
    min_latency: 0,
    max_latency: 0,
    packets_received: 0,
    packets_sent: 0,
    last_client_response_size: -1,
    min_client_response_size: -1,
    max_client_response_size: -1,
    last_proposal_size: -1,
    min_proposal_size: -1,
    max_proposal_size: -1,
  })
})

function fakeSource(): MonitorSource & { readings: FakeReadings } {
  return {
    version: '3.9.5-test',
    mode: 'standalone',
    peerState: null,
    observerMasterId: null,
    metrics: new ServerMetrics(),
    readings: new FakeReadings(),
  }
}

function keys(source: MonitorSource): string[] {
  return monitorEntries(source).map(({ name }) => name)
}

function pick(shown: ReadonlyMap<string, string>, prefixes: readonly string[], name: string): (string | undefined)[] {
  return prefixes.map((prefix) => shown.get(prefix + name))
}

function golden(name: string): string[] {
  return readFileSync(new URL(`golden/${name}`, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
}
