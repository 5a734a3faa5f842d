// A client: it gives commands to the system, waits until all are done, and says who did them.
//
//   node examples/master-worker/client.mjs "resize photo 1" "resize photo 2"

import { decodeText } from '@tskeeper/client'
import { UniqueIds } from '@tskeeper/recipes'
import { connectToSystem, TASKS } from './layout.mjs'

const commands = process.argv.slice(2)
const zk = await connectToSystem()
const names = new UniqueIds(zk, TASKS)

async function whenDone(path) {
  for await (const { value } of zk.observe(`${path}/status`)) {
    const status = value === null ? '' : decodeText(value.data)
    if (status.startsWith('done')) return status
  }
  throw new Error(`${path} was not waited for to its end`)
}

await Promise.all(
  commands.map(async (command) => {
    // The task gets a name that nobody else has. When the answer is lost, or the session with it, the client finds the node that it has made
    // instead of making another.
    const { path } = await names.nextName('task-', command)
    console.log(`${command}: ${await whenDone(path)}`)
  }),
)
await zk.close()
