// A client: it gives commands to the system, waits until all are done, and says who did them.
//
//   node examples/master-worker/client.mjs "resize photo 1" "resize photo 2"

import { decodeText } from '@tskeeper/client'
import { connectToSystem, TASKS } from './layout.mjs'

const commands = process.argv.slice(2)
const zk = await connectToSystem()

async function whenDone(path) {
  for await (const { value } of zk.observe(`${path}/status`)) {
    const status = value === null ? '' : decodeText(value.data)
    if (status.startsWith('done')) return status
  }
  throw new Error(`${path} was not waited for to its end`)
}

await Promise.all(
  commands.map(async (command) => {
    // Protected: when the answer is lost, the client finds the node that it has made instead of making another.
    const path = await zk.create(`${TASKS}/task-`, command, { mode: 'persistent-sequential', protected: true })
    console.log(`${command}: ${await whenDone(path)}`)
  }),
)
await zk.close()
