// The servers of a run.

import type { Logger } from '@tskeeper/server'
import type { Scenario } from '../scenario/scenario.ts'
import { CLIENT_PORT, ServerNode, serverAddress } from '../world/server-node.ts'
import type { VirtualNetwork } from '../world/virtual-network.ts'
import type { World } from '../world/world.ts'

export const TICK_MS = 100
const [QUORUM_PORT, ELECTION_PORT] = [2888, 3888]

export class Ensemble {
  readonly nodes: readonly ServerNode[]
  private readonly byName: ReadonlyMap<string, ServerNode>

  constructor(world: World, network: VirtualNetwork, scenario: Scenario, loggerOf: (server: string) => Logger) {
    const count = scenario.voterCount + scenario.observerCount
    const properties = serverProperties(scenario)
    const systemProperties = new Map([
      // Nobody looks longer than that for a leader without telling again that it does.
      ['zookeeper.fastleader.maxNotificationInterval', '3000'],
      ['zookeeper.forceSnapshotSync', String(scenario.isSnapshotForced)],
      // Changing members is for the super user, and there is none here.
      ['zookeeper.skipACL', scenario.isReconfigEnabled ? 'yes' : 'no'],
    ])
    this.nodes = Array.from({ length: count }, (_, index) => {
      const id = index + 1
      const own = new Map(properties)
      if (id > scenario.voterCount) own.set('peerType', 'observer')
      const logger = loggerOf(`server ${id}`)
      const node = new ServerNode(world, network, {
        id,
        properties: own,
        systemProperties,
        hasConfigFile: scenario.isReconfigEnabled,
        hasId: count > 1,
        logger,
      })
      node.machine.clockRate = scenario.clockRates[index] ?? 1
      return node
    })
    this.byName = new Map(this.nodes.map((node) => [node.machine.name, node]))
  }

  get connectString(): string {
    return this.nodes.map((node) => `${node.machine.address}:${CLIENT_PORT}`).join(',')
  }

  node(id: number): ServerNode {
    return this.nodes[id - 1] as ServerNode
  }

  named(name: string): ServerNode | null {
    return this.byName.get(name) ?? null
  }
}

function serverProperties({ voterCount, observerCount, snapCount, isReconfigEnabled }: Scenario): Map<string, string> {
  const properties = new Map([
    ['tickTime', String(TICK_MS)],
    ['initLimit', '10'],
    ['syncLimit', '5'],
    ['admin.enableServer', 'false'],
    ['preAllocSize', '16'],
    ['snapCount', String(snapCount)],
    ['reconfigEnabled', String(isReconfigEnabled)],
    ['standaloneEnabled', 'false'],
  ])
  const count = voterCount + observerCount
  for (let id = 1; count > 1 && id <= count; id++) {
    properties.set(`server.${id}`, serverLine(id, id > voterCount ? 'observer' : 'participant'))
  }
  return properties
}

/** What a configuration says of the server, without its key. */
export function serverLine(id: number, role: 'participant' | 'observer'): string {
  return `${serverAddress(id)}:${QUORUM_PORT}:${ELECTION_PORT}:${role};${CLIENT_PORT}`
}
