// One client under chaos: it does operations of all kinds, many at once, and keeps a book of how each of them ended, which is compared with what
// the server has at the end.

import { isZooKeeperError, type OperationOptions, type WatchEvent, type ZooKeeper } from '@tskeeper/client'
import type { SeededRandom } from '../faults/seeded-random.ts'
import { check, Finding } from './findings.ts'

/** How an operation ended, as far as its caller can know. */
type Ending = 'applied' | 'unknown' | 'not-applied'

/** What must be true of a node at the end. */
type Fate = 'there' | 'unknown' | 'absent'

/** A node that is set over and over. */
interface Register {
  readonly path: string
  acknowledged: number
  unknown: number
  lastMzxid: bigint
  /** Values of writes that certainly did not happen. */
  readonly refused: Set<string>
}

/** A one-shot watch, and how often it was called. */
interface ArmedWatch {
  readonly path: string
  isArmed: boolean
  fired: number
}

/** What an operation may end with under chaos; everything else is a finding. */
const EXPECTED = new Set(['CONNECTION_LOSS', 'TIMEOUT', 'ABORTED', 'SESSION_EXPIRED'])

const REGISTERS = 8
const DATA_BYTES = 100

export class ChaosWorker {
  readonly root: string
  readonly #zk: ZooKeeper
  readonly #random: SeededRandom
  readonly #fates = new Map<string, Fate>()
  /** Pairs that a transaction creates: both are there or neither. */
  readonly #pairs: (readonly [string, string])[] = []
  readonly #deletable: string[] = []
  readonly #registers: Register[] = []
  readonly #watches: ArmedWatch[] = []
  readonly #data = new Uint8Array(DATA_BYTES).fill(120)
  #serial = 0
  settled = 0
  readonly endings = { applied: 0, unknown: 0, 'not-applied': 0 }

  constructor(zk: ZooKeeper, name: string, random: SeededRandom) {
    this.#zk = zk
    this.root = `/chaos/${name}`
    this.#random = random
  }

  /** Makes the nodes that the operations need, over a connection that does not break. */
  async prepare(sure: ZooKeeper): Promise<void> {
    await sure.create(this.root, '', { withParents: true })
    await sure.create(`${this.root}/nodes`)
    for (let index = 0; index < REGISTERS; index++) {
      const path = `${this.root}/register-${index}`
      const { stat } = await sure.createWithStat(path, 'first')
      this.#registers.push({ path, acknowledged: 0, unknown: 0, lastMzxid: stat.mzxid, refused: new Set() })
    }
  }

  /** One operation of chance. Settles when the operation has, however that was. */
  async operate(): Promise<void> {
    const choice = this.#random.below(100)
    const ending = await this.#outcome(choice)
    this.endings[ending] += 1
    this.settled += 1
  }

