// A lock: of all programs that ask for it, on however many machines, one has it at a time, in the order of asking.
//
//   node examples/first-lock.mjs alice
//
// Environment: SERVERS (127.0.0.1:2181), HOLD_MS (2000), how long the lock is held.

import { connect } from '@tskeeper/client'
import { Lock } from '@tskeeper/recipes'

const name = process.argv[2] ?? 'somebody'
const holdMs = Number(process.env.HOLD_MS ?? 2000)

// A holder that is killed is missed after six seconds, and the next one has the lock.
const zk = await connect(process.env.SERVERS ?? '127.0.0.1:2181', { sessionTimeoutMs: 6_000, deadlineMs: 10_000 })
const lock = new Lock(zk, '/lock', { data: name })

console.log(`${name} asks for the lock`)
await lock.withLock(async ({ fencingToken }) => {
  // The token grows with every grant: what the lock guards can tell a holder that is late by it.
  console.log(`${name} holds the lock, with token ${fencingToken}`)
  await new Promise((resolve) => setTimeout(resolve, holdMs))
  console.log(`${name} releases the lock`)
})
await zk.close()
