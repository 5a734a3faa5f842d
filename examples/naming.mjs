// Names for addresses, and numbers that nobody else has.
//
//   node examples/naming.mjs

import { connect } from '@tskeeper/client'
import { NameRegistry, UniqueIds } from '@tskeeper/recipes'

const zk = await connect(process.env.SERVERS ?? '127.0.0.1:2181')

// The name is bound as long as its owner lives; whoever knows the name finds the address.
const names = new NameRegistry(zk, '/names')
const binding = await names.bind('billing', '10.0.0.7:8080')
console.log(`billing is at ${await names.resolve('billing')}`)
await binding.close()
console.log(`billing is at ${(await names.resolve('billing')) ?? 'no address any more'}`)

// Ten at once ask for numbers, and each gets one of its own.
const ids = new UniqueIds(zk, '/orders')
const numbers = await Promise.all(Array.from({ length: 10 }, () => ids.nextNumber()))
console.log(`${new Set(numbers).size} of ${numbers.length} numbers are different`)
const { name } = await ids.nextName('order-', 'for alice')
console.log(`the order is called ${name}`)

await zk.close()
