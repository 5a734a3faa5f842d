import { bench, do_not_optimize, group } from 'mitata'
import { LatencyHistogram } from '../load/histogram.ts'
import { type PayloadLabel, PayloadMaker } from '../load/payload.ts'

const KEYS = 1000

/** The load generator's own costs: what it spends, the server that it measures does not get. */
export function generatorBenchmarks(): void {
  const histogram = new LatencyHistogram()
  const payload = new PayloadMaker(1024, 1)
  const label: PayloadLabel = { key: 0, writer: 0, sequence: 0 }
  const bytes = payload.make({ key: 0, writer: 3, sequence: 99 })
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let next = 0

  group('load generator', () => {
    bench('record a latency', () => {
      next = (next + 7919) % 100000
      histogram.record(next)
    })
    bench('write a payload of 1 KiB', () => {
      next = (next + 1) % KEYS
      payload.write(bytes, view, 0, next, 3, 99)
    })
    bench('verify a payload of 1 KiB', () => {
      if (!payload.check(bytes, view, 0, next, label)) throw new Error('the payload is wrong')
      do_not_optimize(label)
    })
  })
}
