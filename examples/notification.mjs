// Programs that meet at a node: one waits for news, the other tells them.
//
//   node examples/notification.mjs wait
//   node examples/notification.mjs tell "the build is ready"

import { connect, decodeText } from '@tskeeper/client'

const [role = 'wait', news = 'hello'] = process.argv.slice(2)
const NODE = '/news'
const zk = await connect(process.env.SERVERS ?? '127.0.0.1:2181')

if (role === 'tell') {
  if ((await zk.exists(NODE)) === null) await zk.create(NODE, news)
  else await zk.set(NODE, news)
  console.log(`told: ${news}`)
} else {
  // An observer begins with what there is, so it does not matter who comes first, and it goes on after a lost connection.
  for await (const { value } of zk.observe(NODE)) {
    if (value === null) {
      console.log('no news yet')
      continue
    }
    console.log(`heard: ${decodeText(value.data)}`)
    break
  }
}

await zk.close()
