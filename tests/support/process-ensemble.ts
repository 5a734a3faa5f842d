// An ensemble of real server processes, each ours or Apache's, on ports and directories that stay theirs when a member is
// stopped, killed or replaced by the other kind.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { RawClient, type RawClientOptions } from './raw-client.ts'
import {
  createServerDirectory,
  fourLetterWord,
  freePort,
  launchServer,
  type ServerConfig,
  type ServerProcess,
  type ServerTarget,
} from './server-process.ts'
import { type DumpedNode, dumpTree } from './tree.ts'

const HOST = '127.0.0.1'
const POLL_MS = 20
/** How long something may take that has to come about; Java starts slowly on a machine that others use too. */
const PATIENCE_MS = 60_000
const JAVA_FLAGS = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Dznode.container.checkIntervalMs=1000']

/** `super:test`, the administrator of these ensembles. */
export const SUPER_IDENTITY = 'super:test'
const SUPER_DIGEST = 'super:D/InIHSb7yEEbrWz8b9l71RjZJU='

const DEFAULTS: ServerConfig = {
  tickTime: 500,
  initLimit: 20,
  syncLimit: 6,
  preAllocSize: 256,
  extendedTypesEnabled: 'true',
  'znode.container.checkIntervalMs': 1000,
  'DigestAuthenticationProvider.superDigest': SUPER_DIGEST,
}

/** Of ensembles that are not disposed of yet: nothing of them stays when this process ends early. */
const directories = new Set<string>()

process.once('exit', () => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
})

export interface MemberPlan {
  readonly target: ServerTarget
  readonly role?: 'participant' | 'observer'
}

export interface MemberPorts {
  readonly quorum: number
  readonly election: number
  readonly client: number
}

/** The address under which one member is known to another; the real one unless links go through something. */
export type AddressOf = (from: number, to: number, ports: MemberPorts) => { readonly quorum: number; readonly election: number }

export interface EnsembleOptions {
  readonly config?: ServerConfig
  /** What one member's configuration has beyond that. */
  readonly memberConfig?: (id: number) => ServerConfig
  /** Under which address a member finds another; its real one if absent. */
  readonly addressOf?: AddressOf
  /** Where a member's data are to be, if not in its own directory. */
  readonly dataDirectory?: (id: number) => string
}

export class ProcessEnsemble implements AsyncDisposable {
  readonly directory: string = createServerDirectory('ensemble')
  readonly ports: Map<number, MemberPorts> = new Map()
  /** Whose server each member is at the moment. */
  readonly targets: Map<number, ServerTarget> = new Map()
  readonly #roles = new Map<number, 'participant' | 'observer'>()
  readonly #processes = new Map<number, ServerProcess>()
  readonly #started = new Set<number>()
  readonly #clients: RawClient[] = []
  readonly #options: EnsembleOptions

  private constructor(options: EnsembleOptions) {
    this.#options = options
    directories.add(this.directory)
  }

  /** Chooses ports and directories; the ids are 1, 2, ... */
  static async plan(members: readonly MemberPlan[], options: EnsembleOptions = {}): Promise<ProcessEnsemble> {
    const ensemble = new ProcessEnsemble(options)
    for (const member of members) await ensemble.add(member)
    return ensemble
  }

  /** Plans, starts everything and waits until everything serves. */
  static async start(members: readonly MemberPlan[], options: EnsembleOptions = {}): Promise<ProcessEnsemble> {
    const ensemble = await ProcessEnsemble.plan(members, options)
    try {
      await Promise.all(ensemble.ids.map((id) => ensemble.launch(id)))
      await ensemble.whenServing()
      return ensemble
    } catch (error) {
      await ensemble[Symbol.asyncDispose]()
      throw error
    }
  }

  get ids(): number[] {
    return [...this.ports.keys()]
  }

  get runningIds(): number[] {
    return this.ids.filter((id) => this.isRunning(id))
  }

