import { type Acl, type DataInput, isZooKeeperError, type Stat, type ZooKeeper, ZooKeeperError } from '@tskeeper/client'
import { type AccessOptions, aclOf } from '../line/access.ts'
import { checkDirectory, childPath, listDirectory } from '../line/directory.ts'
import { createEphemeral } from '../line/ephemeral.ts'
import { isPlaceLost, PlaceLostError } from '../line/place.ts'
import { deleteSurely } from '../line/protected-create.ts'
import { makeUuid } from '../line/unique.ts'
import { Cancellation, unlessAborted, type WaitOptions } from '../session/cancellation.ts'
import { isTransient, persevere, persevereAcrossSessions, recover, untilConnected } from '../session/persevere.ts'
import { watchExistence, watchNode } from '../session/shared-watch.ts'

const READY = 'ready'

/** How a double barrier behaves. */
export interface DoubleBarrierOptions extends AccessOptions {
  /** How many take part in a round. All users of a path must say the same, and no more than these may use it. */
  readonly participants: number
  /** Stands in the participants' nodes, for people. */
  readonly data?: DataInput
}

/** One's part in a round that has begun. */
export interface BarrierRound {
  /** Says that this participant is done, and waits until all are, or are dead. It may be called again if it was given up. */
  leave(options?: WaitOptions): Promise<void>
}

interface Member {
  readonly name: string
  readonly path: string
  readonly czxid: bigint
}

/**
 * Makes a fixed number of participants begin together and end together, round after round.
 *
 * **Guarantees.** `enter` settles when as many participants as agreed have come; `leave` settles when all participants of the
 * round have left or are dead. A fast participant may enter the next round at once: the rounds are told apart by the creation
 * zxids of their nodes. While they leave, each watches one node only; that all wake at the beginning of a round is its purpose. Members'
 * nodes are ephemeral, and what a round that died left behind is removed by the next one.
 *
 * **Failure modes.** A participant whose session expires while it waits to enter is counted again in its next session. One that dies
 * in a round, or gives up the moment in which the round begins, does not hold up the others: they are not told. A participant that
 * never comes holds up all: use a deadline. More participants than agreed may be let in or kept out.
 *
 * **Layout**, that of Curator's DistributedDoubleBarrier: `<path>/<uuid>`, ephemeral, for each member, and `<path>/ready`, persistent, while
 * a round goes on.
 *
 * ```ts
 * const barrier = new DoubleBarrier(zk, '/simulation/step', { participants: 4 })
 * const round = await barrier.enter()
 * await computeStep()
 * await round.leave()
 * ```
 */
export class DoubleBarrier {
  readonly path: string
  readonly participants: number
  readonly #zk: ZooKeeper
  readonly #data: DataInput
  readonly #acl: readonly Acl[]
  readonly #readyPath: string

  constructor(zk: ZooKeeper, path: string, options: DoubleBarrierOptions) {
    this.path = checkDirectory(path)
    if (!Number.isSafeInteger(options.participants) || options.participants < 1) {
      throw new ZooKeeperError('BAD_ARGUMENTS', `participants must be a whole number above 0, and is ${options.participants}`)
    }
    this.participants = options.participants
    this.#zk = zk
    this.#data = options.data ?? ''
    this.#acl = aclOf(options)
    this.#readyPath = `${path}/${READY}`
  }

