import type { HostPort } from '../connect-string.ts'
import type { Random } from '../runtime/runtime.ts'
import { shuffled } from './shuffled.ts'

/**
 * The servers in the order in which they are tried: shuffled once, then round and round, so that the clients of an
 * ensemble spread over it.
 *
 * When the list is replaced, clients move to the new servers with such probabilities that each server ends up with its
 * share. While a client moves (`#move` is set), an attempt picks one of the new servers with probability
 * `newProbability`, else one of those that stay; each server is tried once, then the round goes on as always.
 */
export class HostList {
  readonly #random: Random
  #hosts: HostPort[]
  /** Index of the server that was given last; -1 before the first. */
  #current = -1
  /** How many servers have been given since the last connection that came about. */
  #tries = 0
  #move: Move | null = null

  constructor(hosts: readonly HostPort[], random: Random) {
    this.#random = random
    this.#hosts = shuffled(hosts, random)
  }

  get size(): number {
    return this.#hosts.length
  }

  /** How often the whole list was tried without success. */
  get roundsFailed(): number {
    return Math.floor(this.#tries / this.#hosts.length)
  }

  /** The server to try next. */
  next(): HostPort {
    this.#tries += 1
    const moved = this.#move === null ? null : this.#nextOfMove(this.#move)
    if (moved !== null) return moved
    this.#current = (this.#current + 1) % this.#hosts.length
    return this.#at(this.#current)
  }

  /** The server given last was connected to. */
  connected(): void {
    this.#tries = 0
    this.#move = null
  }

  /** The connection is lost: the first attempt at each other server counts anew. */
  lost(): void {
    this.#tries = 0
  }

  /** Makes `host` the next one to be given. */
  prefer(host: HostPort): void {
    const index = this.#hosts.findIndex((known) => isSame(known, host))
    if (index < 0) return
    this.#move = null
    this.#current = (index + this.#hosts.length - 1) % this.#hosts.length
  }

  /** Every server but `current`, in the order in which they would be tried. */
  others(current: HostPort): HostPort[] {
    return this.#hosts.filter((host) => !isSame(host, current))
  }

  /** Takes a new list. True: the client is to leave `current` and connect to what `next` says. */
  update(hosts: readonly HostPort[], current: HostPort | null): boolean {
    const old = this.#hosts
    this.#hosts = shuffled(hosts, this.#random)
    const staying = this.#hosts.filter((host) => old.some((known) => isSame(known, host)))
    const fresh = this.#hosts.filter((host) => !staying.includes(host))
    this.#tries = 0
    this.#move = null
    this.#current = current === null ? -1 : this.#hosts.findIndex((host) => isSame(host, current))
    const isListed = this.#current >= 0
    const newProbability = this.#moveProbability(old.length, staying.length, fresh.length, isListed)
    if (newProbability === null) return false
    this.#move = { fresh, staying: staying.filter((host) => current === null || !isSame(host, current)), newProbability }
    return true
  }

  /** With which probability a client that has to move goes to a new server; null when it stays. */
  #moveProbability(oldCount: number, staying: number, fresh: number, isListed: boolean): number | null {
    const count = staying + fresh
    if (count > oldCount) return isListed && this.#random.next() <= oldCount / count ? null : 1
    if (isListed) return null
    // The list shrank or kept its size: those who must move make up for what the servers that stay have too little.
    const leaving = oldCount - staying
    return leaving === 0 ? 1 : 1 - (staying * (oldCount - count)) / (count * leaving)
  }

  #nextOfMove(move: Move): HostPort | null {
    const takesFresh = move.fresh.length > 0 && (move.staying.length === 0 || this.#random.next() < move.newProbability)
    const host = takesFresh ? move.fresh.shift() : move.staying.shift()
    if (host !== undefined) {
      this.#current = this.#hosts.indexOf(host)
      return host
    }
    this.#move = null
    return null
  }

  #at(index: number): HostPort {
    const host = this.#hosts[index]
    if (host === undefined) throw new RangeError('a list of servers is never empty')
    return host
  }
}

/** A move to other servers: those not tried yet. */
interface Move {
  readonly fresh: HostPort[]
  readonly staying: HostPort[]
  readonly newProbability: number
}

function isSame(a: HostPort, b: HostPort): boolean {
  return a.port === b.port && a.host === b.host
}
