// Concurrent writers of every kind, each with several requests on the way. They look at nothing but
// their own guesses: a write that fails is as good as one that succeeds, because the oracle knows
// what each must end with.

import { openAcl, type RawAcl, RawCreateMode } from '../support/raw-records.ts'
import { type History, RecordedSession } from './history.ts'
import type { SeededRandom } from './seeded-random.ts'
import { delay } from './suite.ts'
import type { Operation, SingleOperation } from './tree-model.ts'

const OWN_NODES = 25
const OWN_EPHEMERALS = 6
const SHARED_NODES = 8
/** Names of sequential nodes that a writer remembers, to delete them again. */
const REMEMBERED_MAX = 60

/** ACLs that a node of the prepared tree keeps in use all the time. */
const lastingAcls: readonly (readonly RawAcl[])[] = [1, 2, 3, 4].map((number) => [
  ...openAcl,
  { perms: number, scheme: 'digest', id: `lasting${number}:hash` },
])

/** Creates the nodes that all writers use. */
export async function prepareTree(session: RecordedSession, writers: number): Promise<void> {
  const paths = ['/queue', '/shared', '/together']
  for (let index = 0; index < writers; index++) paths.push(`/w${index}`)
  for (let index = 0; index < SHARED_NODES; index++) paths.push(`/shared/n${index}`)
  await Promise.all(paths.map((path) => session.write({ kind: 'create', path, data: null, flags: RawCreateMode.persistent })))
  for (const [index, acl] of lastingAcls.entries()) {
    const path = `/shared/acl${index}`
    await session.write({ kind: 'create', path, data: null, flags: RawCreateMode.persistent })
    await session.write({ kind: 'setAcl', path, acl, version: -1 })
  }
}

/** One writer: its session may end and be followed by another, its nodes stay its own. */
export class LoadWriter {
  readonly index: number
  session: RecordedSession
  readonly #home: string
  readonly #hasPassingAcls: boolean
  readonly #sequentials: string[] = []
  #random: SeededRandom
  #window = 1
  #isRunning = false
  #isChangingSession = false

  /** `hasPassingAcls`: also use ACLs that come into use and go out of it while a snapshot is written. */
  constructor(index: number, session: RecordedSession, random: SeededRandom, hasPassingAcls: boolean) {
    this.#hasPassingAcls = hasPassingAcls
    this.index = index
    this.session = session
    this.#home = `/w${index}`
    this.#random = random
  }

  /** Writes until `stop`, or until the connection ends. */
  start(port: number, window: number, random: SeededRandom): void {
    this.#window = window
    this.#random = random
    this.#isRunning = true
    this.#pump(port)
  }

  /** Stops sending and resolves when every request is answered or unknown for good. */
  async stop(): Promise<void> {
    this.#isRunning = false
    while (this.#isChangingSession || this.session.outstanding > 0) await delay(2)
  }

  #pump(port: number): void {
    while (this.#isRunning && !this.#isChangingSession && this.session.isConnected && this.session.outstanding < this.#window) {
      if (this.#random.isLikely(0.002)) {
        this.#changeSession(port)
        return
      }
      this.#sendOne(port)
    }
  }

  #sendOne(port: number): void {
    const random = this.#random
    if (random.isLikely(0.15)) {
      void this.session.read(random.isLikely(0.5) ? this.#ownPath() : this.#sharedPath()).then(() => this.#pump(port))
      return
    }
    const operation = this.#operation()
    void this.session.write(operation).then((outcome) => {
      if (outcome?.path != null && /\d{10}$/.test(outcome.path)) this.#rememberSequential(outcome.path)
      this.#pump(port)
    })
  }

