import { expect, test } from 'vitest'
import { monotonicMs, UsageMeter } from '../../src/load/generator-usage.ts'

/** Keeps the processor, as another process would. */
function block(ms: number): void {
  const endMs = performance.now() + ms
  while (performance.now() < endMs);
}

function turns(): Promise<void> {
  return new Promise((resolve) => setTimeout(() => setImmediate(resolve), 10))
}

test('a gap in which the generator looked and found nothing is the server’s', async () => {
  const meter = new UsageMeter()
  const lastReplyMs = performance.now()
  block(60)
  await turns()
  meter.endGap(lastReplyMs)
  expect(meter.end().longestGapMs).toBeGreaterThan(59)
})

test('a gap in which the generator did not look is its own', () => {
  const meter = new UsageMeter()
  const lastReplyMs = performance.now()
  block(60)
  meter.endGap(lastReplyMs)
  expect(meter.end().longestGapMs).toBe(0)
})

test('the generator’s own stalls and its processor time are reported', async () => {
  const beginMs = monotonicMs()
  const meter = new UsageMeter()
  await turns()
  block(60)
  await turns()
  const { usage, interval } = meter.end()
  expect(usage.longestStallMs).toBeGreaterThan(50)
  expect(usage.cpuS).toBeGreaterThan(0)
  expect(interval.beginMs).toBeGreaterThanOrEqual(beginMs)
  expect(interval.endMs).toBeGreaterThan(interval.beginMs)
})
