import { expect, test } from 'vitest'
import { type Comparison, comparisonTables, failures } from '../../src/compare/comparison-report.ts'
import type { LoadPair } from '../../src/compare/load-comparison.ts'
import type { LoadResult } from '../../src/compare/measured-load.ts'
import { loadRows } from '../../src/compare/rows.ts'
import type { LatencySummary } from '../../src/load/histogram.ts'

const ROWS = loadRows(false)

function latency(p50: number, p99: number): LatencySummary {
  return { count: 1, min: 1, mean: p50, p50, p90: p50, p99, p999: p99, max: p99 }
}

function load(
  throughputPerS: number,
  p50: number,
  p99: number,
  generatorCores = 0.3,
  allToldMs: number[] | null = null,
): LoadResult {
  const interval = { beginMs: 0, endMs: 1000 }
  const generator = { cpuS: generatorCores, utilisation: generatorCores, longestStallMs: 1 }
  const latencyUs = latency(p50, p99)
  const outcome = { operations: 1, seconds: 1, latencyUs, verifiedReplies: 1, notIssued: 0, longestGapMs: 1, generator, interval }
  const shape = { workload: 'get', connections: 1, window: 1, payloadBytes: 1024, ratePerS: null, root: null }
  return {
    report: { ...shape, throughputPerS, outcome, allToldMs },
    serverCores: 1,
    cpuUsPerOperation: 10,
    rssMb: 100,
    foreignCores: 0,
  }
}

function comparison(pairs: LoadPair[], life: Comparison['life'] = []): Comparison {
  const machine = {
    processor: 'P',
    cores: 2,
    memoryGb: 24,
    kernel: '6',
    fileSystem: 'ext4',
    node: 'v20',
    java: 'java',
    date: '2026-01-01',
  }
  return { machine, command: 'c', a: 'A', b: 'B', durationS: 5, repeats: 2, ensembleSize: null, pairs, life }
}

function cells(text: string, name: string, table: string): string[] {
  const section = text.slice(text.indexOf(`### ${table}`))
  const line = section.split('\n').find((candidate) => candidate.startsWith(`| ${name}`))
  return (line ?? '')
    .split('|')
    .map((cell) => cell.trim())
    .slice(1, -1)
}

test('ratios are B over A within pairs, and the median is held against the goal', () => {
  const pairs = [
    { name: 'set 64x32', a: load(100, 10, 100), b: load(200, 10, 40), echo: null, disk: null },
    { name: 'set 64x32', a: load(50, 10, 100), b: load(150, 10, 60), echo: null, disk: null },
  ]
  const text = comparisonTables(comparison(pairs), ROWS)
  expect(cells(text, 'set 64x32', 'Throughput')).toEqual([
    'set 64x32',
    '175 [150..200]',
    '75.0 [50.0..100]',
    '2.50 [2.00..3.00]',
    '>= 2.5',
    'yes',
    '0',
  ])
  expect(cells(text, 'set 64x32', 'Latency').slice(6)).toEqual(['0.50 [0.40..0.60]', '<= 0.5', 'yes'])
})

test('a row is held against the echo server, and a generator at its limit is marked', () => {
  const pair = { name: 'get 64x32', a: load(100, 1, 1), b: load(400, 1, 1, 0.9), echo: load(1000, 1, 1, 1), disk: null }
  const text = comparisonTables(comparison([pair]), ROWS)
  expect(cells(text, 'get 64x32', 'Against')).toEqual(['get 64x32, op/s', '400 (g)', '1000 (g)', '0.40', '>= 0.45', 'no'])
})

test('the latency of a lone set is held against sockets and disk', () => {
  const disk = { append: latency(80, 90), preallocated: latency(60, 70) }
  const pair = { name: 'set 1x1', a: load(100, 300, 1), b: load(200, 120, 1), echo: load(1000, 20, 1), disk }
  const text = comparisonTables(comparison([pair]), ROWS)
  expect(cells(text, 'set 1x1, p50 us; echo + disk (append)', 'Against').slice(1)).toEqual([
    '120',
    '100',
    '1.20',
    '<= 1.3',
    'yes',
  ])
  expect(cells(text, 'set 1x1, p50 us; echo + disk (preallocated)', 'Against')[3]).toBe('1.50')
})

test('a fan-out is judged by the time until all are told', () => {
  const pair = {
    name: 'watch of 10000 sessions',
    a: load(1, 1, 1, 0.3, [90, 100, 110]),
    b: load(1, 1, 1, 0.3, [50, 60, 70]),
    echo: null,
    disk: null,
  }
  const text = comparisonTables(comparison([pair]), ROWS)
  expect(cells(text, 'watch of 10000', 'Throughput').slice(1, 6)).toEqual(['60.0', '100', '0.60', '<= 0.5', 'no'])
})

test('in the life cycle a pause is judged by its worst value, a ratio by its median', () => {
  const life: Comparison['life'] = [
    { name: 'gap', unit: 'ms', a: [100, 100], b: [10, 51], goal: { kind: 'absolute', most: 50 } },
    { name: 'start', unit: 's', a: [1, 1], b: [0.3, 0.5], goal: { kind: 'ratio', most: 0.4 } },
    { name: 'missing', unit: 'ms', a: [null], b: [null], goal: { kind: 'absolute', most: 50 } },
  ]
  const text = comparisonTables(comparison([], life), ROWS)
  expect(cells(text, 'gap', 'Life').slice(4)).toEqual(['< 50 ms', 'no'])
  expect(cells(text, 'start', 'Life').slice(3)).toEqual(['0.40 [0.30..0.50]', '<= 0.4', 'yes'])
  expect(cells(text, 'missing', 'Life').slice(1)).toEqual(['-', '-', '-', '< 50 ms', '?'])
})

test('a failed load counts for nothing, and says so', () => {
  const pairs = [
    { name: 'get 1x1', a: load(100, 1, 1), b: { failed: 'VIOLATION' }, echo: null, disk: null },
    { name: 'get 1x1', a: load(100, 1, 1), b: load(200, 1, 1), echo: null, disk: null },
  ]
  const result = comparison(pairs)
  expect(cells(comparisonTables(result, ROWS), 'get 1x1', 'Throughput').slice(3)).toEqual(['2.00', '>= 1.3', 'yes', '1'])
  expect(failures(result)).toEqual(['get 1x1, B: VIOLATION'])
})