  /** Closes the session in the middle of everything and goes on with a new one. */
  #changeSession(port: number): void {
    this.#isChangingSession = true
    const history: History = this.session.history
    const change = async (): Promise<void> => {
      if (!(await this.session.close())) return
      this.session = await RecordedSession.open(history, port, this.session.timeoutMs)
    }
    void change()
      // The server was killed before it opened the new session: the writer ends with the connection.
      .catch(() => undefined)
      .then(() => {
        this.#isChangingSession = false
        this.#pump(port)
      })
  }

  #operation(): Operation {
    const random = this.#random
    const choice = random.below(100)
    if (choice < 22) return create(this.#ownPath(), this.#data(), RawCreateMode.persistent)
    if (choice < 29) return create(`${this.#home}/s-`, this.#data(), RawCreateMode.persistentSequential)
    if (choice < 38) return create('/queue/item-', this.#data(), RawCreateMode.persistentSequential)
    if (choice < 44) return create(this.#ephemeralPath(), this.#data(), RawCreateMode.ephemeral)
    if (choice < 48) return create('/together/e-', this.#data(), RawCreateMode.ephemeralSequential)
    if (choice < 63) return { kind: 'setData', path: this.#ownPath(), data: this.#data(), version: -1 }
    if (choice < 72) return { kind: 'setData', path: this.#sharedPath(), data: this.#data(), version: this.#guessVersion() }
    if (choice < 83) return { kind: 'delete', path: this.#ownPath(), version: random.isLikely(0.2) ? random.below(4) : -1 }
    if (choice < 89) return { kind: 'delete', path: this.#forgetSequential() ?? this.#ephemeralPath(), version: -1 }
    if (choice < 90) return create(`${this.#ephemeralPath()}/child`, null, RawCreateMode.persistent)
    if (choice < 93) return this.#setAcl()
    return { kind: 'multi', parts: this.#multiParts() }
  }

  #multiParts(): SingleOperation[] {
    const random = this.#random
    const parts: SingleOperation[] = []
    for (let count = random.between(1, 6); count > 0; count--) {
      const choice = random.below(10)
      if (choice < 3) parts.push(create(this.#ownPath(), this.#data(), RawCreateMode.persistent))
      else if (choice < 4) parts.push(create('/queue/multi-', this.#data(), RawCreateMode.persistentSequential))
      else if (choice < 5) parts.push(create(this.#ephemeralPath(), this.#data(), RawCreateMode.ephemeral))
      else if (choice < 8) parts.push({ kind: 'setData', path: this.#sharedPath(), data: this.#data(), version: -1 })
      else if (choice < 9) parts.push({ kind: 'delete', path: this.#ownPath(), version: -1 })
      else parts.push({ kind: 'check', path: this.#ownPath(), version: random.isLikely(0.5) ? -1 : random.below(3) })
    }
    return parts
  }

  #setAcl(): Operation {
    if (!this.#hasPassingAcls || this.#random.isLikely(0.3)) {
      return { kind: 'setAcl', path: this.#ownPath(), acl: this.#random.pick([openAcl, ...lastingAcls]), version: -1 }
    }
    const acl = [...openAcl]
    for (let count = this.#random.below(3); count > 0; count--) {
      acl.push({ perms: this.#random.between(1, 31), scheme: 'digest', id: `user${this.#random.below(5)}:hash` })
    }
    return { kind: 'setAcl', path: this.#ownPath(), acl: removeDuplicates(acl), version: -1 }
  }

  #ownPath(): string {
    const path = `${this.#home}/n${this.#random.below(OWN_NODES)}`
    return this.#random.isLikely(0.25) ? `${path}/c${this.#random.below(4)}` : path
  }

  #sharedPath(): string {
    return `/shared/n${this.#random.below(SHARED_NODES)}`
  }

  #ephemeralPath(): string {
    return `${this.#home}/e${this.#random.below(OWN_EPHEMERALS)}`
  }

  #guessVersion(): number {
    return this.#random.isLikely(0.6) ? -1 : this.#random.below(30)
  }

  #data(): Uint8Array | null {
    const choice = this.#random.below(1000)
    if (choice < 40) return null
    if (choice < 80) return new Uint8Array(0)
    if (choice < 900) return this.#random.bytes(this.#random.between(1, 300))
    if (choice < 993) return this.#random.bytes(this.#random.between(301, 8000))
    return this.#random.bytes(this.#random.between(8001, 150_000))
  }

  #rememberSequential(path: string): void {
    this.#sequentials.push(path)
    if (this.#sequentials.length > REMEMBERED_MAX) this.#sequentials.shift()
  }

  #forgetSequential(): string | null {
    if (this.#sequentials.length === 0) return null
    return this.#sequentials.splice(this.#random.below(this.#sequentials.length), 1)[0] ?? null
  }
}

function create(path: string, data: Uint8Array | null, flags: number): SingleOperation & { kind: 'create' } {
  return { kind: 'create', path, data, flags }
}

/** The server drops entries that stand in a list twice; a list without them is stored as it is. */
function removeDuplicates<T>(entries: readonly T[]): T[] {
  const seen = new Map(entries.map((entry) => [JSON.stringify(entry), entry]))
  return [...seen.values()]
}