  get voterIds(): number[] {
    return this.ids.filter((id) => this.#roles.get(id) === 'participant')
  }

  get clientPorts(): number[] {
    return [...this.ports.values()].map(({ client }) => client)
  }

  /** One more member, which the configurations written from now on name. */
  async add(member: MemberPlan): Promise<number> {
    const id = this.ports.size + 1
    const ports = { quorum: await freePort(), election: await freePort(), client: await freePort() }
    this.ports.set(id, ports)
    this.targets.set(id, member.target)
    this.#roles.set(id, member.role ?? 'participant')
    return id
  }

  isRunning(id: number): boolean {
    const server = this.#processes.get(id)
    return server !== undefined && server.exitStatus === null
  }

  process(id: number): ServerProcess {
    const server = this.#processes.get(id)
    if (server === undefined) throw new Error(`server ${id} has not been started`)
    return server
  }

  /** Whose server has this client port at the moment. */
  targetOfPort(port: number): ServerTarget | undefined {
    const id = this.ids.find((each) => this.portsOf(each).client === port)
    return id === undefined ? undefined : this.targets.get(id)
  }

  portsOf(id: number): MemberPorts {
    const ports = this.ports.get(id)
    if (ports === undefined) throw new Error(`there is no server ${id}`)
    return ports
  }

  serverDirectory(id: number): string {
    return join(this.directory, `server-${id}`)
  }

  /** The line of a member, as another one reads it. `isComplete`: with the role and the client's address. */
  memberText(id: number, from: number = id): string {
    const ports = this.portsOf(id)
    const { quorum, election } = from === id ? ports : (this.#options.addressOf?.(from, id, ports) ?? ports)
    return `${HOST}:${quorum}:${election}:${this.#roles.get(id)};${HOST}:${ports.client}`
  }

  /**
   * Starts a member and does not wait for it. The configuration is written at the first start only: a server that takes part in
   * reconfigurations changes it itself.
   */
  async launch(id: number, target: ServerTarget = this.targets.get(id) ?? 'ours'): Promise<ServerProcess> {
    this.targets.set(id, target)
    const directory = this.serverDirectory(id)
    const dataDirectory = this.#options.dataDirectory?.(id) ?? join(directory, 'data')
    mkdirSync(dataDirectory, { recursive: true })
    mkdirSync(directory, { recursive: true })
    writeFileSync(join(dataDirectory, 'myid'), `${id}\n`)
    const members = Object.fromEntries(this.ids.map((other) => [`server.${other}`, this.memberText(other, id)]))
    const config = {
      ...DEFAULTS,
      dataDir: dataDirectory,
      ...members,
      // The client's address stands in the member's line.
      clientPort: null,
      clientPortAddress: null,
      ...(this.#roles.get(id) === 'observer' ? { peerType: 'observer' } : {}),
      ...this.#options.config,
      ...this.#options.memberConfig?.(id),
    }
    const keepsConfig = this.#started.has(id)
    this.#started.add(id)
    const server = await launchServer({
      target,
      directory,
      port: this.portsOf(id).client,
      config,
      keepsConfig,
      javaFlags: JAVA_FLAGS,
    })
    this.#processes.set(id, server)
    return server
  }

  /**
   * The next start writes the configuration anew: what an operator does for a member that was removed and shall come back, since
   * the list that it may have kept does not name it.
   */
  renewConfig(id: number): void {
    this.#started.delete(id)
  }

  async stop(id: number): Promise<void> {
    await this.#processes.get(id)?.stop()
  }

  async kill(id: number): Promise<void> {
    await this.#processes.get(id)?.kill()
  }

  /** The mode that a server shows; null while it serves nobody. */
  async mode(id: number): Promise<string | null> {
    const answer = await fourLetterWord(this.portsOf(id).client, 'srvr', 2000).catch(() => '')
    return /^Mode: (.*)$/m.exec(answer)?.[1] ?? null
  }

  /** Waits until these servers, all that run if none are named, serve; returns the leader's id. */
  async whenServing(ids: readonly number[] = this.runningIds, timeoutMs: number = PATIENCE_MS): Promise<number> {
    const what = `servers ${ids.join(', ')} serve`
    return this.eventually(
      what,
      async () => {
        const gone = ids.find((id) => !this.isRunning(id))
        if (gone !== undefined) throw new Error(this.#describeEnd(gone))
        const modes = await Promise.all(ids.map((id) => this.mode(id)))
        const leaders = ids.filter((_, index) => modes[index] === 'leader')
        return modes.includes(null) || leaders.length !== 1 ? null : (leaders[0] ?? null)
      },
      timeoutMs,
    )
  }

  #describeEnd(id: number): string {
    const { exitStatus, logPath } = this.process(id)
    const how = exitStatus === null ? 'has not been started' : `has ended (code ${exitStatus.code}, signal ${exitStatus.signal})`
    return `server ${id} (${this.targets.get(id)}) ${how}, log ${logPath}:\n${this.process(id).logTail()}`
  }

  /** Asks again and again until the answer is something. */
  async eventually<T>(what: string, ask: () => Promise<T | null>, timeoutMs: number = PATIENCE_MS): Promise<T> {
    const deadlineMs = performance.now() + timeoutMs
    for (;;) {
      const answer = await ask()
      if (answer !== null) return answer
      if (performance.now() > deadlineMs)
        throw new Error(`it does not come about within ${timeoutMs} ms that ${what}\n${this.logTails()}`)
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  }

  logTails(characters = 1500): string {
    return this.ids
      .filter((id) => this.#processes.has(id))
      .map(
        (id) =>
          `--- server ${id} (${this.targets.get(id)}${this.isRunning(id) ? '' : ', ended'})\n${this.process(id).log().slice(-characters)}`,
      )
      .join('\n')
  }

  /** A client of one server, as the administrator. */
  async connect(id: number, options: RawClientOptions = {}): Promise<RawClient> {
    const client = await RawClient.connect(HOST, this.portsOf(id).client, { connectTimeoutMs: 10_000, ...options })
    this.#clients.push(client)
    await client.auth('digest', SUPER_IDENTITY)
    return client
  }

  /** The whole tree as this server holds it, with everything committed so far; the node that a server writes for itself apart. */
  async tree(id: number): Promise<DumpedNode[]> {
    const client = await this.connect(id)
    await client.sync('/')
    const nodes = await dumpTree(client)
    await client.close().catch(() => client.destroy())
    return nodes.filter(({ path }) => path !== '/zookeeper/config')
  }

  /** Throws unless the trees of these servers are the same, node by node and field by field; returns how many nodes there are. */
  async checkTrees(ids: readonly number[] = this.runningIds): Promise<number> {
    // What sessions and reapers still do is done when two looks at all servers agree.
    let difference = ''
    for (let attempt = 0; attempt < 5; attempt++) {
      const trees = await Promise.all(ids.map((id) => this.tree(id)))
      difference = firstDifference(ids, trees)
      if (difference === '') {
        await this.#checkDigests(ids)
        return trees[0]?.length ?? 0
      }
      await new Promise((resolve) => setTimeout(resolve, 1000))
    }
    throw new Error(`the trees differ: ${difference}`)
  }

  async #checkDigests(ids: readonly number[]): Promise<void> {
    for (const id of ids) {
      const count = await this.metric(id, 'digest_mismatches_count')
      if (count === 0) continue
      const lines = this.process(id).log().split('\n')
      const said = lines.filter((line) => /digest|snapshot|replayed|leader/i.test(line)).slice(0, 40)
      throw new Error(`server ${id} (${this.targets.get(id)}) counts ${count} digests that do not match\n${said.join('\n')}`)
    }
  }

  /** A number of `mntr`. */
  async metric(id: number, name: string): Promise<number> {
    const text = await fourLetterWord(this.portsOf(id).client, 'mntr')
    const value = new RegExp(`^zk_${name}\t(.*)$`, 'm').exec(text)?.[1]
    if (value === undefined) throw new Error(`server ${id} has no metric ${name}`)
    return Number(value)
  }

  /** Ends all processes; nothing that they wrote stays. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.destroy()
    for (const server of this.#processes.values()) server.thaw()
    await Promise.all([...this.#processes.values()].map((server) => server.kill()))
    rmSync(this.directory, { recursive: true, force: true })
    directories.delete(this.directory)
  }
}

function firstDifference(ids: readonly number[], trees: readonly (readonly DumpedNode[])[]): string {
  const [first = [], ...others] = trees
  const expected = new Map(first.map((node) => [node.path, nodeText(node)]))
  for (const [index, other] of others.entries()) {
    const who = `server ${ids[index + 1]} against server ${ids[0]}`
    for (const node of other) {
      const text = expected.get(node.path)
      if (text !== nodeText(node)) return `${who}: ${node.path}: ${nodeText(node)} against ${text ?? 'no such node'}`
    }
    const paths = new Set(other.map(({ path }) => path))
    const missing = first.find(({ path }) => !paths.has(path))
    if (missing !== undefined) return `${who}: ${missing.path} is missing`
  }
  return ''
}

function nodeText(node: DumpedNode): string {
  return JSON.stringify(node, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))
}
