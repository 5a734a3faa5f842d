import type { Acl } from '@tskeeper/protocol'
import type { DataInput } from './data.ts'
import { ZooKeeperError } from './errors.ts'
import type {
  AuthCredentials,
  ClientOptions,
  CreateOptions,
  DeleteOptions,
  IterationOptions,
  OperationOptions,
  ReconfigOptions,
  VersionOptions,
  WatchOptions,
} from './options.ts'
import type {
  AclValue,
  ChildrenValue,
  CreatedNode,
  Identity,
  NodeValue,
  Observation,
  ReadResult,
  TransactionResult,
  TreeObservation,
} from './results.ts'
import type { ClientRuntime } from './runtime/runtime.ts'
import type { Stat } from './stat.ts'
import type { ClientState, StateChange } from './state.ts'
import { type ReadOperation, TransactionBuilder, type TransactionOperation } from './transaction.ts'
import type { PersistentWatchMode, WatchEvent, WatchFn, WatchHandle, WatchKind } from './watch/watch-event.ts'

/** A client of a ZooKeeper ensemble: one session, over one connection at a time. */
export class ZooKeeper implements AsyncDisposable {
  readonly runtime: ClientRuntime
  readonly chroot: string

  constructor(connectString: string, options: ClientOptions = {}) {
    if (options.runtime === undefined) throw new TypeError('no runtime')
    this.runtime = options.runtime
    this.chroot = connectString
  }

  get state(): ClientState {
    return this.#later()
  }
  get sessionId(): bigint {
    return this.#later()
  }
  get password(): Uint8Array {
    return this.#later()
  }
  get negotiatedTimeoutMs(): number {
    return this.#later()
  }
  get lastZxid(): bigint {
    return this.#later()
  }
  get server(): string | null {
    return this.#later()
  }
  get isSuspect(): boolean {
    return this.#later()
  }

  connect(_options?: { readonly signal?: AbortSignal; readonly deadlineMs?: number }): Promise<this> {
    return this.#later()
  }
  states(_signal?: AbortSignal): AsyncIterable<StateChange> {
    return this.#later()
  }
  on(_name: 'state', _listener: (change: StateChange) => void): () => void
  on(_name: 'suspect', _listener: (isSuspect: boolean) => void): () => void
  on(_name: 'state' | 'suspect', _listener: ((change: StateChange) => void) | ((isSuspect: boolean) => void)): () => void {
    return this.#later()
  }

  create(_path: string, _data?: DataInput, _options?: CreateOptions): Promise<string> {
    return this.#later()
  }
  createWithStat(_path: string, _data?: DataInput, _options?: CreateOptions): Promise<CreatedNode> {
    return this.#later()
  }
  get(_path: string, _options?: WatchOptions): Promise<NodeValue> {
    return this.#later()
  }
  exists(_path: string, _options?: WatchOptions): Promise<Stat | null> {
    return this.#later()
  }
  set(_path: string, _data: DataInput, _options?: VersionOptions): Promise<Stat> {
    return this.#later()
  }
  delete(_path: string, _options?: DeleteOptions): Promise<void> {
    return this.#later()
  }
  children(_path: string, _options?: WatchOptions): Promise<string[]> {
    return this.#later()
  }
  childrenWithStat(_path: string, _options?: WatchOptions): Promise<ChildrenValue> {
    return this.#later()
  }
  sync(_path?: string, _options?: OperationOptions): Promise<void> {
    return this.#later()
  }
  getAcl(_path: string, _options?: OperationOptions): Promise<AclValue> {
    return this.#later()
  }
  setAcl(_path: string, _acl: readonly Acl[], _options?: VersionOptions): Promise<Stat> {
    return this.#later()
  }
  transaction(): TransactionBuilder {
    return new TransactionBuilder((operations, options) => this.multi(operations, options))
  }
  multi(_operations: readonly TransactionOperation[], _options?: OperationOptions): Promise<TransactionResult[]> {
    return this.#later()
  }
  multiRead(_operations: readonly ReadOperation[], _options?: OperationOptions): Promise<ReadResult[]> {
    return this.#later()
  }

  addWatch(_path: string, _mode: PersistentWatchMode, _listener: WatchFn, _options?: OperationOptions): Promise<WatchHandle> {
    return this.#later()
  }
  removeWatches(_path: string, _kind?: WatchKind, _options?: OperationOptions): Promise<void> {
    return this.#later()
  }
  watch(_path: string, _options?: IterationOptions & { readonly recursive?: boolean }): AsyncIterable<WatchEvent> {
    return this.#later()
  }
  observe(_path: string, _options?: IterationOptions): AsyncIterable<Observation<NodeValue>> {
    return this.#later()
  }
  observeChildren(_path: string, _options?: IterationOptions): AsyncIterable<Observation<ChildrenValue>> {
    return this.#later()
  }
  observeTree(_path: string, _options?: IterationOptions): AsyncIterable<TreeObservation> {
    return this.#later()
  }

  getEphemerals(_prefix?: string, _options?: OperationOptions): Promise<string[]> {
    return this.#later()
  }
  getAllChildrenNumber(_path: string, _options?: OperationOptions): Promise<number> {
    return this.#later()
  }
  whoAmI(_options?: OperationOptions): Promise<Identity[]> {
    return this.#later()
  }
  getConfig(_options?: WatchOptions): Promise<NodeValue> {
    return this.#later()
  }
  reconfig(_options: ReconfigOptions): Promise<NodeValue> {
    return this.#later()
  }
  addAuth(_scheme: AuthCredentials['scheme'], _auth: AuthCredentials['auth'], _options?: OperationOptions): Promise<void> {
    return this.#later()
  }
  updateServers(_connectString: string): void {
    return this.#later()
  }
  close(_options?: { readonly deadlineMs?: number }): Promise<void> {
    return this.#later()
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #later(): never {
    throw new ZooKeeperError('UNIMPLEMENTED', 'the body of this client is on its way')
  }
}

/** Makes a client and waits until it is connected. */
export async function connect(
  connectString: string,
  options?: ClientOptions & { readonly signal?: AbortSignal; readonly deadlineMs?: number },
): Promise<ZooKeeper> {
  const client = new ZooKeeper(connectString, options)
  return client.connect(options)
}
