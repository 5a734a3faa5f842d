// Metadata that several programs change: a change is made to the version that was read, or not at all, and what belongs together
// changes together.
//
//   node examples/metadata.mjs

import { connect, decodeJson, encodeJson, isZooKeeperError } from '@tskeeper/client'

const zk = await connect(process.env.SERVERS ?? '127.0.0.1:2181')
await zk.create('/tables/orders', encodeJson({ columns: ['id'] }), { withParents: true })
await zk.create('/tables/index', encodeJson(['orders']))

// Two have read the same version; the second one to write is refused, and makes its change on top of the first one's.
const alice = await zk.get('/tables/orders')
const bob = await zk.get('/tables/orders')
async function addColumn({ data, stat }, column) {
  const table = decodeJson(data)
  await zk.set('/tables/orders', encodeJson({ columns: [...table.columns, column] }), { version: stat.version })
}
await addColumn(alice, 'price')
try {
  await addColumn(bob, 'customer')
} catch (error) {
  if (!isZooKeeperError(error, 'BAD_VERSION')) throw error
  console.log('bob reads again')
  await addColumn(await zk.get('/tables/orders'), 'customer')
}
console.log(decodeJson((await zk.get('/tables/orders')).data).columns.join(', '))

// A new table and its entry in the index come together.
const index = await zk.get('/tables/index')
await zk
  .transaction()
  .create('/tables/customers', encodeJson({ columns: ['id'] }))
  .set('/tables/index', encodeJson([...decodeJson(index.data), 'customers']), { version: index.stat.version })
  .commit()
console.log(decodeJson((await zk.get('/tables/index')).data).join(', '))

await zk.close()
