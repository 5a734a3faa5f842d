// The Prometheus text format, version 0.0.4, in the shape in which Apache's server writes it, so that dashboards and
// alert rules made for it work: names without a prefix and without `_total`, a comma at the end of a list of labels.
//
//     # HELP updatelatency updatelatency
//     # TYPE updatelatency summary
//     updatelatency{quantile="0.5",} 3.0
//     updatelatency_count 12.0
//     updatelatency_sum 113.0

import type { MetricDefinition, SummaryLevel } from './metric-definition.ts'
import type { MetricFamily, MetricSample } from './metric-family.ts'
import type { MetricReadings } from './metric-readings.ts'
import { METRICS } from './metric-table.ts'
import { processFamilies } from './process-families.ts'
import type { ServerMetrics } from './server-metrics.ts'
import type { Summary } from './summary.ts'

/** The media type of the text. */
export const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

const BASIC_QUANTILES = [0.5]
const ADVANCED_QUANTILES = [0.5, 0.9, 0.99]

/** The whole text, or only the families with the given names. */
export function prometheusText(metrics: ServerMetrics, readings: MetricReadings, names: ReadonlySet<string> | null): string {
  const lines: string[] = []
  for (const family of families(metrics, readings)) {
    if (names !== null && !names.has(family.name)) continue
    lines.push(`# HELP ${family.name} ${family.name}`, `# TYPE ${family.name} ${family.type}`)
    for (const sample of family.samples)
      lines.push(`${family.name}${sample.suffix}${labelsText(sample)} ${valueText(sample.value)}`)
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

function* families(metrics: ServerMetrics, readings: MetricReadings): Generator<MetricFamily> {
  for (const metric of METRICS) {
    const family = familyOf(metric, metrics, readings)
    if (family.samples.length > 0) yield family
  }
  if (readings.process !== null) yield* processFamilies(readings.process, readings)
}

function familyOf(metric: MetricDefinition, metrics: ServerMetrics, readings: MetricReadings): MetricFamily {
  switch (metric.kind) {
    case 'gauge': {
      const value = metric.read(metrics, readings)
      return { name: metric.name, type: 'gauge', samples: value === null ? [] : [{ suffix: '', labels: [], value }] }
    }
    case 'gauge set':
      return { name: metric.name, type: 'gauge', samples: keyedSamples(metric.read(metrics, readings)) }
    case 'counter':
      return { name: metric.name, type: 'counter', samples: [{ suffix: '', labels: [], value: metric.read(metrics) }] }
    case 'counter set':
      return { name: metric.name, type: 'counter', samples: keyedSamples(metric.read(metrics)) }
    case 'summary':
      return { name: metric.name, type: 'summary', samples: summarySamples(metric.read(metrics), metric.level, []) }
    case 'summary set': {
      const samples = [...metric.read(metrics)].flatMap(([key, summary]) => summarySamples(summary, metric.level, [['key', key]]))
      return { name: metric.name, type: 'summary', samples }
    }
  }
}

function keyedSamples(values: Iterable<readonly [string, number]>): MetricSample[] {
  return Array.from(values, ([key, value]) => ({ suffix: '', labels: [['key', key]], value }))
}

function summarySamples(summary: Summary, level: SummaryLevel, labels: MetricSample['labels']): MetricSample[] {
  const quantiles = level === 'basic' ? BASIC_QUANTILES : ADVANCED_QUANTILES
  const samples: MetricSample[] = quantiles.map((share) => ({
    suffix: '',
    labels: [...labels, ['quantile', String(share)]],
    value: summary.percentile(share),
  }))
  samples.push({ suffix: '_count', labels, value: summary.count }, { suffix: '_sum', labels, value: summary.sum })
  return samples
}

function labelsText(sample: MetricSample): string {
  if (sample.labels.length === 0) return ''
  return `{${sample.labels.map(([name, value]) => `${name}="${escapeLabel(value)}",`).join('')}}`
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

/** A double as the format writes it: whole numbers with `.0`. */
function valueText(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  if (!Number.isInteger(value)) return String(value)
  return `${BigInt(value)}.0`
}
