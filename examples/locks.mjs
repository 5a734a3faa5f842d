// Both kinds of locks: one holder at a time, in the order of asking, and many readers or one writer.
//
//   node examples/locks.mjs

import { connect } from '@tskeeper/client'
import { Lock, ReadWriteLock } from '@tskeeper/recipes'

const zk = await connect(process.env.SERVERS ?? '127.0.0.1:2181')
const pause = (durationMs) => new Promise((resolve) => setTimeout(resolve, durationMs))

// A counter that two could spoil by reading it at the same time.
let counter = 0
const lock = new Lock(zk, '/locks/counter')
await Promise.all(
  Array.from({ length: 5 }, () =>
    lock.withLock(async ({ signal }) => {
      const before = counter
      await pause(30)
      // Whoever has lost its session does not hold the lock any more, whatever it was about to do.
      signal.throwIfAborted()
      counter = before + 1
    }),
  ),
)
console.log(`the counter is ${counter}`)

const inside = { readers: 0, writers: 0, readersMax: 0 }
const table = new ReadWriteLock(zk, '/locks/table')
async function read() {
  const lease = await table.read.acquire()
  inside.readers += 1
  inside.readersMax = Math.max(inside.readersMax, inside.readers)
  if (inside.writers > 0) console.log('a reader met a writer')
  await pause(200)
  inside.readers -= 1
  await lease.release()
}
async function write() {
  const lease = await table.write.acquire()
  inside.writers += 1
  if (inside.readers > 0 || inside.writers > 1) console.log('a writer was not alone')
  await pause(30)
  inside.writers -= 1
  await lease.release()
}
await Promise.all([read(), read(), read(), write(), read(), write()])
console.log(`${inside.readersMax} readers were there at once, and each writer was alone`)

await zk.close()
