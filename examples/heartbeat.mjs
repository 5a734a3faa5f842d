// Members of a group, and somebody who notices when one of them dies. Nobody sends heartbeats to anybody: the servers notice when a
// session goes silent, and delete what it held.
//
//   node examples/heartbeat.mjs watch
//   node examples/heartbeat.mjs join alice
//
// Environment: SERVERS (127.0.0.1:2181), SESSION_MS (6000), after which a silent member counts as dead.

import { connect } from '@tskeeper/client'
import { Group } from '@tskeeper/recipes'

const [role = 'watch', name = 'somebody'] = process.argv.slice(2)
const zk = await connect(process.env.SERVERS ?? '127.0.0.1:2181', {
  sessionTimeoutMs: Number(process.env.SESSION_MS ?? 6000),
  renewSession: true,
})
const group = new Group(zk, '/members')

if (role === 'join') {
  await group.join(name)
  console.log(`${name} is a member`)
} else {
  console.log('watching')
  for await (const { joined, left } of group.changes()) {
    for (const id of left) console.log(`${id} is gone`)
    for (const id of joined) console.log(`${id} is here`)
  }
}
