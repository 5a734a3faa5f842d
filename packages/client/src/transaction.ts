import type { Acl } from '@tskeeper/protocol'
import type { DataInput } from './data.ts'
import type { CreateKind, OperationOptions } from './options.ts'
import type { TransactionResult } from './results.ts'

/** Which node a transaction creates. */
export type TransactionCreateOptions = CreateKind & { readonly acl?: readonly Acl[] }

/** One part of a transaction. */
export type TransactionOperation =
  | ({ readonly type: 'create'; readonly path: string; readonly data?: DataInput } & TransactionCreateOptions)
  | { readonly type: 'set'; readonly path: string; readonly data: DataInput; readonly version?: number }
  | { readonly type: 'delete'; readonly path: string; readonly version?: number }
  | { readonly type: 'check'; readonly path: string; readonly version: number }

/** One part of a `multiRead`. */
export type ReadOperation = { readonly type: 'get' | 'children'; readonly path: string }

/** Carries out a list of operations as one. */
export type CommitFn = (
  operations: readonly TransactionOperation[],
  options: OperationOptions | undefined,
) => Promise<TransactionResult[]>

/**
 * Gathers operations that are carried out all together or not at all.
 *
 * ```ts
 * await zk.transaction().check('/config', 7).set('/config', 'new').create('/history/8', 'new').commit()
 * ```
 */
export class TransactionBuilder {
  readonly #commit: CommitFn
  readonly #operations: TransactionOperation[] = []

  constructor(commit: CommitFn) {
    this.#commit = commit
  }

  /** What has been gathered. */
  get operations(): readonly TransactionOperation[] {
    return this.#operations
  }

  /** Adds the creation of a node. */
  create(path: string, data: DataInput = '', options: TransactionCreateOptions = {}): this {
    this.#operations.push({ type: 'create', path, data, ...options })
    return this
  }

  /** Adds a change of a node's data. */
  set(path: string, data: DataInput, options: { readonly version?: number } = {}): this {
    this.#operations.push({ type: 'set', path, data, ...options })
    return this
  }

  /** Adds the deletion of a node. */
  delete(path: string, options: { readonly version?: number } = {}): this {
    this.#operations.push({ type: 'delete', path, ...options })
    return this
  }

  /** Makes the transaction fail unless the node exists and has this version (-1 is any). */
  check(path: string, version: number): this {
    this.#operations.push({ type: 'check', path, version })
    return this
  }

  /** Carries it out. Rejects with a `TransactionError` when a part fails; then nothing of it happened. */
  commit(options?: OperationOptions): Promise<TransactionResult[]> {
    return this.#commit(this.#operations, options)
  }
}
