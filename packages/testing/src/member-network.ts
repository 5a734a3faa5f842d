// The network between the members of one ensemble. Members speak to each other through memory: nothing has to be bound, so that
// ensembles of parallel tests cannot get in each other's way, and links can be cut.
//
// A cut is what a network does, not what an end of a connection does: what was sent waits, an end that closes is not heard of, and
// a connection that is being opened stays half open until its time is up. When the cut heals, all of it arrives, as with TCP.

import type { ConnectionAttempt, ConnectionHandler, ConnectOptions, NetworkConnection } from '@tskeeper/server'
import { LinkEnd, linkPair } from './member-link.ts'
import type { Belonging, ServerLife } from './server-life.ts'

/** One member's place in the network: who it is in this life. */
export interface MemberPlace {
  readonly host: string
  readonly life: ServerLife
}

interface MemberListener extends MemberPlace {
  readonly accept: (connection: NetworkConnection) => void
}

export class MemberNetwork {
  readonly hosts: ReadonlySet<string>
  readonly #listeners = new Map<string, MemberListener>()
  readonly #ends = new Set<LinkEnd>()
  readonly #dials = new Set<Dial>()
  readonly #cuts = new Set<string>()
  #nextPort = 1

  constructor(hosts: Iterable<string>) {
    this.hosts = new Set(hosts)
  }

  /** Cuts the links between members of different groups. Hosts that no group names keep all of theirs. */
  partition(groups: readonly (readonly string[])[]): void {
    for (const [index, group] of groups.entries()) {
      for (const host of group) {
        for (const other of groups.slice(index + 1).flat()) if (other !== host) this.#cuts.add(pairKey(host, other))
      }
    }
  }

  heal(): void {
    this.#cuts.clear()
    for (const end of this.#ends) end.deliverSoon()
    for (const dial of this.#dials) dial.tryNow()
  }

  isCut(one: string, other: string): boolean {
    return this.#cuts.has(pairKey(one, other))
  }

  /** False if somebody listens there already. */
  listen(place: MemberPlace, port: number, accept: (connection: NetworkConnection) => void): boolean {
    const key = `${place.host}:${port}`
    if (this.#listeners.get(key)?.life.isAlive === true) return false
    this.#listeners.set(key, { ...place, accept })
    return true
  }

  close({ host, life }: MemberPlace, port: number): void {
    const key = `${host}:${port}`
    if (this.#listeners.get(key)?.life === life) this.#listeners.delete(key)
  }

  connect(
    place: MemberPlace,
    options: ConnectOptions,
    handler: ConnectionHandler,
    ready: (error: Error | null, connection: NetworkConnection | null) => void,
  ): ConnectionAttempt {
    const dial = new Dial(this, place, options, (error, end) => {
      if (end !== null) end.handler = handler
      ready(error, end)
    })
    this.#dials.add(dial)
    setImmediate(() => dial.tryNow())
    return dial
  }

  /** A link to who listens there now; null if nobody does. */
  link(from: MemberPlace, host: string, port: number): LinkEnd | null {
    const key = `${host}:${port}`
    const listener = this.#listeners.get(key)
    if (listener === undefined || !listener.life.isAlive) return null
    const { life } = listener
    const [near, far] = linkPair(this, from, { host, life }, this.#nextPort++)
    for (const end of [near, far]) this.#ends.add(end)
    life.tell(() => {
      if (this.#listeners.get(key) === listener) listener.accept(far)
      else far.destroy()
    })
    return near
  }

  ended(end: LinkEnd): void {
    this.#ends.delete(end)
  }

  concluded(dial: Dial): void {
    this.#dials.delete(dial)
  }
}

/** A connection that is being opened. */
class Dial implements ConnectionAttempt, Belonging {
  readonly #network: MemberNetwork
  readonly #place: MemberPlace
  readonly #options: ConnectOptions
  readonly #ready: (error: Error | null, end: LinkEnd | null) => void
  readonly #timer: NodeJS.Timeout
  #isOver = false
  #isCancelled = false

  constructor(
    network: MemberNetwork,
    place: MemberPlace,
    options: ConnectOptions,
    ready: (error: Error | null, end: LinkEnd | null) => void,
  ) {
    const { host, port, timeoutMs } = options
    this.#network = network
    this.#place = place
    this.#options = options
    this.#ready = ready
    this.#timer = setTimeout(
      () => this.#conclude(new Error(`no connection to ${host}:${port} within ${timeoutMs} ms`)),
      timeoutMs,
    )
    place.life.own(this)
  }

  tryNow(): void {
    const { host, port } = this.#options
    if (this.#isOver || this.#network.isCut(this.#place.host, host)) return
    const end = this.#network.link(this.#place, host, port)
    if (end === null) this.#conclude(Object.assign(new Error(`connect ECONNREFUSED ${host}:${port}`), { code: 'ECONNREFUSED' }))
    else this.#conclude(null, end)
  }

  cancel(): void {
    this.#isCancelled = true
    this.#finish()
  }

  held(): void {}

  lost(): void {
    this.cancel()
  }

  #conclude(error: Error | null, end: LinkEnd | null = null): void {
    if (this.#isOver) return
    this.#finish()
    this.#place.life.tell(() => {
      if (this.#isCancelled) end?.destroy()
      else this.#ready(error, end)
    })
  }

  #finish(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#place.life.disown(this)
    this.#network.concluded(this)
  }
}

function pairKey(one: string, other: string): string {
  return one < other ? `${one} ${other}` : `${other} ${one}`
}
