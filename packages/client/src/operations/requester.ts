import type { Chroot } from '../chroot.ts'
import type { OperationOptions, WatchOptions } from '../options.ts'
import { retries } from '../retry.ts'
import type { Operation } from '../session/request.ts'
import type { Session } from '../session/session.ts'
import { pathProblem } from './arguments.ts'
import { type AttemptContext, policyOf, withRetries } from './attempts.ts'

/**
 * Makes the requests of an application's calls: the path is checked, the chroot put before it, and what failed is repeated as the
 * call's options say.
 */
export class Requester {
  readonly #session: Session
  readonly #chroot: Chroot
  readonly #context: AttemptContext
  /** Whether calls that say nothing of it are repeated. */
  readonly #hasRetries: boolean

  constructor(session: Session, chroot: Chroot, context: AttemptContext) {
    this.#session = session
    this.#chroot = chroot
    this.#context = context
    this.#hasRetries = context.retry !== retries.none
  }

  /** Reads something of a node. The shortest way for the most frequent calls: without retries, the promise of the request is the caller's. */
  read<Result>(operation: Operation<undefined, Result>, path: string, options: WatchOptions | undefined): Promise<Result> {
    const problem = pathProblem(path)
    if (problem !== null) return Promise.reject(problem)
    const serverPath = this.#chroot.toServer(path)
    const watch = options?.watch ?? null
    if (!this.#isRetried(options)) return this.#session.request(operation, path, serverPath, undefined, watch, options)
    return this.repeat(true, options, (limits) => this.#session.request(operation, path, serverPath, undefined, watch, limits))
  }

  /** Changes something of a node. What `makeBody` throws is what is wrong with the call. */
  write<Body, Result>(
    operation: Operation<Body, Result>,
    path: string,
    options: OperationOptions,
    makeBody: () => Body,
  ): Promise<Result> {
    const problem = pathProblem(path)
    if (problem !== null) return Promise.reject(problem)
    let body: Body
    try {
      body = makeBody()
    } catch (error) {
      return Promise.reject(error)
    }
    const serverPath = this.#chroot.toServer(path)
    if (!this.#isRetried(options)) return this.#session.request(operation, path, serverPath, body, null, options)
    return this.repeat(false, options, (limits) => this.#session.request(operation, path, serverPath, body, null, limits))
  }

  /** Asks for something that is of no one node. */
  ask<Body, Result>(operation: Operation<Body, Result>, body: Body, options: OperationOptions | undefined): Promise<Result> {
    return this.repeat(!operation.isWrite, options, (limits) => this.#session.request(operation, null, '', body, null, limits))
  }

  /** Makes attempts until one succeeds or the call's options have had enough of them. Idempotent: twice does no harm. */
  repeat<Result>(
    isIdempotent: boolean,
    options: OperationOptions | undefined,
    attempt: (limits: OperationOptions) => Promise<Result>,
  ): Promise<Result> {
    return withRetries(this.#context, isIdempotent, options, attempt)
  }

  #isRetried(options: OperationOptions | undefined): boolean {
    if (options?.retry === undefined) return this.#hasRetries
    return policyOf(this.#context, options) !== retries.none
  }
}
