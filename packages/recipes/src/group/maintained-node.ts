import { type Acl, type DataInput, encodeText, isZooKeeperError, type ZooKeeper, ZooKeeperError } from '@tskeeper/client'
import { type AccessOptions, aclOf } from '../line/access.ts'
import { checkDirectory } from '../line/directory.ts'
import { createEphemeral } from '../line/ephemeral.ts'
import { deleteInSession } from '../line/protected-create.ts'
import { Cancellation, unlessAborted, type WaitOptions } from '../session/cancellation.ts'
import { isSessionOver, persevere, untilConnected } from '../session/persevere.ts'
import { watchNode } from '../session/shared-watch.ts'
import { Latest } from '../state/latest.ts'

/** What each client maintains: two of one session would take each other's node for their own, and write over it for ever. */
const pathsOfClient = new WeakMap<ZooKeeper, Set<string>>()

/** How a maintained node stands. */
export type MaintainedState =
  /** Not there, or not known to be. */
  | { readonly type: 'absent' }
  /** There, in the present session, with the data of this revision or a later one. */
  | { readonly type: 'present'; readonly czxid: bigint; readonly revision: number }
  /** Somebody else's session has a node of that name. It is waited for. */
  | { readonly type: 'occupied' }
  /** Not maintained any more; `cause` says why. */
  | { readonly type: 'ended'; readonly cause: unknown }

/**
 * An ephemeral node that is kept in place: it says "I am here, and this is what I am".
 *
 * **Guarantees.** While the client has a session the node is there, or is about to be: it is created again after somebody deleted it, and
 * in the next session after one expired; its data is put right when somebody changed it. Updates that come faster than they can be
 * written are left out, the last one never. It goes with its session, so the dead are noticed.
 *
 * **Failure modes.** While the connection is lost, others see the node until the session expires; after that they see none until the next
 * session. A client without `renewSession` ends with its session: `states` says so. A name that another session has (a predecessor
 * that died a moment ago, for example) is waited for.
 *
 * **Layout**: `<path>`, ephemeral; the nodes above are containers.
 *
 * ```ts
 * await using node = new MaintainedNode(zk, '/workers/7', 'idle')
 * await node.update('busy')
 * ```
 */
export class MaintainedNode implements AsyncDisposable {
  readonly path: string
  readonly #zk: ZooKeeper
  readonly #acl: readonly Acl[]
  readonly #ending = new AbortController()
  readonly #state = new Latest<MaintainedState>({ type: 'absent' })
  readonly #loop: Promise<void>
  #data: Uint8Array
  #revision = 0
  #wakeForUpdate: () => void = () => {}

  /** Begins at once; `ready` waits for the node. Throws `BAD_ARGUMENTS` if the client maintains a node at that path already. */
  constructor(zk: ZooKeeper, path: string, data: DataInput = '', options: AccessOptions = {}) {
    this.path = checkDirectory(path)
    this.#zk = zk
    this.#acl = aclOf(options)
    this.#data = asBytes(data)
    if (pathsOf(zk).has(path)) throw new ZooKeeperError('BAD_ARGUMENTS', `this client maintains ${path} already`, { path })
    pathsOf(zk).add(path)
    this.#loop = this.#run()
  }

  get state(): MaintainedState {
    return this.#state.value
  }

  /** The state now and each one after it; ends when the node is not maintained any more. */
  states(signal?: AbortSignal): AsyncIterable<MaintainedState> {
    return this.#state.values(signal)
  }

  /** Waits until the node is there. Rejects when it is not maintained any more. */
  ready(options?: WaitOptions): Promise<void> {
    return this.#untilRevision(this.#revision, options)
  }

  /** Replaces the data, and settles when it is written. */
  update(data: DataInput, options?: WaitOptions): Promise<void> {
    this.#data = asBytes(data)
    this.#revision += 1
    this.#wakeForUpdate()
    return this.#untilRevision(this.#revision, options)
  }

  /** Deletes the node and stops maintaining it. */
  async close(): Promise<void> {
    const closed = new ZooKeeperError('CLOSED', `${this.path} is not maintained any more`, { path: this.path })
    this.#ending.abort(closed)
    await this.#loop
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #untilRevision(revision: number, options: WaitOptions | undefined): Promise<void> {
    using cancellation = new Cancellation(this.#zk, `waiting for ${this.path}`, options)
    const { signal } = cancellation
    for await (const state of this.#state.values(signal)) {
      if (state.type === 'present' && state.revision >= revision) return
      if (state.type === 'ended') throw state.cause
    }
    signal.throwIfAborted()
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending
    let cause: unknown
    try {
      for (;;) await this.#maintainInSession(signal)
    } catch (error) {
      cause = error
    }
    // What can fail is the permission, or there is no session any more; the node goes with the session then.
    if (signal.aborted) await this.#deleteOwn().catch(() => undefined)
    pathsOf(this.#zk).delete(this.path)
    this.#state.set({ type: 'ended', cause })
    this.#state.end()
  }

  async #maintainInSession(signal: AbortSignal): Promise<void> {
    await untilConnected(this.#zk, signal)
    try {
      await this.#maintain(signal)
    } catch (error) {
      if (!isSessionOver(error) && !isZooKeeperError(error, 'NO_NODE')) throw error
    }
    if (this.#state.value.type === 'present') this.#state.set({ type: 'absent' })
  }

  /** Creates the node, and puts it right until it is gone. */
  async #maintain(signal: AbortSignal): Promise<void> {
    const stat = await createEphemeral(this.#zk, { path: this.path, data: this.#data, acl: this.#acl }, signal)
    if (stat === null) this.#state.set({ type: 'occupied' })
    for (;;) {
      const revision = this.#revision
      const updated = new Promise<void>((resolve) => {
        this.#wakeForUpdate = resolve
      })
      const watched = await watchNode(this.#zk, this.path, signal)
      if (watched === null) return
      const { data, stat } = watched.value
      if (stat.ephemeralOwner !== this.#zk.sessionId) {
        await unlessAborted(signal, watched.changed)
        return
      }
      if (equalBytes(data, this.#data)) {
        this.#state.set({ type: 'present', czxid: stat.czxid, revision })
        await unlessAborted(signal, Promise.race([watched.changed, updated]))
      } else {
        // In another session the name may be somebody else's: then it is looked at again.
        await persevere(this.#zk, signal, async () => {
          if (this.#zk.sessionId === stat.ephemeralOwner) await this.#zk.set(this.path, this.#data)
        })
      }
    }
  }

  async #deleteOwn(): Promise<void> {
    const { sessionId } = this.#zk
    const stat = await persevere(this.#zk, null, () => this.#zk.exists(this.path))
    if (stat?.ephemeralOwner === sessionId) await deleteInSession(this.#zk, this.path, sessionId)
  }
}

function asBytes(data: DataInput): Uint8Array {
  if (data === null) return new Uint8Array(0)
  return typeof data === 'string' ? encodeText(data) : data.slice()
}

function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index])
}

function pathsOf(zk: ZooKeeper): Set<string> {
  const paths = pathsOfClient.get(zk) ?? new Set()
  pathsOfClient.set(zk, paths)
  return paths
}
