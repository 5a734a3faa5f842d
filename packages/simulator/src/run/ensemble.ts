// The servers of a run.

import type { Logger } from '@tskeeper/server'
import type { Scenario } from '../scenario/scenario.ts'
import { CLIENT_PORT, ServerNode, serverAddress } from '../world/server-node.ts'
import type { VirtualNetwork } from '../world/virtual-network.ts'
import type { World } from '../world/world.ts'

export const TICK_MS = 100
const [QUORUM_PORT, ELECTION_PORT, OBSERVER_MASTER_PORT] = [2888, 3888, 2191]
/** Long enough between two deletions for clients to come in between. */
const QUICK_REAPER: readonly (readonly [string, string])[] = [
  ['znode.container.checkIntervalMs', '150'],
  ['znode.container.maxPerMinute', '1000'],
]

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
      ['readonlymode.enabled', String(scenario.traits.isReadOnlyServed)],
      ...(scenario.traits.isReaperQuick ? QUICK_REAPER : []),
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

function serverProperties(scenario: Scenario): Map<string, string> {
  const { voterCount, observerCount, snapCount, isReconfigEnabled, traits } = scenario
  const properties = new Map([
    ['tickTime', String(TICK_MS)],
    ['initLimit', '10'],
    ['syncLimit', '5'],
    ['admin.enableServer', 'false'],
    ['preAllocSize', '16'],
    ['snapCount', String(snapCount)],
    ['reconfigEnabled', String(isReconfigEnabled)],
    ['standaloneEnabled', String(voterCount === 1)],
    ['extendedTypesEnabled', 'true'],
    ['localSessionsEnabled', String(traits.areSessionsLocal)],
    ['localSessionsUpgradingEnabled', String(traits.areSessionsLocal)],
  ])
  if (traits.hasObserverMasters) properties.set('observerMasterPort', String(OBSERVER_MASTER_PORT))
  for (const [index, group] of (traits.hierarchy?.groups ?? []).entries()) properties.set(`group.${index + 1}`, group.join(':'))
  for (const [index, weight] of (traits.hierarchy?.weights ?? []).entries()) properties.set(`weight.${index + 1}`, String(weight))
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
