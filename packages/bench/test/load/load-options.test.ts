import { expect, test } from 'vitest'
import { UsageError } from '../../src/command-line.ts'
import { loadUsage, parseLoadOptions, WORKLOADS } from '../../src/load/load-options.ts'

test('a workload alone gives the defaults that the usage names', () => {
  expect(parseLoadOptions(['--workload', 'get'])).toMatchObject({
    servers: [{ host: '127.0.0.1', port: 2181 }],
    connections: 1,
    window: 1,
    payloadBytes: 1024,
    durationMs: 5000,
    warmupMs: 2000,
    operations: null,
    ratePerS: null,
    root: null,
    isRaw: false,
  })
})

test('each option lands in its field, with its unit', () => {
  const argv =
    '--workload mix --server [::1]:99,b:2181 --connections 64 --window 16 --payload 100 --duration 1.5 --warmup 0.5 --rate 2000'
  const options = parseLoadOptions([
    ...argv.split(' '),
    '--read-share',
    '0.7',
    '--seed',
    '5',
    '--root',
    '/a/b',
    '--keep',
    '--stall',
    '3',
  ])
  expect(options).toMatchObject({
    servers: [
      { host: '::1', port: 99 },
      { host: 'b', port: 2181 },
    ],
    connections: 64,
    window: 16,
    payloadBytes: 100,
    durationMs: 1500,
    warmupMs: 500,
    ratePerS: 2000,
    readShare: 0.7,
    seed: 5,
    root: '/a/b',
    keepsNodes: true,
    stallMs: 3000,
  })
})

test('a run of so many operations has no warm-up: all of them count', () => {
  expect(parseLoadOptions(['--workload', 'load', '--operations', '10'])).toMatchObject({ operations: 10, warmupMs: 0 })
})

test.each([
  ['', '--workload is missing'],
  ['--workload nothing', '--workload nothing: one of get, exists,'],
  ['--workload get --connections 0', '--connections 0: a whole number of at least 1 is expected'],
  ['--workload get --window 1.5', '--window 1.5: a whole number'],
  ['--workload get --payload 12', '--payload 12: 0, or at least 16 bytes'],
  ['--workload get --payload ten', '--payload ten: a whole number'],
  ['--workload mix --read-share 1.1', '--read-share 1.1: a number from 0 to 1 is expected'],
  ['--workload get --server localhost', '--server localhost: HOST:PORT is expected'],
  ['--workload get --server a:70000', '--server a:70000: HOST:PORT is expected'],
  ['--workload get --root a', '--root a: an absolute path in ASCII is expected'],
  ['--workload load', '--workload load needs --operations'],
  ['--workload connect --rate 5', '--rate does not apply to --workload connect'],
  ['--workload multi --raw', '--raw works with get, exists, set, mix only'],
  ['--workload get --colour red', "Unknown option '--colour'"],
  ['--workload get --window', '--window'],
])('"%s" is refused with the reason', (line, message) => {
  const parse = (): unknown => parseLoadOptions(line.split(' ').filter((word) => word !== ''))
  expect(parse).toThrow(UsageError)
  expect(parse).toThrow(message)
})

test('the usage names each workload', () => {
  for (const name of Object.keys(WORKLOADS)) expect(loadUsage()).toContain(`  ${name} `)
})
