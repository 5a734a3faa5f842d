// The report of the load generator, as its command prints it. What the figures are is the machine's affair; that they are there and
// fit together is tested.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { fromSources } from './program.ts'
import { TestServer } from './test-server.ts'

const run = promisify(execFile)
const GENERATOR = fileURLToPath(new URL('../../packages/bench/src/load/main.ts', import.meta.url))
const READS = 5000

test('A15: one command prints the throughput of reads and their latencies', async () => {
  await using server = await TestServer.start()
  const words = ['--workload', 'get', '--server', `127.0.0.1:${server.port}`, '--connections', '4', '--window', '8']
  const { stdout, stderr } = await run(process.execPath, [...fromSources, GENERATOR, ...words, '--operations', `${READS}`])
  const [, perSecond, p50, p99, max, replies] =
    /^get 4x8: (\d+)\/s over .* s, p50 (\d+) us, p99 (\d+) us, max (\d+) us, .* (\d+) replies verified/
      .exec(stderr)
      ?.map(Number) ?? []
  expect(perSecond).toBeGreaterThan(0)
  expect(p50).toBeLessThanOrEqual(p99 ?? 0)
  expect(p99).toBeLessThanOrEqual(max ?? 0)
  expect(replies).toBeGreaterThanOrEqual(READS)
  expect(JSON.parse(stdout)).toMatchObject({ workload: 'get', connections: 4, window: 8, throughputPerS: expect.any(Number) })
})
