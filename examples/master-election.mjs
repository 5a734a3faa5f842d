// One of several programs leads; when it dies the one that has waited longest takes over.
//
//   node examples/master-election.mjs alice
//
// Environment: SERVERS (127.0.0.1:2181), SESSION_MS (6000), after which a silent leader counts as dead.

import { connect } from '@tskeeper/client'
import { LeaderLatch } from '@tskeeper/recipes'

const name = process.argv[2] ?? 'somebody'
const zk = await connect(process.env.SERVERS ?? '127.0.0.1:2181', {
  sessionTimeoutMs: Number(process.env.SESSION_MS ?? 6000),
  renewSession: true,
})

const latch = new LeaderLatch(zk, '/leader', { id: name })
for await (const state of latch.states()) {
  if (state.type === 'ended') throw state.cause
  // The number grows with every term: what the leader writes carries it, and storage refuses a smaller one than it has seen.
  if (state.type === 'leading') console.log(`${name} leads in term ${state.leadership.fencingToken}`)
  else console.log(`${name} waits`)
}
