// A queue: work is put in once and taken out in order. What a worker took and did not acknowledge is given to another one.
//
//   node examples/queue.mjs

import { connect, decodeText } from '@tskeeper/client'
import { FifoQueue } from '@tskeeper/recipes'

const servers = process.env.SERVERS ?? '127.0.0.1:2181'
const zk = await connect(servers)
const queue = new FifoQueue(zk, '/mails')
for (const mail of ['first', 'second', 'third']) await queue.put(mail)

// This worker takes an entry and dies: its session ends, and nothing was acknowledged.
const doomed = await connect(servers)
const lost = await new FifoQueue(doomed, '/mails').take()
console.log(`taken and dropped: ${decodeText(lost.data)}`)
await doomed.close()

for (let count = 0; count < 3; count++) {
  const entry = await queue.take()
  console.log(`done: ${decodeText(entry.data)}`)
  await entry.acknowledge()
}
console.log(`${await queue.size()} left`)

await zk.close()
