import { expect, test } from 'vitest'
import { ServerNode } from '../../src/world/server-node.ts'
import { VirtualNetwork } from '../../src/world/virtual-network.ts'
import { World } from '../../src/world/world.ts'

test('an operator who restores a configuration on a disk that fails is told so, and succeeds when it works again', () => {
  const world = new World(1)
  const ignore = (): void => {}
  const node = new ServerNode(world, new VirtualNetwork(world), {
    id: 1,
    properties: new Map([['tickTime', '100']]),
    systemProperties: new Map(),
    hasConfigFile: true,
    hasId: true,
    logger: { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore },
  })
  const { disk } = node.disk
  disk.writeFile('/conf/zoo.cfg.dynamic.next', new Uint8Array(3))
  disk.failNext({ operation: 'write', code: 'EIO' })
  expect(node.restoreConfigFile()).toBe(false)
  disk.clearFaults()
  expect(node.restoreConfigFile()).toBe(true)
  expect(disk.list('/conf')).toEqual(['zoo.cfg'])
  expect(new TextDecoder().decode(disk.readFile('/conf/zoo.cfg'))).toContain('tickTime=100')
})
