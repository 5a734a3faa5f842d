// Providers that come and go, and a client that spreads its calls over those that are there.
//
//   node examples/load-balancing.mjs

import { connect } from '@tskeeper/client'
import { balancers, ServiceRegistry } from '@tskeeper/recipes'

const zk = await connect(process.env.SERVERS ?? '127.0.0.1:2181')
const registry = new ServiceRegistry(zk, '/services')
const provide = (port) => registry.register('billing', { address: '127.0.0.1', port, payload: null })
const provider = registry.provider('billing', { balancer: balancers.roundRobin(), payload: () => null })

/** Waits until the client has heard of so many providers. */
async function whenThere(count) {
  for await (const instances of provider.changes()) if (instances.length === count) return
}

async function callOften(times) {
  const calls = new Map()
  for (let call = 0; call < times; call++) {
    await provider.use(({ port }) => calls.set(port, (calls.get(port) ?? 0) + 1))
  }
  console.log(
    [...calls]
      .sort()
      .map(([port, count]) => `${port}: ${count}`)
      .join(', '),
  )
}

const first = await provide(8001)
await provide(8002)
await whenThere(2)
await callOften(6)
await provide(8003)
await whenThere(3)
await callOften(6)
await first.unregister()
await whenThere(2)
await callOften(6)

await provider.close()
await zk.close()
