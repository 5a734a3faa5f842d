// What watches and idle clients cost in memory, in a process of its own.
//
//   node --expose-gc footprint.js watches|clients ADDRESS COUNT
//
// Prints bytes a piece: of the heap, and of the process.

import { connect, type ZooKeeper } from '@tskeeper/client'

/** How many requests or clients are on their way at once. */
const BATCH = 100

const [what, address = '', text = '0'] = process.argv.slice(2)
const count = Number(text)
const zk = await connect(address, { deadlineMs: 10_000 })
await warmUp()
const before = usage()
const kept = what === 'watches' ? await armWatches() : await connectMany()
const after = usage()
console.log(JSON.stringify({ heap: (after.heap - before.heap) / count, resident: (after.resident - before.resident) / count }))
await Promise.all(kept.map((client) => client.close()))
await zk.close()
process.exit()

function usage(): { readonly heap: number; readonly resident: number } {
  for (let round = 0; round < 4; round++) globalThis.gc?.()
  const { heapUsed, external, rss } = process.memoryUsage()
  return { heap: heapUsed + external, resident: rss }
}

/** What is made once and not for each: compiled code, the first buffers. */
async function warmUp(): Promise<void> {
  for (let index = 0; index < 2_000; index++) await zk.exists('/')
  await Promise.all([connect(address), connect(address)].map(async (client) => (await client).close()))
}

async function armWatches(): Promise<ZooKeeper[]> {
  for (let first = 0; first < count; first += BATCH) {
    await Promise.all(
      Array.from({ length: BATCH }, (_, index) =>
        zk.exists(`/footprint/a-node-with-a-name-${first + index}`, { watch: () => undefined }),
      ),
    )
  }
  return []
}

async function connectMany(): Promise<ZooKeeper[]> {
  const clients: ZooKeeper[] = []
  while (clients.length < count) {
    clients.push(...(await Promise.all(Array.from({ length: BATCH }, () => connect(address, { deadlineMs: 30_000 })))))
  }
  return clients
}
