/** An ensemble of server processes, each of them ours or Apache's, on one machine. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  fourLetterWord,
  freePort,
  launchServer,
  type ServerConfig,
  type ServerProcess,
  type ServerTarget,
} from '../support/server-process.ts'
import { type DumpedNode, dumpTree } from '../support/tree.ts'
import { COMPAT_CONFIG, JAVA_FLAGS } from './compat-server.ts'
import { CheckError, canonicalJson, check } from './suite.ts'
import { connectAdministrator } from './suites/rich-tree.ts'

/** How long something may take that has to come about. */
const PATIENCE_MS = 60_000
const POLL_MS = 25

/** Sessions must outlive the cases, and elections shall be quick; nothing may be reaped. */
const ENSEMBLE_CONFIG: ServerConfig = {
  tickTime: 500,
  initLimit: 20,
  syncLimit: 10,
  maxSessionTimeout: 60_000,
  preAllocSize: 1024,
  'znode.container.checkIntervalMs': 600_000,
}

export interface MemberPlan {
  readonly target: ServerTarget
  readonly isObserver?: boolean
}

interface MemberPlace {
  readonly plan: MemberPlan
  readonly directory: string
  readonly clientPort: number
  readonly line: string
}

export class MixedEnsemble {
  readonly #places: MemberPlace[] = []
  readonly #running = new Map<number, ServerProcess>()
  readonly #config: ServerConfig

  private constructor(config: ServerConfig) {
    this.#config = config
  }

  /** Starts all of them, each in a directory of its own in the given one, and waits until they serve. The ids begin with 1. */
  static async start(directory: string, plans: readonly MemberPlan[], config: ServerConfig = {}): Promise<MixedEnsemble> {
    const ensemble = new MixedEnsemble(config)
    for (const plan of plans) {
      const place = mkdtempSync(join(directory, `member-${plan.target}-`))
      const [clientPort, quorumPort, electionPort] = [await freePort(), await freePort(), await freePort()]
      const role = plan.isObserver === true ? 'observer' : 'participant'
      ensemble.#places.push({ plan, directory: place, clientPort, line: `127.0.0.1:${quorumPort}:${electionPort}:${role}` })
    }
    try {
      for (const id of ensemble.ids) await ensemble.startMember(id)
      await ensemble.whenServing()
    } catch (error) {
      await ensemble.killAll()
      throw error
    }
    return ensemble
  }

  get ids(): number[] {
    return this.#places.map((_, index) => index + 1)
  }

  get runningIds(): number[] {
    return this.ids.filter((id) => this.#running.has(id))
  }

  targetOf(id: number): ServerTarget {
    return this.#placeOf(id).plan.target
  }

  /** Holds the server's zoo.cfg, what it writes beside it, and its data. */
  directoryOf(id: number): string {
    return this.#placeOf(id).directory
  }

  member(id: number): ServerProcess {
    const server = this.#running.get(id)
    if (server === undefined) throw new Error(`server ${id} does not run`)
    return server
  }

  #placeOf(id: number): MemberPlace {
    const place = this.#places[id - 1]
    if (place === undefined) throw new Error(`there is no server ${id}`)
    return place
  }

  async startMember(id: number): Promise<void> {
    const { plan, directory, clientPort } = this.#placeOf(id)
    mkdirSync(join(directory, 'data'), { recursive: true })
    writeFileSync(join(directory, 'data', 'myid'), `${id}\n`)
    const lines = Object.fromEntries(this.#places.map(({ line }, index) => [`server.${index + 1}`, line]))
    const role: ServerConfig = plan.isObserver === true ? { peerType: 'observer' } : {}
    const server = await launchServer({
      target: plan.target,
      directory,
      port: clientPort,
      config: { ...COMPAT_CONFIG, ...ENSEMBLE_CONFIG, ...this.#config, ...lines, ...role },
      javaFlags: [...JAVA_FLAGS, '-Dznode.container.checkIntervalMs=600000'],
    })
    this.#running.set(id, server)
  }

  async stopMember(id: number): Promise<void> {
    const server = this.member(id)
    this.#running.delete(id)
    await server.stop()
  }

  async killMember(id: number): Promise<void> {
    const server = this.member(id)
    this.#running.delete(id)
    await server.kill()
  }

  async killAll(): Promise<void> {
    await Promise.all(this.runningIds.map((id) => this.killMember(id)))
  }

  /** The mode that the server shows; null while it serves nobody. */
  async mode(id: number): Promise<string | null> {
    const answer = await fourLetterWord(this.#placeOf(id).clientPort, 'srvr', 1000).catch(() => '')
    return /^Mode: (.*)$/m.exec(answer)?.[1] ?? null
  }

  /** Waits until these, all that run if none are named, serve; returns the leader's id. */
  async whenServing(ids: readonly number[] = this.runningIds): Promise<number> {
    return this.eventually(`servers ${ids.join(', ')} serve`, async () => {
      const modes = await Promise.all(ids.map((id) => this.mode(id)))
      const leader = ids.find((_, index) => modes[index] === 'leader')
      return modes.includes(null) || leader === undefined ? null : leader
    })
  }

  async eventually<T>(what: string, ask: () => Promise<T | null>): Promise<T> {
    const deadlineMs = performance.now() + PATIENCE_MS
    for (;;) {
      const answer = await ask()
      if (answer !== null) return answer
      if (performance.now() > deadlineMs) {
        const logs = this.runningIds.map((id) => `--- server ${id}\n${this.member(id).logTail().slice(-1500)}`)
        throw new CheckError(`it does not come about that ${what}\n${logs.join('\n')}`)
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  }

  /** The whole tree as a server holds it; without the node that each server writes for itself. */
  async tree(id: number): Promise<DumpedNode[]> {
    const administrator = await connectAdministrator(this.member(id))
    await administrator.sync('/')
    const nodes = await dumpTree(administrator)
    await administrator.close()
    return nodes.filter(({ path }) => path !== '/zookeeper/config')
  }

  /** Fails unless all servers that run hold the same tree, node by node, and have found every digest right. */
  async checkSame(): Promise<number> {
    const ids = this.runningIds
    const trees = await Promise.all(ids.map((id) => this.tree(id)))
    const [first = []] = trees
    for (const [index, tree] of trees.entries()) {
      for (const [at, node] of tree.entries()) {
        const theirs = canonicalJson(first[at] ?? null)
        const mine = canonicalJson(node)
        const who = `servers ${ids[0]} (${this.targetOf(ids[0] ?? 1)}) and ${ids[index]} (${this.targetOf(ids[index] ?? 1)})`
        check(theirs === mine, `${who} differ at ${node.path}\n  ${theirs.slice(0, 500)}\n  ${mine.slice(0, 500)}`)
      }
      check(tree.length === first.length, `servers ${ids[0]} and ${ids[index]} hold ${first.length} and ${tree.length} nodes`)
    }
    for (const id of ids) {
      const count = await this.metric(id, 'digest_mismatches_count')
      check(count === 0, `server ${id} (${this.targetOf(id)}) found ${count} digests that are not those of its tree`)
    }
    return first.length
  }

  async metric(id: number, name: string): Promise<number> {
    const text = await fourLetterWord(this.#placeOf(id).clientPort, 'mntr')
    return Number(new RegExp(`^zk_${name}\t(\\d+)`, 'm').exec(text)?.[1] ?? Number.NaN)
  }
}
