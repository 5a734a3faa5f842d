import { type Acl, ReservedPath } from '@tskeeper/protocol'
import { Chroot } from './chroot.ts'
import { parseConnectString } from './connect-string.ts'
import type { DataInput } from './data.ts'
import { isZooKeeperError } from './errors.ts'
import { childrenSubject, dataSubject } from './observe/node-subjects.ts'
import { Observer } from './observe/observer.ts'
import { Stream } from './observe/stream.ts'
import { TreeSubject } from './observe/tree-subject.ts'
import { watchStream } from './observe/watch-stream.ts'
import { aclOrOpen, badArguments, checkPath, checkVersion, dataBytes } from './operations/arguments.ts'
import type { AttemptContext } from './operations/attempts.ts'
import { createOnce, ProtectedCreate, planCreate } from './operations/create.ts'
import { deleteSubtree } from './operations/delete-tree.ts'
import { multi, multiRead } from './operations/multi-operations.ts'
import { planReads, planTransaction } from './operations/plan-multi.ts'
import {
  exists,
  getAcl,
  getAllChildrenNumber,
  getChildren,
  getChildren2,
  getData,
  getEphemerals,
  sync,
  whoAmI,
} from './operations/read-operations.ts'
import { Requester } from './operations/requester.ts'
import { deleteNode, reconfig, setAcl, setData } from './operations/write-operations.ts'
import type {
  AuthCredentials,
  ClientOptions,
  CreateOptions,
  DeleteOptions,
  IterationOptions,
  OperationOptions,
  ReconfigOptions,
  RemoveWatchesOptions,
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
import { defaultRuntime } from './runtime/default-runtime.ts'
import type { ClientRuntime } from './runtime/runtime.ts'
import { Session } from './session/session.ts'
import { settingsFrom } from './session/session-settings.ts'
import { type ConnectOptions, untilConnected } from './session/until-connected.ts'
import type { Stat } from './stat.ts'
import { type ClientState, isFinalState, type StateChange } from './state.ts'
import { type ReadOperation, TransactionBuilder, type TransactionOperation } from './transaction.ts'
import { PersistentWatches } from './watch/persistent-watches.ts'
import type { PersistentWatchMode, WatchEvent, WatchFn, WatchHandle, WatchKind } from './watch/watch-event.ts'
import { removeAllWatches } from './watch/watch-removal.ts'

/**
 * A client of a ZooKeeper ensemble: one session, over one connection at a time.
 *
 * ```ts
 * const zk = await connect('localhost:2181')
 * await zk.create('/greeting', 'hello', { mode: 'ephemeral' })
 * const { data, stat } = await zk.get('/greeting')
 * await zk.close()
 * ```
 *
 * Requests are sent in the order of the calls, without waiting for each other, and answered in that order. When the connection is lost,
 * what was sent rejects with `CONNECTION_LOSS`, whose `mayHaveBeenApplied` says whether a write may have happened; what is asked for while
 * there is no connection waits for the next one. Every promise rejects with a `ZooKeeperError` and nothing else.
 */
export class ZooKeeper implements AsyncDisposable {
  /** The world that the client lives in, for libraries that build on it and want to run where it runs. */
  readonly runtime: ClientRuntime
  readonly #chroot: Chroot
  readonly #session: Session
  readonly #watches: PersistentWatches
  readonly #requester: Requester
  readonly #attempts: AttemptContext

  /** Prepares a client; it connects with `connect()`, or with its first request. Throws `BAD_ARGUMENTS` for options that cannot be used. */
  constructor(connectString: string, options: ClientOptions = {}) {
    const { hosts, chroot } = parseConnectString(connectString)
    this.runtime = options.runtime ?? defaultRuntime()
    const settings = settingsFrom(options, this.runtime)
    this.#chroot = new Chroot(chroot)
    this.#attempts = settings
    this.#session = new Session(hosts, this.#chroot, settings)
    this.#watches = new PersistentWatches(this.#session)
    this.#requester = new Requester(this.#session, this.#chroot, settings)
  }

  /** The node that this client takes for the root; an empty string is the root itself. */
  get chroot(): string {
    return this.#chroot.path
  }

  /** Where the client stands. */
  get state(): ClientState {
    return this.#session.state
  }

  /** The session's id; 0n before there is one. */
  get sessionId(): bigint {
    return this.#session.sessionId
  }

  /** What another client needs, with the id, to go on with this session. A copy. */
  get password(): Uint8Array {
    return this.#session.password
  }

  /** The session time-out that the server granted, in milliseconds; 0 before it did. */
  get negotiatedTimeoutMs(): number {
    return this.#session.negotiatedTimeoutMs
  }

  /** The highest zxid that any reply has shown. The client never connects to a server that has not got so far. */
  get lastZxid(): bigint {
    return this.#session.lastZxid
  }

  /** `host:port` of the server, while connected. */
  get server(): string | null {
    return this.#session.server
  }

  /**
   * Whether the session may be gone as far as the client's own clock knows: no server has certainly heard of it for one session
   * time-out, or the session is over. What is guarded by an ephemeral node is not safe any more.
   */
  get isSuspect(): boolean {
    return this.#session.isSuspect
  }

  /**
   * Connects, and settles when that is done. Rejects when the session is over instead (`AUTH_FAILED`, `SESSION_EXPIRED`, `CLOSED`), and with
   * `TIMEOUT` or `ABORTED` when the waiting ends; the client goes on trying then, until it is closed.
   */
  async connect(options: ConnectOptions = {}): Promise<this> {
    await untilConnected(this.#session, options)
    return this
  }

  /** Every change of state from now on. Ends after the final one; see `on` for callbacks. */
  states(signal?: AbortSignal): AsyncIterable<StateChange> {
    // What waits here is bounded by how often a connection can be lost while nobody looks: older changes go first.
    const stream = new Stream<StateChange>(
      (waiting) => waiting.slice(-1),
      () => unsubscribe(),
    )
    const unsubscribe = this.#session.feed.onState((change) => {
      stream.push(change)
      if (isFinalState(this.state)) stream.end()
    })
    if (isFinalState(this.state)) stream.end()
    return stream.endOn(signal)
  }

  /** Calls `listener` at each change of state, or when the session becomes suspect and when it no longer is. Returns what ends that. */
  on(name: 'state', listener: (change: StateChange) => void): () => void
  on(name: 'suspect', listener: (isSuspect: boolean) => void): () => void
  on(name: 'state' | 'suspect', listener: ((change: StateChange) => void) & ((isSuspect: boolean) => void)): () => void {
    return name === 'state' ? this.#session.feed.onState(listener) : this.#session.feed.onSuspect(listener)
  }

  // ---- nodes

  /**
   * Creates a node and gives its path, with the number if it is sequential. Rejects with `NODE_EXISTS`, `NO_NODE` (no parent),
   * `NO_CHILDREN_FOR_EPHEMERALS`, `NO_AUTH`, `INVALID_ACL`. After a lost connection only a protected create is carried through.
   */
  async create(path: string, data: DataInput = '', options: CreateOptions = {}): Promise<string> {
    const created = await this.createWithStat(path, data, options)
    return created.path
  }

  /** The same, and gives the new node's Stat too. */
  async createWithStat(path: string, data: DataInput = '', options: CreateOptions = {}): Promise<CreatedNode> {
    const plan = planCreate(path, data, options, this.#chroot)
    const created = plan.isProtected
      ? await new ProtectedCreate(this.#session, this.#attempts, plan).run(options)
      : await this.#requester.repeat(false, options, (limits) => createOnce(this.#session, plan, limits))
    return { path: this.#chroot.toClient(created.path), stat: created.stat }
  }

  /** A node's data and Stat. Rejects with `NO_NODE`, `NO_AUTH`. */
  get(path: string, options?: WatchOptions): Promise<NodeValue> {
    return this.#requester.read(getData, path, options)
  }

  /** A node's Stat, or null when there is no such node; then the watch waits for its creation. */
  exists(path: string, options?: WatchOptions): Promise<Stat | null> {
    return this.#requester.read(exists, path, options)
  }

  /** Replaces a node's data. Rejects with `NO_NODE`, `BAD_VERSION`, `NO_AUTH`. */
  set(path: string, data: DataInput, options: VersionOptions = {}): Promise<Stat> {
    return this.#requester.write(setData, path, options, () => {
      const version = options.version ?? -1
      checkVersion(path, version)
      return { data: dataBytes(path, data), version }
    })
  }

  /** Deletes a node. Rejects with `NO_NODE` (unless `missingOk`), `BAD_VERSION`, `NOT_EMPTY` (unless `recursive`), `NO_AUTH`. */
  async delete(path: string, options: DeleteOptions = {}): Promise<void> {
    const version = options.version ?? -1
    checkVersion(path, version)
    checkPath(path)
    // Nobody deletes the root, and a chroot does not change that.
    const serverPath = path === '/' ? '/' : this.#chroot.toServer(path)
    try {
      if (options.recursive === true) await deleteSubtree(this.#session, this.#attempts, path, serverPath, version, options)
      else {
        await this.#requester.repeat(false, options, (limits) =>
          this.#session.request(deleteNode, path, serverPath, version, null, limits),
        )
      }
    } catch (error) {
      if (options.missingOk !== true || !isZooKeeperError(error, 'NO_NODE')) throw error
    }
  }

  /** The names of a node's children, in no particular order. Rejects with `NO_NODE`, `NO_AUTH`. */
  children(path: string, options?: WatchOptions): Promise<string[]> {
    return this.#requester.read(getChildren, path, options)
  }

  /** The same, with the node's Stat. */
  childrenWithStat(path: string, options?: WatchOptions): Promise<ChildrenValue> {
    return this.#requester.read(getChildren2, path, options)
  }

  /** Makes the server catch up with the leader: what is read after it is no older than this call. */
  sync(path = '/', options?: OperationOptions): Promise<void> {
    return this.#requester.read(sync, path, options)
  }

  /** A node's access control list. Hashes of passwords are shown only to who may change it. */
  getAcl(path: string, options?: OperationOptions): Promise<AclValue> {
    return this.#requester.read(getAcl, path, options)
  }

  /** Replaces a node's access control list; `version` is compared with the Stat's `aversion`. */
  setAcl(path: string, acl: readonly Acl[], options: VersionOptions = {}): Promise<Stat> {
    return this.#requester.write(setAcl, path, options, () => {
      const version = options.version ?? -1
      checkVersion(path, version)
      return { acl: aclOrOpen(path, acl), version }
    })
  }

  /** Begins a transaction. */
  transaction(): TransactionBuilder {
    return new TransactionBuilder((operations, options) => this.multi(operations, options))
  }

  /** Carries out all of the operations or none. Rejects with a `TransactionError` that names the part that failed. */
  async multi(operations: readonly TransactionOperation[], options?: OperationOptions): Promise<TransactionResult[]> {
    const parts = planTransaction(operations, this.#chroot)
    const results = await this.#requester.ask(multi, parts, options)
    return results.map((result) => (result.type === 'create' ? { ...result, path: this.#chroot.toClient(result.path) } : result))
  }

  /** Reads several nodes with one request. Each part succeeds or fails by itself. */
  async multiRead(operations: readonly ReadOperation[], options?: OperationOptions): Promise<ReadResult[]> {
    return this.#requester.ask(multiRead, planReads(operations, this.#chroot), options)
  }

  // ---- watches and observations

  /**
   * Sets a watch that stays until it is removed. It survives lost connections; then the listener gets an event of type `gap`, because
   * servers do not tell persistent watches what happened meanwhile.
   */
  async addWatch(path: string, mode: PersistentWatchMode, listener: WatchFn, options?: OperationOptions): Promise<WatchHandle> {
    checkPath(path)
    return this.#requester.repeat(true, options, (limits) =>
      this.#watches.add(path, this.#chroot.toServer(path), mode, listener, limits),
    )
  }

  /**
   * Takes all watches of a kind at a path away; their listeners get an event that says so. Rejects with `NO_WATCHER` when there is none.
   * Waits for a connection, unless the options say `local`.
   */
  async removeWatches(path: string, kind: WatchKind = 'any', options: RemoveWatchesOptions = {}): Promise<void> {
    checkPath(path)
    return removeAllWatches(this.#session, this.#requester, path, this.#chroot.toServer(path), kind, options)
  }

  /**
   * The events of a persistent watch. Rejects when the session expires; ends when the client is closed. Events that a slow consumer does
   * not take are kept up to 10,000, then one event of type `gap` stands for them.
   */
  watch(path: string, options: IterationOptions & { readonly recursive?: boolean } = {}): AsyncIterable<WatchEvent> {
    const mode = options.recursive === true ? 'persistent-recursive' : 'persistent'
    const limits = options.signal === undefined ? {} : { signal: options.signal }
    return watchStream(this.#session, path, options.signal, (listener) => this.addWatch(path, mode, listener, limits))
  }

  /**
   * The value of a node, first as it is and then after each change: always the latest, with a flag that says whether there were others in
   * between. It goes on through lost connections, and through deletion and creation, until the consumer ends it or the session is over.
   */
  observe(path: string, options: IterationOptions = {}): AsyncIterable<Observation<NodeValue>> {
    checkPath(path)
    return new Observer(this.#session, this.#watches, dataSubject(this.#session, path, this.#chroot), options.signal)
  }

  /** The same for the list of a node's children. */
  observeChildren(path: string, options: IterationOptions = {}): AsyncIterable<Observation<ChildrenValue>> {
    checkPath(path)
    return new Observer(this.#session, this.#watches, childrenSubject(this.#session, path, this.#chroot), options.signal)
  }

  /** The same for a node and everything below it. */
  observeTree(path: string, options: IterationOptions = {}): AsyncIterable<TreeObservation> {
    checkPath(path)
    return new Observer(this.#session, this.#watches, new TreeSubject(this.#session, path, this.#chroot), options.signal)
  }

  // ---- the rest

  /** The paths of this session's ephemeral nodes that begin with `prefix`. */
  async getEphemerals(prefix = '/', options?: OperationOptions): Promise<string[]> {
    const paths = await this.#requester.read(getEphemerals, prefix, options)
    return paths.map((path) => this.#chroot.toClient(path))
  }

  /** How many nodes there are below a node, at any depth. */
  getAllChildrenNumber(path: string, options?: OperationOptions): Promise<number> {
    return this.#requester.read(getAllChildrenNumber, path, options)
  }

  /** The identities that the server knows this client by. */
  whoAmI(options?: OperationOptions): Promise<Identity[]> {
    return this.#requester.ask(whoAmI, undefined, options)
  }

  /** The ensemble's configuration, whatever the chroot. */
  getConfig(options?: WatchOptions): Promise<NodeValue> {
    return this.#requester.repeat(true, options, (limits) =>
      this.#session.request(getData, ReservedPath.config, ReservedPath.config, undefined, options?.watch ?? null, limits),
    )
  }

  /** Changes the ensemble's membership and gives the new configuration. Rejects with `RECONFIG_DISABLED`, `RECONFIG_IN_PROGRESS` and others. */
  async reconfig(options: ReconfigOptions): Promise<NodeValue> {
    const body = {
      joining: options.joining?.join(',') ?? null,
      leaving: options.leaving?.join(',') ?? null,
      members: options.members?.join('\n') ?? null,
      fromVersion: options.fromVersion ?? -1n,
    }
    return this.#requester.repeat(false, options, (limits) =>
      this.#session.request(reconfig, ReservedPath.config, ReservedPath.config, body, null, limits),
    )
  }

  /**
   * Adds an identity, for this connection and all that follow. Settles when a server took it; when one refuses, the client is `auth-failed`
   * for good.
   */
  addAuth(scheme: AuthCredentials['scheme'], auth: AuthCredentials['auth']): Promise<void> {
    return this.#session.addAuth({ scheme, auth })
  }

  /**
   * Replaces the list of servers. The client may move to another one, by chance, so that all clients that get the same list spread
   * over it evenly. A chroot in the string must be this client's.
   */
  updateServers(connectString: string): void {
    const { hosts, chroot } = parseConnectString(connectString)
    if (chroot !== '' && chroot !== this.chroot) {
      throw badArguments(null, `the chroot of a client cannot change from "${this.chroot}" to "${chroot}"`)
    }
    this.#session.updateServers(hosts)
  }

  /**
   * Ends the session: waits for the answers to what was asked for before, and deletes the session's ephemeral nodes. After `deadlineMs` the
   * connection is dropped, and the session is left to expire, as it is when there is no connection. Never rejects.
   */
  close(options: { readonly deadlineMs?: number } = {}): Promise<void> {
    return this.#session.close(options.deadlineMs ?? null)
  }

  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/**
 * Makes a client and settles when it is connected. Rejects with `TIMEOUT`, `ABORTED`, `AUTH_FAILED`, `SESSION_EXPIRED` (of a session to go on
 * with); then the client is closed. Without a deadline it tries until a server answers.
 */
export async function connect(connectString: string, options: ClientOptions & ConnectOptions = {}): Promise<ZooKeeper> {
  const client = new ZooKeeper(connectString, options)
  try {
    return await client.connect(options)
  } catch (error) {
    await client.close()
    throw error
  }
}
