import { expect, test } from 'vitest'
import type { ProcessReadings } from '../../src/metrics/metric-readings.ts'
import { METRICS } from '../../src/metrics/metric-table.ts'
import { PROMETHEUS_CONTENT_TYPE, prometheusText } from '../../src/metrics/prometheus-text.ts'
import { ServerMetrics } from '../../src/metrics/server-metrics.ts'
import { FakeReadings } from './fake-readings.ts'
import { type ParsedFamily, parsePrometheus } from './prometheus-parser.ts'
import { recordTraffic } from './record-traffic.ts'

const fakeProcess: ProcessReadings = {
  cpuSeconds: 1.25,
  startTimeSeconds: 1795190099.5,
  residentBytes: 55_000_000,
  virtualBytes: null,
  heapUsedBytes: 8_000_000,
  heapCommittedBytes: 10_000_000,
  heapMaxBytes: 2_000_000_000,
  externalBytes: 3_000_000,
  bufferBytes: 1_000_000,
  runtimeVersion: 'v20.20.2',
  runtimeVendor: 'A "vendor" \\ with\nquotes',
  runtimeName: 'Node.js',
  garbageCollections: () => [{ collector: 'minor', count: 3, seconds: 0.004 }],
}

test('the text of a fresh server is well formed and has every metric that a server of its own has', () => {
  const families = parsePrometheus(prometheusText(new ServerMetrics(), new FakeReadings(), null))
  const expected = METRICS.filter(({ kind, name, scope }) => {
    const isAbsentGauge = kind === 'gauge' && (scope === 'leader' || name === 'quorum_size')
    return !kind.endsWith('set') && !isAbsentGauge
  })
  expect(families.map(({ name }) => name)).toEqual(expected.map(({ name }) => name))
  for (const { name, help } of families) expect(help).toBe(name)
})

test('a gauge, a counter and an advanced summary have the form that dashboards read', () => {
  const metrics = new ServerMetrics()
  metrics.quorum.proposals = 4
  for (const latencyMs of [3, 3, 3, 3, 3, 3, 8, 8, 8, 18, 18, 35]) metrics.requests.updateLatencyMs.record(latencyMs)
  const names = new Set(['znode_count', 'proposal_count', 'updatelatency'])
  expect(prometheusText(metrics, new FakeReadings(), names)).toBe(
    [
      '# HELP znode_count znode_count',
      '# TYPE znode_count gauge',
      'znode_count 5.0',
      '# HELP proposal_count proposal_count',
      '# TYPE proposal_count counter',
      'proposal_count 4.0',
      '# HELP updatelatency updatelatency',
      '# TYPE updatelatency summary',
      'updatelatency{quantile="0.5",} 3.0',
      'updatelatency{quantile="0.9",} 18.0',
      'updatelatency{quantile="0.99",} 35.0',
      'updatelatency_count 12.0',
      'updatelatency_sum 113.0',
      '',
    ].join('\n'),
  )
})

test('a basic summary has one quantile, and NaN stands where nothing was observed', () => {
  expect(prometheusText(new ServerMetrics(), new FakeReadings(), new Set(['fsynctime']))).toBe(
    [
      '# HELP fsynctime fsynctime',
      '# TYPE fsynctime summary',
      'fsynctime{quantile="0.5",} NaN',
      'fsynctime_count 0.0',
      'fsynctime_sum 0.0',
      '',
    ].join('\n'),
  )
})

test('sets carry their key as a label, in one family', () => {
  const metrics = new ServerMetrics()
  recordTraffic(metrics.requests.writeTraffic, '/my test/a', 4)
  recordTraffic(metrics.requests.writeTraffic, '/b', 6.5)
  metrics.requests.quotaExceeded.add('b', 2)
  const readings = new FakeReadings()
  readings.quotaList = [{ namespace: 'b', countLimit: 10, bytesLimit: -1, countUsage: 5, bytesUsage: 22 }]
  const text = prometheusText(metrics, readings, null)
  expect(text).toContain('# TYPE write_per_namespace summary\nwrite_per_namespace{key="my_test",quantile="0.5",} 4.0\n')
  expect(text).toContain('\nquota_exceeded_error_per_namespace{key="b",} 2.0\n')
  expect(text).toContain('\nquota_bytes_limit_per_namespace{key="b",} -1.0\n')
  expect(samples(parsePrometheus(text), 'write_per_namespace')).toEqual({
    'write_per_namespace key=my_test quantile=0.5': 4,
    'write_per_namespace_count key=my_test': 1,
    'write_per_namespace_sum key=my_test': 4,
    'write_per_namespace key=b quantile=0.5': 6.5,
    'write_per_namespace_count key=b': 1,
    'write_per_namespace_sum key=b': 6.5,
  })
})

