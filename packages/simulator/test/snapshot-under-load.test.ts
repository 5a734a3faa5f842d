// A follower that is sent the leader's tree while clients write: parts of it are newer than its zxid.

import { connect } from '@tskeeper/client'
import { Database } from '@tskeeper/core'
import { silentLogger } from '@tskeeper/server'
import { expect, test, vi } from 'vitest'
import { Machine } from '../src/world/machine.ts'
import { machineClientRuntime } from '../src/world/machine-client-runtime.ts'
import { CLIENT_PORT, ServerNode, serverAddress } from '../src/world/server-node.ts'
import { VirtualNetwork } from '../src/world/virtual-network.ts'
import { World } from '../src/world/world.ts'

const SERVER_IDS = [1, 2, 3]
const NODE_COUNT = 60
const NODE_BYTES = 8 * 1024

function startServers(world: World, network: VirtualNetwork): ServerNode[] {
  const properties = new Map([
    ['tickTime', '200'],
    ['initLimit', '50'],
    ['syncLimit', '20'],
    ['admin.enableServer', 'false'],
    ['4lw.commands.whitelist', '*'],
  ])
  for (const id of SERVER_IDS) properties.set(`server.${id}`, `${serverAddress(id)}:2888:3888`)
  const systemProperties = new Map([['zookeeper.forceSnapshotSync', 'true']])
  const options = { properties, systemProperties, hasConfigFile: false, hasId: true, logger: silentLogger }
  const servers = SERVER_IDS.map((id) => new ServerNode(world, network, { ...options, id }))
  for (const server of servers) server.start()
  return servers
}

test('digests are compared again only when all is applied that the snapshot had parts of', async () => {
  const applying = vi.spyOn(Database.prototype, 'apply')
  const world = new World(1)
  const network = new VirtualNetwork(world)
  const servers = startServers(world, network)
  const machine = new Machine(world, 'client', '10.0.1.1')
  network.addMachine(machine)
  machine.boot()
  await world.runUntil(5000, () => servers.filter(({ server }) => server?.mode === 'follower').length === 2)
  const leader = servers.find(({ server }) => server?.mode === 'leader') as ServerNode
  const lost = servers.find(({ server }) => server?.mode === 'follower') as ServerNode
  let writes = 0
  let isWriting = true
  let failure: unknown = null
  const work = async (): Promise<void> => {
    const zk = await connect(`${serverAddress(leader.id)}:${CLIENT_PORT}`, {
      runtime: machineClientRuntime(machine, network),
      sessionTimeoutMs: 4000,
    })
    for (let i = 0; i < NODE_COUNT; i++) await zk.create(`/n${i}`, new Uint8Array(NODE_BYTES))
    // From the last node to the first: those that the snapshot has not come to are changed in front of it.
    for (; isWriting; writes++)
      await zk.set(`/n${NODE_COUNT - 1 - (writes % NODE_COUNT)}`, new Uint8Array(NODE_BYTES).fill(writes))
  }
  void work().catch((error: unknown) => {
    failure = error
  })
  await world.runUntil(20_000, () => writes > 5 || failure !== null)
  lost.crash()
  await world.runUntil(world.nowMs + 300)
  // The tree takes almost two seconds to get over, and the client goes on writing meanwhile.
  network.weather.bytesPerMs = 300
  lost.start()
  const writesBefore = writes
  await world.runUntil(world.nowMs + 8000, () => lost.server?.mode === 'follower')
  await world.runUntil(world.nowMs + 200)
  isWriting = false
  await world.runUntil(world.nowMs + 300)
  expect(failure).toBeNull()
  expect(writes - writesBefore).toBeGreaterThan(20)
  const databases = [...new Set(applying.mock.contexts)] as Database[]
  expect(databases.map(({ digestMismatchCount }) => digestMismatchCount)).toEqual(databases.map(() => 0))
  expect(new Set(databases.slice(-2).map(({ tree }) => tree.nodeCount)).size).toBe(1)
})
