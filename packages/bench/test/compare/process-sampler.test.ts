import { expect, test } from 'vitest'
import { ProcessSampler } from '../../src/compare/process-sampler.ts'
import { monotonicMs } from '../../src/load/generator-usage.ts'

test('a group that does not exist uses nothing, while the machine works on', () => {
  const beginMs = monotonicMs()
  const sampler = new ProcessSampler([-1, -2])
  sampler.stop()
  const use = sampler.between({ beginMs, endMs: monotonicMs() })
  expect(use.cpuS).toBe(0)
  expect(use.rssMb).toBe(0)
  expect(use.machineCpuS).toBeGreaterThanOrEqual(0)
})