test('times keep their fractions', () => {
  const metrics = new ServerMetrics()
  metrics.log.syncTimeMs.record(0.375)
  const families = parsePrometheus(prometheusText(metrics, new FakeReadings(), null))
  expect(samples(families, 'fsynctime')).toEqual({ 'fsynctime quantile=0.5': 0.375, fsynctime_count: 1, fsynctime_sum: 0.375 })
})

test('names that do not exist give an empty text', () => {
  expect(prometheusText(new ServerMetrics(), new FakeReadings(), new Set(['nope']))).toBe('')
})

test('the process is shown under the names that dashboards ask for, and what is not known is left out', () => {
  const readings = new FakeReadings()
  readings.process = fakeProcess
  readings.maxFileDescriptorCount = null
  const families = parsePrometheus(prometheusText(new ServerMetrics(), readings, null))
  const shown = families.filter(({ name }) => /^(process|jvm)_/.test(name) && name !== 'jvm_pause_time_ms')
  expect(Object.fromEntries(shown.map(({ name, type }) => [name, type]))).toEqual({
    process_cpu_seconds_total: 'counter',
    process_start_time_seconds: 'gauge',
    process_open_fds: 'gauge',
    process_resident_memory_bytes: 'gauge',
    jvm_memory_bytes_used: 'gauge',
    jvm_memory_bytes_committed: 'gauge',
    jvm_memory_bytes_max: 'gauge',
    jvm_buffer_pool_used_bytes: 'gauge',
    jvm_gc_collection_seconds: 'summary',
    jvm_info: 'gauge',
  })
  expect(samples(families, 'jvm_memory_bytes_used')).toEqual({
    'jvm_memory_bytes_used area=heap': 8_000_000,
    'jvm_memory_bytes_used area=nonheap': 3_000_000,
  })
  expect(samples(families, 'jvm_gc_collection_seconds')).toEqual({
    'jvm_gc_collection_seconds_count gc=minor': 3,
    'jvm_gc_collection_seconds_sum gc=minor': 0.004,
  })
})

test('quotes, backslashes and line ends in labels are escaped', () => {
  const readings = new FakeReadings()
  readings.process = fakeProcess
  const text = prometheusText(new ServerMetrics(), readings, new Set(['jvm_info']))
  expect(text).toContain('jvm_info{version="v20.20.2",vendor="A \\"vendor\\" \\\\ with\\nquotes",runtime="Node.js",} 1.0\n')
  const [info] = parsePrometheus(text)
  expect(info?.samples[0]?.labels.get('vendor')).toBe(fakeProcess.runtimeVendor)
})

test('the media type is that of version 0.0.4', () => {
  expect(PROMETHEUS_CONTENT_TYPE).toBe('text/plain; version=0.0.4; charset=utf-8')
})

test('infinity is written as the format asks', () => {
  const metrics = new ServerMetrics()
  metrics.requests.readLatencyMs.sum = Number.POSITIVE_INFINITY
  expect(prometheusText(metrics, new FakeReadings(), null)).toContain('\nreadlatency_sum +Inf\n')
})

function samples(families: readonly ParsedFamily[], name: string): Record<string, number> {
  const family = families.find((candidate) => candidate.name === name)
  if (family === undefined) throw new Error(`no family ${name}`)
  return Object.fromEntries(family.samples.map((sample) => [[sample.name, ...labelTexts(sample.labels)].join(' '), sample.value]))
}

function labelTexts(labels: ReadonlyMap<string, string>): string[] {
  return Array.from(labels, ([name, value]) => `${name}=${value}`)
}
