import type { Logger } from '@tskeeper/server'
import { ClientPort, HOST } from './client-port.ts'
import { MemberNetwork } from './member-network.ts'
import { COMMON_PROPERTIES } from './start-server.ts'
import { openStorage, type ServerStorage, type Storage, type StorageOptions } from './storage.ts'
import { TestEnsemble } from './test-ensemble.ts'
import { type Properties, TestServer } from './test-server.ts'

/** How an ensemble of a test differs from the usual one. */
export interface TestEnsembleOptions extends StorageOptions {
  /** Members that serve without a vote; their ids follow those of the voters. None unless said otherwise. */
  readonly observers?: number
  /** Added to the configuration of all members, or in place of what is there: keys and values of zoo.cfg. */
  readonly properties?: Properties
  /** Where the member with this id reports to; nowhere unless said otherwise. */
  readonly logger?: (id: number) => Logger
}

/** Members speak to each other in memory, under names and ports that nothing outside can see. */
const QUORUM_PORT = 2888
const ELECTION_PORT = 3888

/**
 * A member that is silent for a second (10 ticks) is given up; one that has to be brought in step has ten of them. Members hear of each
 * other within a turn of the loop, so that pauses which spare real networks are cut short.
 */
const MEMBER_PROPERTIES: Properties = {
  initLimit: 100,
  syncLimit: 10,
  'fastleader.minNotificationInterval': 20,
  'fastleader.maxNotificationInterval': 500,
  leaderConnectDelayDuringRetryMs: 20,
  'observer.election.DelayMs': 0,
}

/** Starts an ensemble of so many voters; when this settles there is a leader, and all servers serve. */
export async function startEnsemble(voters: number, options: TestEnsembleOptions = {}): Promise<TestEnsemble> {
  const count = voters + (options.observers ?? 0)
  if (!Number.isInteger(voters) || voters < 2) throw new RangeError(`an ensemble has at least two voters, not ${voters}`)
  const ids = Array.from({ length: count }, (_, index) => index + 1)
  const ports = await bindAll(ids)
  const storage = openStorage(options)
  const network = new MemberNetwork(ids.map(hostOf))
  const members = Object.fromEntries(ids.map((id) => [`server.${id}`, memberLine(id, id <= voters, ports[id - 1]?.port ?? 0)]))
  const properties = { ...COMMON_PROPERTIES, ...MEMBER_PROPERTIES, ...options.properties, ...members }
  const servers = ids.map((id) => {
    const clientPort = ports[id - 1] as ClientPort
    const place = { id, host: hostOf(id), clientPort, members: network, storage: storageOf(id, storage) }
    const own = { clientPort: clientPort.port, peerType: id <= voters ? 'participant' : 'observer' }
    return new TestServer({ ...place, properties: { ...properties, ...own }, logger: options.logger?.(id) })
  })
  const ensemble = new TestEnsemble(servers, network, ({ id }) => hostOf(id), storage)
  try {
    await Promise.all(servers.map((server) => server.start()))
    await ensemble.whenReady()
  } catch (error) {
    await ensemble[Symbol.asyncDispose]()
    throw error
  }
  return ensemble
}

async function bindAll(ids: readonly number[]): Promise<ClientPort[]> {
  return Promise.all(ids.map(() => ClientPort.bind(0)))
}

function hostOf(id: number): string {
  return `server-${id}`
}

function memberLine(id: number, isVoter: boolean, clientPort: number): string {
  const role = isVoter ? 'participant' : 'observer'
  return `${hostOf(id)}:${QUORUM_PORT}:${ELECTION_PORT}:${role};${HOST}:${clientPort}`
}

/** The member's data, with its number in them. */
function storageOf(id: number, storage: Storage): ServerStorage {
  const place = storage.of(hostOf(id))
  place.disk.writeFile(`${place.dataDirectory}/myid`, new TextEncoder().encode(`${id}\n`))
  return place
}
