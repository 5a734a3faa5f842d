import type { ZooKeeper } from '@tskeeper/client'
import { MaintainedNode } from '../group/maintained-node.ts'
import { type AccessOptions, aclOf } from '../line/access.ts'
import { checkDirectory, childPath, listDirectory } from '../line/directory.ts'
import { makeUuid } from '../line/unique.ts'
import type { WaitOptions } from '../session/cancellation.ts'
import type { LoadBalancer } from './load-balancing.ts'
import { encodeInstance, type ServiceInstance } from './service-instance.ts'
import { ServiceProvider } from './service-provider.ts'

/** What a provider says of itself. */
export interface InstanceDescription<P> {
  readonly address: string
  readonly port: number
  /** Must have a JSON form. */
  readonly payload: P
  /** A UUID unless said otherwise. */
  readonly id?: string
}

/** An instance that others can find. */
export interface Registration<P> extends AsyncDisposable {
  readonly instance: ServiceInstance<P>
  /** The node, for watching how it stands. */
  readonly node: MaintainedNode
  /** Changes what is said of the instance. */
  update(change: { readonly payload?: P; readonly isEnabled?: boolean }, options?: WaitOptions): Promise<void>
  /** Takes the instance away. */
  unregister(): Promise<void>
}

/** How a provider is looked for. */
export interface ProviderOptions<P> {
  /** `balancers.roundRobin()` unless said otherwise. */
  readonly balancer?: LoadBalancer
  /** Checks what others wrote as payload: gives it back as a `P`, or throws, and the instance is left out. */
  readonly payload: (payload: unknown) => P
}

/**
 * Who provides which service, and where.
 *
 * **Guarantees.** An instance is listed while its session lives, and again in its next one; it disappears at the latest a session time-out
 * and a tick after its death. Each `ServiceProvider` learns of every lasting change and needs no request to choose an instance.
 *
 * **Failure modes.** An instance that is listed may be dead or cut off: callers try another one. When the registry cannot be reached, the
 * instances that were known last stay. Descriptions that cannot be read are left out.
 *
 * **Layout**, that of Curator's discovery: `<path>/<service>/<id>`, ephemeral, with JSON (see `encodeInstance`).
 *
 * ```ts
 * const registry = new ServiceRegistry(zk, '/services')
 * await using me = await registry.register('billing', { address: '10.0.0.7', port: 8080, payload: null })
 * await using provider = registry.provider('billing', { payload: () => null })
 * await provider.use(async ({ address, port }) => call(address, port))
 * ```
 */
export class ServiceRegistry {
  readonly path: string
  readonly #zk: ZooKeeper
  readonly #access: AccessOptions

  constructor(zk: ZooKeeper, path: string, options: AccessOptions = {}) {
    this.path = checkDirectory(path)
    this.#zk = zk
    this.#access = { acl: aclOf(options) }
  }

  /** Registers an instance, and settles when others can find it. */
  async register<P>(name: string, description: InstanceDescription<P>, options?: WaitOptions): Promise<Registration<P>> {
    const { address, port, payload, id = makeUuid(this.#zk.runtime.random) } = description
    const registeredMs = this.#zk.runtime.clock.nowMs()
    const instance: ServiceInstance<P> = { name, id, address, port, payload, registeredMs, isEnabled: true }
    const node = new MaintainedNode(this.#zk, childPath(`${this.path}/${name}`, id), encodeInstance(instance), this.#access)
    try {
      await node.ready(options)
      return new NodeRegistration(node, instance)
    } catch (error) {
      await node.close()
      throw error
    }
  }

  /** Finds instances of a service. It must be closed. */
  provider<P>(name: string, options: ProviderOptions<P>): ServiceProvider<P> {
    return new ServiceProvider(this.#zk, `${this.path}/${name}`, options)
  }

  /** Names of all services that have had an instance lately. */
  services(options: { readonly signal?: AbortSignal } = {}): Promise<string[]> {
    return listDirectory(this.#zk, this.path, options.signal ?? null)
  }
}

class NodeRegistration<P> implements Registration<P> {
  readonly node: MaintainedNode
  #instance: ServiceInstance<P>

  constructor(node: MaintainedNode, instance: ServiceInstance<P>) {
    this.node = node
    this.#instance = instance
  }

  get instance(): ServiceInstance<P> {
    return this.#instance
  }

  update(change: { readonly payload?: P; readonly isEnabled?: boolean }, options?: WaitOptions): Promise<void> {
    this.#instance = { ...this.#instance, ...change }
    return this.node.update(encodeInstance(this.#instance), options)
  }

  unregister(): Promise<void> {
    return this.node.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.unregister()
  }
}
