// The one list of metrics. `mntr`, the admin server's `monitor`, the Prometheus text and the docs page come from it,
// so a name, its kind and its meaning are written once. A metric stands here only if something counts it, or if the
// thing that it counts cannot happen in this server (scope `never`).

import { COUNTER_SETS, COUNTERS } from './counter-table.ts'
import { GAUGE_SETS, GAUGES } from './gauge-table.ts'
import type { MetricDefinition } from './metric-definition.ts'
import { ADVANCED_SUMMARIES, ADVANCED_SUMMARY_SETS, BASIC_SUMMARIES, BASIC_SUMMARY_SETS } from './summary-table.ts'

/** All metrics, in the order in which `mntr` prints them. */
export const METRICS: readonly MetricDefinition[] = [
  ...GAUGES,
  ...GAUGE_SETS,
  ...COUNTERS,
  ...COUNTER_SETS,
  ...BASIC_SUMMARIES,
  ...ADVANCED_SUMMARIES,
  ...BASIC_SUMMARY_SETS,
  ...ADVANCED_SUMMARY_SETS,
]
