// The flat list of names and values behind `mntr` and behind the admin server's `monitor`.

import type { MetricDefinition, SummaryLevel } from './metric-definition.ts'
import type { MetricReadings } from './metric-readings.ts'
import { METRICS } from './metric-table.ts'
import { doubleText, integerText } from './number-text.ts'
import type { ServerMetrics } from './server-metrics.ts'
import type { Summary } from './summary.ts'

/** What the flat list is made from. */
export interface MonitorSource {
  /** The whole version text. */
  readonly version: string
  /** The mode of the server as in `srvr`. */
  readonly mode: string
  /** For example `leading - broadcast`; null for a server that stands alone. */
  readonly peerState: string | null
  /** Id of the server that feeds this observer; null if this is no observer that has a master. */
  readonly observerMasterId: string | null
  readonly metrics: ServerMetrics
  readonly readings: MetricReadings
}

/** One line of `mntr`, without its prefix. */
export interface MonitorEntry {
  readonly name: string
  readonly value: number | string
  /** True for numbers that are shown with a decimal point even when they are whole. */
  readonly isDouble: boolean
}

/** The percentiles of an advanced summary: prefix of the name, and the share of values. */
export const MONITOR_PERCENTILES: readonly (readonly [string, number])[] = [
  ['p50', 0.5],
  ['p95', 0.95],
  ['p99', 0.99],
  ['p999', 0.999],
]

/** All entries: version and states first, then the metrics in the order of the table. */
export function monitorEntries(source: MonitorSource): MonitorEntry[] {
  const entries: MonitorEntry[] = [text('version', source.version), text('server_state', source.mode)]
  if (source.peerState !== null) entries.push(text('peer_state', source.peerState))
  if (source.observerMasterId !== null) entries.push(text('observer_master_id', source.observerMasterId))
  for (const metric of METRICS) addMetric(entries, metric, source)
  return entries
}

/** The value of an entry as text: numbers in plain decimal, doubles with a point. */
export function entryText(entry: MonitorEntry): string {
  if (typeof entry.value === 'string') return entry.value
  return entry.isDouble ? doubleText(entry.value) : integerText(entry.value)
}

function addMetric(entries: MonitorEntry[], metric: MetricDefinition, source: MonitorSource): void {
  switch (metric.kind) {
    case 'gauge': {
      const value = metric.read(source.metrics, source.readings)
      if (value !== null) entries.push({ name: metric.name, value, isDouble: metric.isDouble })
      return
    }
    case 'gauge set':
      for (const [key, value] of metric.read(source.metrics, source.readings))
        entries.push(integer(`${key}_${metric.name}`, value))
      return
    case 'counter':
      entries.push(integer(metric.name, metric.read(source.metrics)))
      return
    case 'counter set':
      for (const [key, value] of metric.read(source.metrics)) entries.push(integer(`${key}_${metric.name}`, value))
      return
    case 'summary':
      addSummary(entries, metric.name, metric.level, metric.read(source.metrics))
      return
    case 'summary set':
      for (const [key, summary] of metric.read(source.metrics))
        addSummary(entries, `${key}_${metric.name}`, metric.level, summary)
      return
  }
}

/**
 * Extremes, sum and percentiles are whole numbers here. The smallest is rounded down and the largest up, so that
 * the average stays between them.
 */
function addSummary(entries: MonitorEntry[], name: string, level: SummaryLevel, summary: Summary): void {
  entries.push({ name: `avg_${name}`, value: summary.average, isDouble: true })
  entries.push(integer(`min_${name}`, Math.floor(summary.minimum)))
  entries.push(integer(`max_${name}`, Math.ceil(summary.max)))
  entries.push(integer(`cnt_${name}`, summary.count))
  entries.push(integer(`sum_${name}`, summary.sum))
  if (level === 'basic') return
  for (const [prefix, share] of MONITOR_PERCENTILES) {
    const value = summary.percentile(share)
    entries.push(integer(`${prefix}_${name}`, Number.isNaN(value) ? 0 : value))
  }
}

function text(name: string, value: string): MonitorEntry {
  return { name, value, isDouble: false }
}

function integer(name: string, value: number): MonitorEntry {
  return { name, value: Math.round(value), isDouble: false }
}
