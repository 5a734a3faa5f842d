// Those who look on under chaos: every kind of observer and an iterated recursive watch, on clients of their own, while a writer whose connection
// never breaks makes the changes. What a step tells is compared with what the writer did.

import { decodeText, type ZooKeeper } from '@tskeeper/client'
import type { SeededRandom } from '../faults/seeded-random.ts'
import { check } from './findings.ts'

const ROOT = '/chaos/observed'
const VALUE = `${ROOT}/value`
const PARENT = `${ROOT}/parent`
/** Servers before 3.9 keep one kind of watch for a path and session, so each kind of observer has a path of its own. */
const TREE = `${ROOT}/tree`
const EVENTS = `${ROOT}/events`

/** What one looker-on has seen. */
interface Looker {
  readonly name: string
  readonly isUpToDate: () => boolean
  readonly done: Promise<void>
  steps: number
  gaps: number
}

export class ChaosObservers {
  readonly #writer: ZooKeeper
  readonly #random: SeededRandom
  readonly #ending = new AbortController()
  readonly #lookers: Looker[] = []
  /** What the first of them found wrong. */
  #finding: unknown = null
  /** The writer's own view. */
  readonly #children = new Set<string>()
  #value = 0
  #created = 0

  constructor(writer: ZooKeeper, random: SeededRandom) {
    this.#writer = writer
    this.#random = random
  }

  async prepare(): Promise<void> {
    await this.#writer.create(ROOT, '', { withParents: true })
    await this.#writer.create(VALUE, '0')
    await this.#writer.create(PARENT)
    await this.#writer.create(TREE)
    await this.#writer.create(EVENTS)
  }

  /** Begins to look on with a client. */
  async join(zk: ZooKeeper): Promise<void> {
    this.#lookAtValue(zk)
    this.#lookAtChildren(zk)
    this.#lookAtTree(zk)
    await this.#lookAtEvents(zk)
  }

  /** Makes one change of each kind. */
  async change(): Promise<void> {
    await this.#writer.set(VALUE, String(++this.#value))
    await this.#writer.create(`${EVENTS}/${this.#created}`)
    const name = String(this.#created++)
    this.#children.add(name)
    await this.#writer.create(`${PARENT}/${name}`)
    await this.#writer.create(`${TREE}/${name}`, name)
    if (!this.#random.isLikely(0.3)) return
    const victim = this.#random.pick([...this.#children])
    this.#children.delete(victim)
    await this.#writer.delete(`${PARENT}/${victim}`)
    await this.#writer.delete(`${TREE}/${victim}`)
  }

  /** Throws what any of them found wrong. */
  areUpToDate(): boolean {
    if (this.#finding !== null) throw this.#finding
    return this.#lookers.every((looker) => looker.isUpToDate())
  }

  /** Who has not seen the last state, for the message. */
  get laggards(): string {
    return this.#lookers
      .filter((looker) => !looker.isUpToDate())
      .map((looker) => `${looker.name} after ${looker.steps} steps`)
      .join('; ')
  }

  /** Ends all; rejects with what any of them found wrong. */
  async end(): Promise<string> {
    this.#ending.abort()
    await Promise.all(this.#lookers.map((looker) => looker.done))
    const steps = this.#lookers.reduce((sum, looker) => sum + looker.steps, 0)
    const gaps = this.#lookers.reduce((sum, looker) => sum + looker.gaps, 0)
    return `${this.#lookers.length} observers took ${steps} steps, ${gaps} of them over a gap`
  }

  #begin(name: string, isUpToDate: () => boolean, look: (looker: Looker, signal: AbortSignal) => Promise<void>): void {
    let settle: (done: Promise<void>) => void = () => undefined
    const done = new Promise<void>((resolve) => {
      settle = resolve
    })
    const looker: Looker = { name, isUpToDate, done, steps: 0, gaps: 0 }
    done.catch((error: unknown) => {
      this.#finding ??= error
    })
    this.#lookers.push(looker)
    settle(look(looker, this.#ending.signal))
  }

  #lookAtValue(zk: ZooKeeper): void {
    let last = -1
    this.#begin(
      'the observer of a value',
      () => last === this.#value,
      async (looker, signal) => {
        for await (const { value, gap } of zk.observe(VALUE, { signal })) {
          check(value !== null, `${VALUE} was never deleted, and is said to be`)
          const number = Number(decodeText(value.data))
          check(number > last, `the value went from ${last} to ${number}`)
          check(last === -1 || gap || number === last + 1, `no gap was told between ${last} and ${number}`)
          last = number
          looker.steps += 1
          if (gap) looker.gaps += 1
        }
      },
    )
  }

  #lookAtChildren(zk: ZooKeeper): void {
    let latest: ReadonlySet<string> = new Set()
    let lastCversion = -1
    this.#begin(
      'the observer of children',
      () => isSame(latest, this.#children),
      async (looker, signal) => {
        for await (const { value, gap } of zk.observeChildren(PARENT, { signal })) {
          check(value !== null, `${PARENT} was never deleted, and is said to be`)
          const { cversion } = value.stat
          check(cversion > lastCversion, `the children went from version ${lastCversion} to ${cversion}`)
          check(
            lastCversion === -1 || gap || cversion === lastCversion + 1,
            `no gap was told between ${lastCversion} and ${cversion}`,
          )
          lastCversion = cversion
          latest = new Set(value.children)
          looker.steps += 1
          if (gap) looker.gaps += 1
        }
      },
    )
  }

  #lookAtTree(zk: ZooKeeper): void {
    let latest: ReadonlySet<string> = new Set()
    this.#begin(
      'the observer of a tree',
      () => isSame(latest, this.#children),
      async (looker, signal) => {
        for await (const { nodes, gap } of zk.observeTree(TREE, { signal })) {
          latest = new Set([...nodes.keys()].filter((path) => path !== TREE).map((path) => path.slice(TREE.length + 1)))
          for (const [path, { data }] of nodes) {
            if (path !== TREE) check(decodeText(data) === path.slice(TREE.length + 1), `${path} has the data of another node`)
          }
          looker.steps += 1
          if (gap) looker.gaps += 1
        }
      },
    )
  }

  /** An event that is not told must lie in a gap that is. */
  async #lookAtEvents(zk: ZooKeeper): Promise<void> {
    let last = -1
    let isAfterGap = false
    const events = zk.watch(EVENTS, { recursive: true, signal: this.#ending.signal })
    this.#begin(
      'the watch of a tree',
      () => isAfterGap || last === this.#created - 1,
      async (looker) => {
        for await (const { type, path } of events) {
          looker.steps += 1
          if (type === 'gap') {
            looker.gaps += 1
            isAfterGap = true
          } else if (type === 'created') {
            const number = Number(path.slice(EVENTS.length + 1))
            check(number > last, `the event of ${number} came after that of ${last}`)
            check(isAfterGap || number === last + 1, `no gap was told between the events of ${last} and ${number}`)
            last = number
            isAfterGap = false
          }
        }
      },
    )
    // The watch is set when the next request has been answered: requests of one client are answered in order.
    await zk.exists(EVENTS)
  }
}

function isSame(left: ReadonlySet<string>, right: ReadonlySet<string>): boolean {
  return left.size === right.size && [...left].every((each) => right.has(each))
}
