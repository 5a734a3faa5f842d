import { type NodeValue, type ZooKeeper, ZooKeeperError } from '@tskeeper/client'
import { ChildrenCache } from '../cache/children-cache.ts'
import { Cancellation, type WaitOptions } from '../session/cancellation.ts'
import { balancers, type LoadBalancer } from './load-balancing.ts'
import { decodeInstance, type ServiceInstance } from './service-instance.ts'

/** The instances of one service, and which of them to call. See `ServiceRegistry` for what it guarantees. */
export class ServiceProvider<P> implements AsyncDisposable {
  readonly path: string
  readonly #zk: ZooKeeper
  readonly #cache: ChildrenCache
  readonly #balancer: LoadBalancer
  readonly #payloadOf: (payload: unknown) => P
  readonly #calls = new Map<string, number>()
  /** The children that `#instances` was made of: they are decoded once, not at each choice. */
  #decoded: ReadonlyMap<string, NodeValue> | null = null
  #instances: readonly ServiceInstance<P>[] = []

  constructor(
    zk: ZooKeeper,
    path: string,
    options: { readonly balancer?: LoadBalancer; readonly payload: (payload: unknown) => P },
  ) {
    this.path = path
    this.#zk = zk
    this.#balancer = options.balancer ?? balancers.roundRobin()
    this.#payloadOf = options.payload
    this.#cache = new ChildrenCache(zk, path)
  }

  /** All enabled instances that are known now, sorted by id. */
  get instances(): readonly ServiceInstance<P>[] {
    return this.#instancesOf(this.#cache.children)
  }

  /** The instance to call now; null if none is known. */
  choose(): ServiceInstance<P> | null {
    const { instances } = this
    const view = { random: this.#zk.runtime.random, callsOf: (instance: ServiceInstance) => this.#calls.get(instance.id) ?? 0 }
    return instances.length === 0 ? null : (this.#balancer.choose(instances, view) ?? null)
  }

  /** Waits for an instance, if there is none. */
  async instance(options?: WaitOptions): Promise<ServiceInstance<P>> {
    using cancellation = new Cancellation(this.#zk, `waiting for an instance at ${this.path}`, options)
    const { signal } = cancellation
    for await (const _ of this.#cache.changes(signal)) {
      const chosen = this.choose()
      if (chosen !== null) return chosen
    }
    signal.throwIfAborted()
    throw new ZooKeeperError('CLOSED', `the provider of ${this.path} was closed`, { path: this.path })
  }

  /** Calls an instance. While the call is under way it counts as load of the instance. */
  async use<R>(call: (instance: ServiceInstance<P>) => Promise<R> | R, options?: WaitOptions): Promise<R> {
    const instance = await this.instance(options)
    this.#count(instance.id, 1)
    try {
      return await call(instance)
    } finally {
      this.#count(instance.id, -1)
    }
  }

  /** The instances now, and again at each change. */
  async *changes(signal?: AbortSignal): AsyncGenerator<readonly ServiceInstance<P>[], void, undefined> {
    for await (const { children } of this.#cache.changes(signal)) yield this.#instancesOf(children)
  }

  close(): Promise<void> {
    return this.#cache.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #instancesOf(children: ReadonlyMap<string, NodeValue>): readonly ServiceInstance<P>[] {
    if (children === this.#decoded) return this.#instances
    const instances = [...children.values()].map((value) => decodeInstance(value.data, this.#payloadOf))
    const enabled = instances.filter((instance) => instance !== null).filter(({ isEnabled }) => isEnabled)
    this.#decoded = children
    this.#instances = enabled.sort((left, right) => (left.id < right.id ? -1 : 1))
    return this.#instances
  }

  #count(id: string, difference: number): void {
    const calls = (this.#calls.get(id) ?? 0) + difference
    if (calls === 0) this.#calls.delete(id)
    else this.#calls.set(id, calls)
  }
}
