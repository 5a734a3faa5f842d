import type { Random } from '@tskeeper/client'
import type { ServiceInstance } from './service-instance.ts'

/** What a choice can go by. */
export interface BalancingView {
  readonly random: Random
  /** How many calls this client has under way at an instance. */
  callsOf(instance: ServiceInstance): number
}

/** Chooses among instances, of which there is at least one; they are sorted by id. One object serves one provider. */
export interface LoadBalancer {
  choose<P>(instances: readonly ServiceInstance<P>[], view: BalancingView): ServiceInstance<P> | undefined
}

/** The ways of choosing that come with this package. */
export const balancers: {
  /** One after the other, in the order of their ids. */
  roundRobin(): LoadBalancer
  /** Any, with equal chances. */
  random(): LoadBalancer
  /** The one with the fewest of this client's calls under way; by chance among equals. */
  leastLoaded(): LoadBalancer
  /** The same one as long as it is there; then another one, chosen as `next` says. */
  sticky(next?: LoadBalancer): LoadBalancer
} = {
  roundRobin: () => {
    let turn = -1
    return {
      choose: (instances) => {
        turn = (turn + 1) % instances.length
        return instances[turn]
      },
    }
  },
  random: () => ({ choose: (instances, view) => instances[view.random.below(instances.length)] }),
  leastLoaded: () => ({
    choose: (instances, view) => {
      const fewest = Math.min(...instances.map((instance) => view.callsOf(instance)))
      const idle = instances.filter((instance) => view.callsOf(instance) === fewest)
      return idle[view.random.below(idle.length)]
    },
  }),
  sticky: (next = balancers.random()) => {
    let id: string | null = null
    return {
      choose: (instances, view) => {
        const chosen = instances.find((instance) => instance.id === id) ?? next.choose(instances, view)
        id = chosen?.id ?? null
        return chosen
      },
    }
  },
}
