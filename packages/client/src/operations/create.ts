import { baseName, childPath, parentPath } from '@tskeeper/protocol'
import { whenAborted } from '../abort-listeners.ts'
import type { Chroot } from '../chroot.ts'
import type { DataInput } from '../data.ts'
import { isZooKeeperError, ZooKeeperError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { CreateOptions, OperationOptions } from '../options.ts'
import type { CreatedNode } from '../results.ts'
import type { Session } from '../session/session.ts'
import { isFinalState } from '../state.ts'
import { aclOrOpen, checkCreatePath, createKind, dataBytes, isSequentialKind } from './arguments.ts'
import { type AttemptContext, Limits, pause } from './attempts.ts'
import { multi } from './multi-operations.ts'
import { exists, getChildren } from './read-operations.ts'
import { type CreateBody, create2, createContainer, createTtl, deleteNode } from './write-operations.ts'

/** What stands before the name of a protected node: every ZooKeeper library that knows such nodes spells it so. */
const PROTECTED_PREFIX = '_c_'
/** Pause between two looks for a protected node whose creation was not answered. */
const LOOK_AGAIN_MS = 100

/** A create that has been checked. Paths are the server's. */
export interface CreatePlan {
  readonly serverPath: string
  /** As the caller spelt it. */
  readonly path: string
  readonly body: CreateBody
  readonly withParents: boolean
  readonly isProtected: boolean
}

/** Checks the arguments of a create. Throws what is wrong with them. */
export function planCreate(path: string, data: DataInput, options: CreateOptions, chroot: Chroot): CreatePlan {
  const mode = options.mode ?? 'persistent'
  const kind = createKind(path, mode, options.ttlMs)
  checkCreatePath(path, isSequentialKind(mode))
  return {
    path,
    serverPath: chroot.toServer(path),
    body: { data: dataBytes(path, data), acl: aclOrOpen(path, options.acl), ...kind },
    withParents: options.withParents ?? false,
    isProtected: options.protected ?? false,
  }
}

/** One attempt at a create, which also makes the parents if the plan says so. The result's path is the server's. */
export async function createOnce(session: Session, plan: CreatePlan, options: OperationOptions): Promise<CreatedNode> {
  try {
    return await requestCreate(session, plan, options)
  } catch (error) {
    if (!plan.withParents || !isZooKeeperError(error, 'NO_NODE')) throw error
  }
  await createParents(session, plan, options)
  return requestCreate(session, plan, options)
}

/** The request alone; it needs no parents. */
export function requestCreate(session: Session, plan: CreatePlan, options?: OperationOptions): Promise<CreatedNode> {
  const { flags, ttlMs } = plan.body
  const operation = ttlMs !== null ? createTtl : flags === CONTAINER_FLAGS ? createContainer : create2
  return session.request(operation, plan.path, plan.serverPath, plan.body, null, options)
}

const CONTAINER_FLAGS = 4

async function createParents(session: Session, plan: CreatePlan, options: OperationOptions): Promise<void> {
  const missing: string[] = []
  for (let parent = parentPath(plan.serverPath); parent !== '/'; parent = parentPath(parent)) missing.unshift(parent)
  const body: CreateBody = { data: new Uint8Array(0), acl: plan.body.acl, flags: 0, ttlMs: null }
  // All in one go: those that exist already refuse, which is as good.
  const outcomes = await Promise.allSettled(
    missing.map((parent) => session.request(create2, parent, parent, body, null, options)),
  )
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected' && !isHarmless(outcome.reason)) throw outcome.reason
  }
}

/** Whether a refusal only says that the parent is there, or that somebody may not make what is there (the create itself will tell). */
function isHarmless(reason: unknown): boolean {
  return isZooKeeperError(reason, 'NODE_EXISTS') || isZooKeeperError(reason, 'NO_AUTH')
}

/**
 * A create that is carried through: after a lost answer it looks for its node by the unique prefix, and creates it only if it
 * is not there. When the caller gives up, the node is taken away again in the background, if it came to be.
 */
export class ProtectedCreate {
  readonly #session: Session
  readonly #context: AttemptContext
  readonly #logger: Logger
  readonly #plan: CreatePlan
  readonly #prefix: string
  /** Nobody wants the node any more. */
  #isUnwanted = false

  constructor(session: Session, context: AttemptContext, plan: CreatePlan) {
    this.#session = session
    this.#context = context
    this.#logger = session.settings.logger
    this.#prefix = `${PROTECTED_PREFIX}${uuid(context)}-`
    const protect = (path: string): string => childPath(parentPath(path), `${this.#prefix}${baseName(path)}`)
    this.#plan = { ...plan, serverPath: protect(plan.serverPath) }
  }