  /** Waits until all have come. Given up (signal, deadline), it takes its own node back. */
  async enter(options?: WaitOptions): Promise<BarrierRound> {
    using cancellation = new Cancellation(this.#zk, `waiting to enter ${this.path}`, options)
    const { signal } = cancellation
    for (;;) {
      await untilConnected(this.#zk, signal)
      const path = childPath(this.path, makeUuid(this.#zk.runtime.random))
      try {
        const me = await this.#join(path, signal)
        const roundZxid = await this.#untilReady(me, signal)
        return { leave: (wait) => this.#leave(me, roundZxid, wait) }
      } catch (error) {
        this.#deleteLater(path)
        if (!isPlaceLost(error)) throw error
      }
    }
  }

  async #join(path: string, signal: AbortSignal): Promise<Member> {
    const stat = await createEphemeral(this.#zk, { path, data: this.#data, acl: this.#acl }, signal)
    if (stat === null) throw new PlaceLostError(`${path} belongs to a session that is over`)
    return { name: path.slice(this.path.length + 1), path, czxid: stat.czxid }
  }

  /** Gives the zxid of the creation of the round that this member belongs to. */
  async #untilReady(me: Member, signal: AbortSignal): Promise<bigint> {
    for (;;) {
      const ready = await watchExistence(this.#zk, this.#readyPath, signal)
      if (ready.value !== null && ready.value.czxid > me.czxid) return ready.value.czxid
      const names = await this.#members(signal)
      if (!names.includes(me.name)) throw new PlaceLostError(`${me.path} has gone`)
      if (ready.value !== null) await this.#endOldRound(ready.value, names, signal)
      else if (names.length >= this.participants) await this.#begin(signal)
      else await unlessAborted(signal, ready.changed)
    }
  }

  /** Creates the sign that the round has begun. Somebody else may have. */
  async #begin(signal: AbortSignal): Promise<void> {
    try {
      await persevere(this.#zk, signal, () => this.#zk.create(this.#readyPath, '', { acl: this.#acl }))
    } catch (error) {
      if (!isZooKeeperError(error, 'NODE_EXISTS')) throw error
    }
  }

  /** A round that began before this member came: waits until its members have gone, and removes what it left. */
  async #endOldRound(ready: Stat, names: readonly string[], signal: AbortSignal): Promise<void> {
    const [first] = await this.#membersOfRound(ready.czxid, names, signal)
    if (first === undefined) return this.#removeReady(ready.czxid, signal)
    const watched = await watchNode(this.#zk, childPath(this.path, first), signal)
    if (watched !== null) await unlessAborted(signal, watched.changed)
  }

  async #leave(me: Member, roundZxid: bigint, wait: WaitOptions | undefined): Promise<void> {
    using cancellation = new Cancellation(this.#zk, `waiting to leave ${this.path}`, wait)
    const { signal } = cancellation
    try {
      const mates = new Set(await this.#membersOfRound(roundZxid, await this.#members(signal), signal))
      for (;;) {
        const left = (await this.#members(signal)).filter((name) => mates.has(name)).sort()
        if (left.length === 0) break
        await this.#leaveStep(me, left, roundZxid, signal)
      }
      await this.#removeReady(roundZxid, signal)
    } catch (error) {
      this.#deleteLater(me.path)
      throw error
    }
  }

  /**
   * The lowest member stays to the end and waits for the others, the highest first; all others go and wait for the lowest. So each
   * one watches one node. The last one takes the round's sign away before it goes.
   */
  async #leaveStep(me: Member, left: readonly string[], roundZxid: bigint, signal: AbortSignal): Promise<void> {
    const lowest = left[0] ?? me.name
    const highest = left.at(-1) ?? me.name
    if (lowest === me.name && highest === me.name) {
      await this.#removeReady(roundZxid, signal)
      await deleteSurely(this.#zk, me.path, signal)
      return
    }
    if (lowest !== me.name && left.includes(me.name)) return deleteSurely(this.#zk, me.path, signal)
    const awaited = lowest === me.name ? highest : lowest
    await persevereAcrossSessions(this.#zk, signal, async () => {
      const watched = await watchNode(this.#zk, childPath(this.path, awaited), signal)
      if (watched !== null) await unlessAborted(signal, watched.changed)
    })
  }

  /**
   * Removes the sign of one round and never that of a later one, which may have the same path: the node's version is raised first,
   * and the answer to that says which node it was; the next one's version begins at 0 again.
   */
  async #removeReady(roundZxid: bigint, signal: AbortSignal): Promise<void> {
    for (let failures = 1; ; failures += 1) {
      try {
        const stat = await this.#zk.exists(this.#readyPath)
        if (stat === null || stat.czxid !== roundZxid) return
        const marked = await this.#zk.set(this.#readyPath, '', { version: stat.version })
        if (marked.czxid === roundZxid) await this.#zk.delete(this.#readyPath, { version: marked.version })
      } catch (error) {
        if (isZooKeeperError(error, 'NO_NODE')) return
        if (isTransient(error)) await recover(this.#zk, signal, failures)
        else if (!isZooKeeperError(error, 'BAD_VERSION')) throw error
      }
    }
  }

  async #members(signal: AbortSignal): Promise<string[]> {
    const names = await listDirectory(this.#zk, this.path, signal)
    return names.filter((name) => name !== READY)
  }

  /** Those of `names` that had come when the round began. */
  async #membersOfRound(roundZxid: bigint, names: readonly string[], signal: AbortSignal): Promise<string[]> {
    const found = await Promise.all(
      names.map(async (name) => {
        const stat = await persevereAcrossSessions(this.#zk, signal, () => this.#zk.exists(childPath(this.path, name)))
        return stat !== null && stat.czxid < roundZxid ? name : null
      }),
    )
    return found.filter((name) => name !== null)
  }

  /** The deletion is on its way when this returns, if there is a connection. Otherwise the node goes with its session. */
  #deleteLater(path: string): void {
    deleteSurely(this.#zk, path).catch(() => undefined)
  }
}
