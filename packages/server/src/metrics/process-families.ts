// The process in the Prometheus text. The names with `jvm_` are the ones that dashboards and alert rules made for
// Apache's server ask for; here they carry what is the same thing in a JavaScript engine. What has no counterpart
// (threads, classes) is left out.

import type { MetricFamily, MetricSample } from './metric-family.ts'
import type { MetricReadings, ProcessReadings } from './metric-readings.ts'

/** The families of the process. */
export function processFamilies(process: ProcessReadings, readings: MetricReadings): MetricFamily[] {
  const collections = [...process.garbageCollections()]
  const families: MetricFamily[] = [
    family('process_cpu_seconds_total', 'counter', [sample(process.cpuSeconds)]),
    family('process_start_time_seconds', 'gauge', [sample(process.startTimeSeconds)]),
    family('process_open_fds', 'gauge', optionalSample(readings.openFileDescriptorCount)),
    family('process_max_fds', 'gauge', optionalSample(readings.maxFileDescriptorCount)),
    family('process_resident_memory_bytes', 'gauge', [sample(process.residentBytes)]),
    family('process_virtual_memory_bytes', 'gauge', optionalSample(process.virtualBytes)),
    family('jvm_memory_bytes_used', 'gauge', [
      sample(process.heapUsedBytes, ['area', 'heap']),
      sample(process.externalBytes, ['area', 'nonheap']),
    ]),
    family('jvm_memory_bytes_committed', 'gauge', [sample(process.heapCommittedBytes, ['area', 'heap'])]),
    family('jvm_memory_bytes_max', 'gauge', [sample(process.heapMaxBytes, ['area', 'heap'])]),
    family('jvm_buffer_pool_used_bytes', 'gauge', [sample(process.bufferBytes, ['pool', 'direct'])]),
    family(
      'jvm_gc_collection_seconds',
      'summary',
      collections.flatMap((gc) => [
        { suffix: '_count', labels: [['gc', gc.collector]], value: gc.count },
        { suffix: '_sum', labels: [['gc', gc.collector]], value: gc.seconds },
      ]),
    ),
    family('jvm_info', 'gauge', [
      sample(1, ['version', process.runtimeVersion], ['vendor', process.runtimeVendor], ['runtime', process.runtimeName]),
    ]),
  ]
  return families.filter(({ samples }) => samples.length > 0)
}

function family(name: string, type: MetricFamily['type'], samples: readonly MetricSample[]): MetricFamily {
  return { name, type, samples }
}

function sample(value: number, ...labels: readonly (readonly [string, string])[]): MetricSample {
  return { suffix: '', labels, value }
}

function optionalSample(value: number | null): MetricSample[] {
  return value === null ? [] : [sample(value)]
}
