import type { Chroot } from '../chroot.ts'
import { isZooKeeperError } from '../errors.ts'
import { getChildren2, getData } from '../operations/read-operations.ts'
import type { ChildrenValue, NodeValue, Observation } from '../results.ts'
import type { Operation } from '../session/request.ts'
import type { Session } from '../session/session.ts'
import type { Stat } from '../stat.ts'
import type { WatchEvent } from '../watch/watch-event.ts'
import type { Subject } from './observer.ts'

/** How the value of a node's data and that of its children differ. */
interface Aspect<T extends { readonly stat: Stat }> {
  readonly operation: Operation<undefined, T>
  /** The event that says that it changed while the node stayed. */
  readonly changeEvent: 'changed' | 'children'
  /** How often it has changed since the node was created. */
  changeCount(stat: Stat): number
}

const DATA: Aspect<NodeValue> = { operation: getData, changeEvent: 'changed', changeCount: (stat) => stat.version }

const CHILDREN: Aspect<ChildrenValue> = {
  operation: getChildren2,
  changeEvent: 'children',
  changeCount: (stat) => stat.cversion,
}

/** A node's data, as a subject to observe. */
export function dataSubject(session: Session, path: string, chroot: Chroot): Subject<Observation<NodeValue>> {
  return new NodeSubject(session, path, chroot.toServer(path), DATA)
}

/** A node's children, as a subject to observe. */
export function childrenSubject(session: Session, path: string, chroot: Chroot): Subject<Observation<ChildrenValue>> {
  return new NodeSubject(session, path, chroot.toServer(path), CHILDREN)
}

/**
 * One aspect of one node. Between two values of the same node (the same czxid) its change count says exactly how many values were
 * missed; when the node came or went in between, there must have been just one event that says so, and no lost connection.
 */
class NodeSubject<T extends { readonly stat: Stat }> implements Subject<Observation<T>> {
  readonly path: string
  readonly serverPath: string
  readonly mode = 'persistent'
  readonly #session: Session
  readonly #aspect: Aspect<T>
  #last: T | null = null
  #isFirst = true
  /** How often the node came or went since the last look began. */
  #lives = 0
  #wasCutOff = false

  constructor(session: Session, path: string, serverPath: string, aspect: Aspect<T>) {
    this.#session = session
    this.path = path
    this.serverPath = serverPath
    this.#aspect = aspect
  }

  onEvent(event: WatchEvent): boolean {
    if (event.type === 'gap') this.#wasCutOff = true
    else if (event.type === 'created' || event.type === 'deleted') this.#lives += 1
    else return event.type === this.#aspect.changeEvent
    return true
  }

  async look(): Promise<Observation<T> | null> {
    const livesBefore = this.#lives
    const wasCutOff = this.#wasCutOff
    const value = await this.#read()
    const lives = this.#lives
    // Events that came during the read are counted again for the next look: too many make a gap too many, and never one too few.
    this.#lives -= livesBefore
    this.#wasCutOff = false
    const last = this.#last
    this.#last = value
    if (this.#isFirst) {
      this.#isFirst = false
      return { value, gap: false }
    }
    if (this.#isSame(last, value)) return null
    return { value, gap: this.#isGap(last, value, lives, wasCutOff) }
  }

  async #read(): Promise<T | null> {
    try {
      return await this.#session.request(this.#aspect.operation, this.path, this.serverPath, undefined)
    } catch (error) {
      if (isZooKeeperError(error, 'NO_NODE')) return null
      throw error
    }
  }

  #isSame(last: T | null, value: T | null): boolean {
    if (last === null || value === null) return last === value
    return last.stat.czxid === value.stat.czxid && this.#count(last) === this.#count(value)
  }

  #isGap(last: T | null, value: T | null, lives: number, wasCutOff: boolean): boolean {
    if (last !== null && value !== null && last.stat.czxid === value.stat.czxid)
      return this.#count(value) !== this.#count(last) + 1
    if (last !== null && value !== null) return true
    return wasCutOff || lives !== 1 || (value !== null && this.#count(value) !== 0)
  }

  #count(value: T): number {
    return this.#aspect.changeCount(value.stat)
  }
}
