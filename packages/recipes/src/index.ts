// Recipes for coordination on top of a client: each says in its doc comment what it guarantees and how it fails.

export { Barrier } from './barrier/barrier.ts'
export { type BarrierRound, DoubleBarrier, type DoubleBarrierOptions } from './barrier/double-barrier.ts'
export { ChildrenCache, type ChildrenView } from './cache/children-cache.ts'
export { NodeCache } from './cache/node-cache.ts'
export { TreeCache } from './cache/tree-cache.ts'
export {
  Configuration,
  type ConfigurationState,
  type ConfigurationSubscription,
} from './configuration/configuration.ts'
export { type BalancingView, balancers, type LoadBalancer } from './discovery/load-balancing.ts'
export { decodeInstance, encodeInstance, type ServiceInstance } from './discovery/service-instance.ts'
export { ServiceProvider } from './discovery/service-provider.ts'
export {
  type InstanceDescription,
  type ProviderOptions,
  type Registration,
  ServiceRegistry,
} from './discovery/service-registry.ts'
export { type LatchState, LeaderLatch, type LeaderLatchOptions } from './election/leader-latch.ts'
export { LeaderObserver } from './election/leader-observer.ts'
export { type Lead, LeaderSelector, type LeaderSelectorOptions } from './election/leader-selector.ts'
export type { LeaderInfo } from './election/leadership.ts'
export { Group, type GroupView } from './group/group.ts'
export { MaintainedNode, type MaintainedState } from './group/maintained-node.ts'
export type { AccessOptions } from './line/access.ts'
export { compareSequence, parseSequence } from './line/sequence.ts'
export type { Acquirable, Lease } from './lock/lease.ts'
export { type Contender, Lock, type LockOptions } from './lock/lock.ts'
export { MultiLock } from './lock/multi-lock.ts'
export { type LockSide, ReadWriteLock } from './lock/read-write-lock.ts'
export { ReentrantLock } from './lock/reentrant-lock.ts'
export { Semaphore, type SemaphoreOptions } from './lock/semaphore.ts'
export { NameRegistry } from './naming/name-registry.ts'
export { UniqueIds } from './naming/unique-ids.ts'
export { type Progress, ProgressBoard, ProgressReporter, type WorkerProgress } from './progress/progress.ts'
export { DelayQueue, FifoQueue, type PollOptions, PriorityQueue, type TakeSide } from './queue/queues.ts'
export { TakenEntry } from './queue/taken-entry.ts'
export type { WaitOptions } from './session/cancellation.ts'
export { AtomicCounter } from './value/atomic-counter.ts'
export { AtomicValue, type AtomicValueOptions, type Versioned } from './value/atomic-value.ts'
export { type Codec, integerCodec, jsonCodec, textCodec } from './value/codec.ts'
