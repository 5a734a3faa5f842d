// One measurement, in a process of its own so that no client warms up another: reads of one node of 100 bytes, so many under way at once.
//
//   node pipelined-gets.js KIND ADDRESS MODULES GETS WINDOW
//
// Prints gets a second.

import { type ClientKind, connectClient, type MeasuredClient } from './client-kind.ts'

const DATA_BYTES = 100

const [kind, address = '', modules = '', gets = '0', window = '1'] = process.argv.slice(2)
const client = await connectClient(kind as ClientKind, address, modules)
const path = `/gets-${process.pid}`
await client.create(path, Buffer.alloc(DATA_BYTES, 120))
await measure(client, Math.ceil(Number(gets) / 4), Number(window))
console.log(String(await measure(client, Number(gets), Number(window))))
await client.close()
process.exit()

/** Gets a second. */
function measure(client: MeasuredClient, total: number, window: number): Promise<number> {
  const startedMs = performance.now()
  let started = 0
  let ended = 0
  return new Promise((resolve, reject) => {
    const done = (error: unknown, length: number): void => {
      if (error !== null && error !== undefined) return reject(new Error('a get failed', { cause: error }))
      if (length !== DATA_BYTES) return reject(new Error(`a get gave ${length} bytes`))
      ended += 1
      if (ended === total) return resolve((total * 1_000) / (performance.now() - startedMs))
      if (started < total) next()
    }
    const next = (): void => {
      started += 1
      client.get(path, done)
    }
    while (started < Math.min(window, total)) next()
  })
}
