import type { MetricReadings } from './metric-readings.ts'
import type { ServerMetrics } from './server-metrics.ts'
import type { Summary } from './summary.ts'

/**
 * Where a metric has a meaning:
 * - `every server`: counted in every role;
 * - `ensemble`, `leader`, `learner`: zero, or absent, on a server that stands alone;
 * - `TLS`, `admin server`: zero as long as those listeners are not used;
 * - `never`: the thing does not exist in this server. It is shown as zero, as Apache's server shows it where it is
 *   switched off, so that dashboards find the name; the meaning says what takes its place.
 */
export type MetricScope = 'every server' | 'ensemble' | 'leader' | 'learner' | 'TLS' | 'admin server' | 'never'

interface MetricBase {
  /** The name in Prometheus; `mntr` puts `zk_` before it. */
  readonly name: string
  /** A phrase for people, with the unit. */
  readonly meaning: string
  readonly scope: MetricScope
}

/** A value of this moment. Null leaves it out. */
export interface GaugeDefinition extends MetricBase {
  readonly kind: 'gauge'
  /** True for values that are shown with a decimal point even when they are whole. */
  readonly isDouble: boolean
  read(metrics: ServerMetrics, readings: MetricReadings): number | null
}

/** Values of this moment by key. */
export interface GaugeSetDefinition extends MetricBase {
  readonly kind: 'gauge set'
  read(metrics: ServerMetrics, readings: MetricReadings): Iterable<readonly [string, number]>
}

/** A number that only grows. */
export interface CounterDefinition extends MetricBase {
  readonly kind: 'counter'
  read(metrics: ServerMetrics): number
}

export interface CounterSetDefinition extends MetricBase {
  readonly kind: 'counter set'
  read(metrics: ServerMetrics): Iterable<readonly [string, number]>
}

/** Count, sum, average and extremes; `advanced` adds percentiles. */
export interface SummaryDefinition extends MetricBase {
  readonly kind: 'summary'
  readonly level: SummaryLevel
  read(metrics: ServerMetrics): Summary
}

export interface SummarySetDefinition extends MetricBase {
  readonly kind: 'summary set'
  readonly level: SummaryLevel
  read(metrics: ServerMetrics): Iterable<readonly [string, Summary]>
}

export type SummaryLevel = 'basic' | 'advanced'

export type MetricDefinition =
  | GaugeDefinition
  | GaugeSetDefinition
  | CounterDefinition
  | CounterSetDefinition
  | SummaryDefinition
  | SummarySetDefinition