  run(options: OperationOptions | undefined): Promise<CreatedNode> {
    const limits = new Limits(this.#context, options)
    const created = this.#carryThrough()
    const { signal } = options ?? {}
    if (signal === undefined && limits.remainingMs === Number.POSITIVE_INFINITY) return created
    return new Promise((resolve, reject) => {
      const giveUp = (code: 'ABORTED' | 'TIMEOUT', reason: string): void => {
        this.#isUnwanted = true
        stop()
        const message = `create ${this.#plan.path}: ${reason}; if the node came to be it is deleted again (${code})`
        reject(new ZooKeeperError(code, message, { path: this.#plan.path, mayHaveBeenApplied: true, cause: signal?.reason }))
      }
      const onAbort = (): void => giveUp('ABORTED', 'the caller has aborted it')
      const timer =
        limits.remainingMs === Number.POSITIVE_INFINITY
          ? null
          : this.#context.runtime.timers.after(limits.remainingMs, () => giveUp('TIMEOUT', 'no answer in time'))
      const stopListening = whenAborted(signal, onAbort)
      const stop = (): void => {
        timer?.cancel()
        stopListening()
      }
      created.then(stop, stop)
      created.then(
        (node) => (this.#isUnwanted ? this.#takeAway(node) : resolve(node)),
        (error: unknown) => reject(error instanceof Error ? error : new Error(String(error))),
      )
      if (signal?.aborted === true) onAbort()
    })
  }

  async #carryThrough(): Promise<CreatedNode> {
    for (;;) {
      try {
        return await createOnce(this.#session, this.#plan, {})
      } catch (error) {
        if (!isZooKeeperError(error) || error.category !== 'connection') throw error
        const found = error.mayHaveBeenApplied ? await this.#find(error) : null
        if (found !== null) return found
        if (this.#isUnwanted) throw error
        if (!error.mayHaveBeenApplied) await pause(this.#context.runtime, LOOK_AGAIN_MS)
      }
    }
  }

  /**
   * Looks until there is an answer. Before that, a transaction of no parts makes sure that a create which is still under way has arrived:
   * writes are carried out one after the other. A sync would not do, as a leader answers it without waiting for what it is about to commit.
   */
  async #find(cause: ZooKeeperError): Promise<CreatedNode | null> {
    const parent = parentPath(this.#plan.serverPath)
    for (;;) {
      try {
        await this.#session.request(multi, null, '', [])
        const names = await this.#session.request(getChildren, parent, parent, undefined)
        const name = names.find((one) => one.startsWith(this.#prefix))
        if (name === undefined) return null
        const path = childPath(parent, name)
        const stat = await this.#session.request(exists, path, path, undefined)
        return stat === null ? null : { path, stat }
      } catch (error) {
        if (isZooKeeperError(error, 'NO_NODE')) return null
        if (!isZooKeeperError(error) || !error.isRetryable) throw lostError(error, cause)
        await pause(this.#context.runtime, LOOK_AGAIN_MS)
      }
    }
  }

  async #takeAway(node: CreatedNode): Promise<void> {
    for (;;) {
      try {
        await this.#session.request(deleteNode, node.path, node.path, -1)
        return
      } catch (error) {
        if (isZooKeeperError(error, 'NO_NODE') || isFinalState(this.#session.state)) return
        if (!isZooKeeperError(error) || !error.isRetryable) {
          this.#logger.error('a node that nobody wants any more could not be deleted', { path: node.path, error })
          return
        }
        await pause(this.#context.runtime, LOOK_AGAIN_MS)
      }
    }
  }
}

/** The session ended while the node was looked for: it may be there. */
function lostError(error: unknown, cause: ZooKeeperError): unknown {
  if (!isZooKeeperError(error) || error.category !== 'session') return error
  return new ZooKeeperError(error.code, error.message, {
    path: cause.path,
    wireCode: error.wireCode,
    mayHaveBeenApplied: true,
    cause: error,
  })
}

/** A random UUID (version 4), from the runtime's chance so that a simulation repeats itself. */
function uuid(context: AttemptContext): string {
  const { random } = context.runtime
  const word = (): string => random.below(0x10000).toString(16).padStart(4, '0')
  const versioned = (0x4000 | random.below(0x1000)).toString(16)
  const variant = (0x8000 | random.below(0x4000)).toString(16)
  return `${word()}${word()}-${word()}-${versioned}-${variant}-${word()}${word()}${word()}`
}
