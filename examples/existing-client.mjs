// A program with a client that npm has had for years, `node-zookeeper-client`, as it would run against any other server: nothing has to be
// changed. It takes the lock of first-lock.mjs, and stands in one line with those who use the recipe: the nodes are laid out alike.
//
//   node examples/existing-client.mjs carol
//
// Environment: SERVERS (127.0.0.1:2181), HOLD_MS (2000), how long the lock is held.

import zookeeper from 'node-zookeeper-client'

const name = process.argv[2] ?? 'somebody'
const servers = process.env.SERVERS ?? '127.0.0.1:2181'
const holdMs = Number(process.env.HOLD_MS ?? 2000)
const ROOT = '/lock'
/** The number behind a name. Other clients put marks of their own before it. */
const numberOf = (holder) => Number(holder.slice(-10))

const client = zookeeper.createClient(servers, { sessionTimeout: 6000 })
const call = (method, ...args) =>
  new Promise((resolve, reject) => {
    client[method](...args, (error, result) => (error ? reject(error) : resolve(result)))
  })
const say = (text) => console.log(`${name} ${text}`)

await new Promise((resolve) => {
  client.once('connected', resolve)
  client.connect()
})
await call('mkdirp', ROOT)

// The server numbers the contenders; the node goes with its session, so a dead holder releases the lock.
const mine = await call('create', `${ROOT}/lock-`, null, zookeeper.CreateMode.EPHEMERAL_SEQUENTIAL)
say(`queues as ${mine}`)

for (;;) {
  const holders = (await call('getChildren', ROOT)).sort((a, b) => numberOf(a) - numberOf(b))
  const place = holders.indexOf(mine.slice(ROOT.length + 1))
  if (place === 0) break
  // Only the one in front is watched: a release wakes one contender, not all.
  const previous = `${ROOT}/${holders[place - 1]}`
  const gone = new Promise((resolve) => {
    client.exists(previous, resolve, (error, stat) => (error || !stat ? resolve() : say(`waits for ${previous}`)))
  })
  await gone
}

say('holds the lock')
await new Promise((resolve) => setTimeout(resolve, holdMs))
await call('remove', mine)
say('releases the lock')
client.close()
