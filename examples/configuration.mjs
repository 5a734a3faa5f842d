// A configuration that is changed in one place and followed in all others. What cannot be right is reported, and the last good value stays.
//
//   node examples/configuration.mjs

import { connect } from '@tskeeper/client'
import { Configuration, jsonCodec } from '@tskeeper/recipes'

const zk = await connect(process.env.SERVERS ?? '127.0.0.1:2181')

function asLimits(value) {
  if (typeof value?.perSecond !== 'number') throw new TypeError('limits need a number perSecond')
  return value
}

const limits = new Configuration(zk, '/config/limits', jsonCodec(asLimits))
await limits.publish({ perSecond: 10 })
const subscription = limits.subscribe()
await subscription.ready()

for await (const { good, problem } of subscription.states()) {
  if (problem !== null) {
    console.log(`not usable: ${problem.message}; still ${good.value.perSecond} per second`)
    break
  }
  console.log(`${good.value.perSecond} per second`)
  if (good.value.perSecond === 10) await limits.publish({ perSecond: 20 })
  // Somebody who does not know the rules writes to the node.
  else await zk.set('/config/limits', '{"perSecond":"many"}')
}

await subscription.close()
await zk.close()
