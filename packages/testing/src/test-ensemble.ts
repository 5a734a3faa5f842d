import type { MemberNetwork } from './member-network.ts'
import type { Storage } from './storage.ts'
import type { TestServer } from './test-server.ts'
import { eventually } from './waiting.ts'

/** An ensemble inside the test's process. */
export class TestEnsemble implements AsyncDisposable {
  /** All members: first the voters, then the observers. The one with the id 1 is `servers[0]`. */
  readonly servers: readonly TestServer[]
  readonly #network: MemberNetwork
  readonly #hostOf: (server: TestServer) => string
  readonly #storage: Storage

  /** @internal */
  constructor(servers: readonly TestServer[], network: MemberNetwork, hostOf: (server: TestServer) => string, storage: Storage) {
    this.servers = servers
    this.#network = network
    this.#hostOf = hostOf
    this.#storage = storage
  }

  /** How a client connects that may use every server. */
  get connectString(): string {
    return this.servers.map((server) => server.connectString).join(',')
  }

  /** The member with this id. */
  server(id: number): TestServer {
    const server = this.servers[id - 1]
    if (server === undefined) throw new Error(`there is no server ${id}: the ids are 1 to ${this.servers.length}`)
    return server
  }

  /**
   * Who leads now; null for nobody. For a moment two of them may believe to lead, after a partition or a pause: then `among` tells whom
   * the caller means.
   */
  leader(among: readonly TestServer[] = this.servers): TestServer | null {
    return among.find((server) => server.mode === 'leader') ?? null
  }

  /** Those that follow a leader and vote. */
  followers(): TestServer[] {
    return this.servers.filter((server) => server.mode === 'follower')
  }

  observers(): TestServer[] {
    return this.servers.filter((server) => server.mode === 'observer')
  }

  /**
   * Settles when these servers serve and one of them leads; gives that one. Unless said otherwise these are all that are up and
   * not paused. Of two sides of a partition, only the one with a quorum can be waited for.
   */
  whenReady(servers?: readonly TestServer[]): Promise<TestServer> {
    const wanted = (): readonly TestServer[] => servers ?? this.servers.filter((server) => server.isRunning && !server.isPaused)
    return eventually(
      () => leaderOfAll(wanted()),
      () => `the ensemble is not ready: ${this.servers.map((server) => server.describe()).join(', ')}`,
    )
  }

  /**
   * Cuts the network between the groups. Inside of a group, and between servers that no group names and all others, it stays. Clients
   * reach every server as before. More cuts may be added; `heal` takes them all back.
   */
  partition(...groups: readonly (readonly TestServer[])[]): void {
    this.#network.partition(groups.map((group) => group.map(this.#hostOf)))
  }

  /** Joins what was cut: what was sent meanwhile arrives. */
  heal(): void {
    this.#network.heal()
  }

  /** Ends a session as its time-out does; settles when it is over at the leader. */
  async expireSession(sessionId: bigint): Promise<void> {
    const leader = this.leader() ?? (await this.whenReady())
    await leader.expireSession(sessionId)
  }

  /** Stops all servers as an operator does, one after the other. Their data stay, and they can be started again. */
  async stop(): Promise<void> {
    for (const server of this.servers) await server.stop()
  }

  /** Ends all servers at once and gives up their ports and their data. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.servers) server.kill()
    await Promise.all(this.servers.map((server) => server[Symbol.asyncDispose]()))
    this.#storage.dispose()
  }
}

/** The one that leads, if all of them serve and exactly one leads. */
function leaderOfAll(servers: readonly TestServer[]): TestServer | null {
  if (servers.some(({ mode }) => mode === null || mode === 'read-only')) return null
  const leaders = servers.filter(({ mode }) => mode === 'leader')
  return leaders.length === 1 ? (leaders[0] ?? null) : null
}