  #outcome(choice: number): Promise<Ending> {
    if (choice < 30) return this.#create()
    if (choice < 42) return this.#delete()
    if (choice < 60) return this.#set()
    if (choice < 66) return this.#createPair()
    if (choice < 76) return this.#getWithWatch()
    return this.#read(choice)
  }

  async #create(): Promise<Ending> {
    const path = this.#nextPath()
    const ending = await this.#attempt(this.#zk.create(path, this.#data, this.#limits()))
    this.#fates.set(path, ending === 'applied' ? 'there' : ending === 'unknown' ? 'unknown' : 'absent')
    if (ending === 'applied') this.#deletable.push(path)
    return ending
  }

  async #delete(): Promise<Ending> {
    const path = this.#deletable.pop()
    if (path === undefined) return this.#create()
    const ending = await this.#attempt(this.#zk.delete(path, this.#limits()))
    this.#fates.set(path, ending === 'applied' ? 'absent' : ending === 'unknown' ? 'unknown' : 'there')
    return ending
  }

  async #set(): Promise<Ending> {
    const register = this.#random.pick(this.#registers)
    const value = `value ${this.#serial++}`
    const ending = await this.#attempt(this.#zk.set(register.path, value, this.#limits()), ({ mzxid }) => {
      register.acknowledged += 1
      if (mzxid > register.lastMzxid) register.lastMzxid = mzxid
    })
    if (ending === 'unknown') register.unknown += 1
    if (ending === 'not-applied') register.refused.add(value)
    return ending
  }

  async #createPair(): Promise<Ending> {
    const pair = [this.#nextPath(), this.#nextPath()] as const
    const transaction = this.#zk.transaction().create(pair[0], this.#data).create(pair[1], this.#data)
    const ending = await this.#attempt(transaction.commit(this.#limits()))
    this.#pairs.push(pair)
    for (const path of pair) this.#fates.set(path, ending === 'applied' ? 'there' : ending === 'unknown' ? 'unknown' : 'absent')
    return ending
  }

  async #getWithWatch(): Promise<Ending> {
    const { path } = this.#random.pick(this.#registers)
    const armed: ArmedWatch = { path, isArmed: false, fired: 0 }
    const watch = (event: WatchEvent): void => {
      armed.fired += 1
      if (event.path !== path) throw new Finding(`an event of ${event.path} at a watch of ${path}`)
    }
    this.#watches.push(armed)
    return this.#attempt(this.#zk.get(path, { watch, ...this.#limits() }), () => {
      armed.isArmed = true
    })
  }

  #read(choice: number): Promise<Ending> {
    const { path } = this.#random.pick(this.#registers)
    const limits = this.#limits()
    if (choice < 88) return this.#attempt(this.#zk.get(path, limits))
    if (choice < 93) return this.#attempt(this.#zk.exists(path, limits))
    if (choice < 96) return this.#attempt(this.#zk.children('/chaos', limits))
    if (choice < 98) return this.#attempt(this.#zk.multiRead([{ type: 'get', path }], limits))
    return this.#attempt(this.#zk.sync('/', limits))
  }

  async #attempt<T>(promise: Promise<T>, onApplied?: (result: T) => void): Promise<Ending> {
    try {
      const result = await promise
      onApplied?.(result)
      return 'applied'
    } catch (error) {
      if (!isZooKeeperError(error) || !EXPECTED.has(error.code)) throw error
      return error.mayHaveBeenApplied ? 'unknown' : 'not-applied'
    }
  }

  /** A few operations have a deadline, a few are given up by their caller. */
  #limits(): OperationOptions {
    const die = this.#random.below(100)
    if (die < 3) return { deadlineMs: 1 + this.#random.below(50) }
    if (die < 5) return { signal: AbortSignal.timeout(1 + this.#random.below(50)) }
    return {}
  }

  #nextPath(): string {
    return `${this.root}/nodes/${this.#serial++}`
  }

  /** Compares the book with what there is. */
  async checkNodes(sure: ZooKeeper): Promise<void> {
    const names = await sure.children(`${this.root}/nodes`)
    const there = new Set(names.map((name) => `${this.root}/nodes/${name}`))
    for (const [path, fate] of this.#fates) {
      if (fate === 'there') check(there.has(path), `${path} was acknowledged and is missing`)
      if (fate === 'absent')
        check(!there.has(path), `${path} is there, though it was deleted or its creation "was not carried out"`)
    }
    for (const path of there) check(this.#fates.has(path), `${path} is there, and nobody created it`)
    // The worker never deletes what its transactions created, so the halves of each tell whether it happened as a whole.
    for (const [first, second] of this.#pairs) {
      check(there.has(first) === there.has(second), `of the transaction of ${first} and ${second} one half happened`)
    }
    for (const register of this.#registers) await this.#checkRegister(sure, register)
  }

  async #checkRegister(sure: ZooKeeper, register: Register): Promise<void> {
    const { data, stat } = await sure.get(register.path)
    const { path, acknowledged, unknown, lastMzxid, refused } = register
    const value = new TextDecoder().decode(data)
    check(stat.version >= acknowledged, `${path} has version ${stat.version} after ${acknowledged} acknowledged writes`)
    check(
      stat.version <= acknowledged + unknown,
      `${path} has version ${stat.version}, more than the ${acknowledged + unknown} possible writes`,
    )
    check(!refused.has(value), `${path} has "${value}", a write that "was not carried out"`)
    check(stat.mzxid >= lastMzxid, `${path} was last changed in ${stat.mzxid}, before the acknowledged ${lastMzxid}`)
  }

  /** To be called when every watched node is gone: each watch was called once, if the read that left it was answered. */
  checkWatches(): string {
    for (const { path, isArmed, fired } of this.#watches) {
      check(fired === (isArmed ? 1 : 0), `a watch of ${path} that was ${isArmed ? '' : 'not '}set was called ${fired} times`)
    }
    return String(this.#watches.filter(({ isArmed }) => isArmed).length)
  }

  /** Whether all watches that were set have been called. */
  get areWatchesDone(): boolean {
    return this.#watches.every(({ isArmed, fired }) => !isArmed || fired > 0)
  }
}
