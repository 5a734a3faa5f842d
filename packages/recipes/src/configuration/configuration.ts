import { type Acl, isZooKeeperError, type NodeValue, type Observation, type ZooKeeper, ZooKeeperError } from '@tskeeper/client'
import { Follower } from '../cache/follower.ts'
import { type AccessOptions, aclOf } from '../line/access.ts'
import { checkDirectory, readNode } from '../line/directory.ts'
import { createPersistent } from '../line/persistent.ts'
import { Cancellation, type WaitOptions } from '../session/cancellation.ts'
import { persevereAcrossSessions } from '../session/persevere.ts'
import type { Versioned } from '../value/atomic-value.ts'
import type { Codec } from '../value/codec.ts'

/** A configuration as a subscriber sees it. */
export interface ConfigurationState<T> {
  /** The newest value that could be decoded, with the version of the node that it came from; null before there was one. */
  readonly good: Versioned<T> | null
  /** Why the value that is in the node now was not taken; null if it was, or if there is none. */
  readonly problem: unknown
  /** Whether there may have been other values since the state before. */
  readonly gap: boolean
}

/** A configuration that is being followed. */
export interface ConfigurationSubscription<T> extends AsyncDisposable {
  /** The last good value; null before there was one. */
  readonly value: T | null
  readonly state: ConfigurationState<T>
  /** Waits for a good value. */
  ready(options?: WaitOptions): Promise<T>
  /** The state now, and again at each change; a slow reader misses states, never the last. */
  states(signal?: AbortSignal): AsyncIterable<ConfigurationState<T>>
  close(): Promise<void>
}

/**
 * One typed configuration that is published once and followed by many.
 *
 * **Guarantees.** A subscriber gets the newest value after each change, and after a lost connection too. A value that cannot be decoded, or the
 * deletion of the node, does not take the last good value away: it is reported beside it. Publishing with a version replaces that
 * version or nothing.
 *
 * **Failure modes.** Subscribers are behind while their connection is lost, and keep the last good value. Values that follow each other
 * fast may be skipped, never the last one. `publish` without a version may be carried out after a later one of somebody else when its
 * answer was lost and it is made again; with a version it is exact, and rejects with `BAD_VERSION` when it lost the answer and the write
 * had taken place: read then.
 *
 * **Layout**: the encoded value as data of `<path>`, persistent.
 *
 * ```ts
 * const limits = new Configuration(zk, '/config/limits', jsonCodec(asLimits))
 * await using subscription = limits.subscribe()
 * await subscription.ready()
 * for await (const { good } of subscription.states()) apply(good?.value)
 * ```
 */
export class Configuration<T> {
  readonly path: string
  readonly #zk: ZooKeeper
  readonly #codec: Codec<T>
  readonly #acl: readonly Acl[]

  constructor(zk: ZooKeeper, path: string, codec: Codec<T>, options: AccessOptions = {}) {
    this.path = checkDirectory(path)
    this.#zk = zk
    this.#codec = codec
    this.#acl = aclOf(options)
  }

  /** Writes a value, creating the node if it is missing and no version is asked for. Gives the new version. */
  async publish(value: T, options: WaitOptions & { readonly version?: number } = {}): Promise<number> {
    const { version = -1 } = options
    const data = this.#codec.encode(value)
    using cancellation = new Cancellation(this.#zk, `publishing ${this.path}`, options)
    const { signal } = cancellation
    for (;;) {
      try {
        const stat = await persevereAcrossSessions(this.#zk, signal, () => this.#zk.set(this.path, data, { version }))
        return stat.version
      } catch (error) {
        if (version !== -1 || !isZooKeeperError(error, 'NO_NODE')) throw error
      }
      // False if somebody else has created it meanwhile: then its value is replaced.
      if (await createPersistent(this.#zk, { path: this.path, data, acl: this.#acl }, signal)) return 0
    }
  }

  /** The value now; null if the node does not exist. Rejects with what the codec throws. */
  async read(options: { readonly signal?: AbortSignal } = {}): Promise<Versioned<T> | null> {
    const node = await readNode(this.#zk, this.path, options.signal ?? null)
    return node === null ? null : { value: this.#codec.decode(node.data), version: node.stat.version }
  }

  /** Follows the configuration. The subscription must be closed. */
  subscribe(): ConfigurationSubscription<T> {
    return new Subscription(this.#zk, this.path, this.#codec)
  }
}

class Subscription<T> implements ConfigurationSubscription<T> {
  readonly #zk: ZooKeeper
  readonly #path: string
  readonly #follower: Follower<ConfigurationState<T>>

  constructor(zk: ZooKeeper, path: string, codec: Codec<T>) {
    this.#zk = zk
    this.#path = path
    this.#follower = new Follower(zk, path, (signal) => decodeAll(zk.observe(path, { signal }), codec))
  }

  get value(): T | null {
    return this.state.good?.value ?? null
  }

  get state(): ConfigurationState<T> {
    return this.#follower.current ?? { good: null, problem: null, gap: false }
  }

  async ready(options?: WaitOptions): Promise<T> {
    using cancellation = new Cancellation(this.#zk, `waiting for ${this.#path}`, options)
    const { signal } = cancellation
    for await (const { good } of this.#follower.states(signal)) if (good !== null) return good.value
    signal.throwIfAborted()
    throw new ZooKeeperError('CLOSED', `the subscription of ${this.#path} has ended without a good value`, { path: this.#path })
  }

  states(signal?: AbortSignal): AsyncIterable<ConfigurationState<T>> {
    return this.#follower.states(signal)
  }

  close(): Promise<void> {
    return this.#follower.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

async function* decodeAll<T>(
  values: AsyncIterable<Observation<NodeValue>>,
  codec: Codec<T>,
): AsyncGenerator<ConfigurationState<T>, void, undefined> {
  let good: Versioned<T> | null = null
  for await (const { value, gap } of values) {
    let problem: unknown = null
    if (value !== null) {
      try {
        good = { value: codec.decode(value.data), version: value.stat.version }
      } catch (error) {
        problem = error
      }
    }
    yield { good, problem, gap }
  }
}
