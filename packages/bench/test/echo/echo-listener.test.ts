// The one test here on real sockets: the generator and the echo server, as they meet in a comparison.

import { once } from 'node:events'
import type { Server } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { listenAsEcho } from '../../src/echo/echo-listener.ts'
import { parseLoadOptions } from '../../src/load/load-options.ts'
import { type LoadReport, runLoad } from '../../src/load/load-run.ts'
import { SocketTransport } from '../../src/load/socket-transport.ts'

const SEED = 5
let server: Server

beforeEach(async () => {
  server = listenAsEcho(0, 1024, SEED)
  await once(server, 'listening')
})

afterEach(() => {
  server.close()
})

function load(...argv: string[]): Promise<LoadReport> {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the echo server has no port')
  const shape = ['--raw', '--operations', '2000', '--connections', '4', '--window', '16']
  const options = parseLoadOptions([...shape, ...argv])
  return runLoad(options, new SocketTransport([{ host: '127.0.0.1', port: address.port }]))
}

test.each(['get', 'exists', 'set', 'mix'])('its replies to %s pass the checks of a raw load', async (workload) => {
  const report = await load('--workload', workload, '--seed', `${SEED}`)
  expect(report.outcome.verifiedReplies).toBe(2000)
})

test('data of another seed is noticed even in a raw load', async () => {
  await expect(load('--workload', 'get', '--seed', '6')).rejects.toMatchObject({ kind: 'payload' })
})
