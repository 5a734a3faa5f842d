// A naive model of what a server's tree must be: the rules of each write in the order in which a
// reader of the documentation would check them, on plain maps, one write after the other. The
// oracle applies the writes of a log to it and demands that the server's tree is equal in every
// byte and every field.

import { openAcl, type RawAcl, RawCreateMode, type RawStat } from '../support/raw-records.ts'

/** What a client asked for. Paths are absolute; a version of -1 matches every version. */
export type Operation = SingleOperation | { readonly kind: 'multi'; readonly parts: readonly SingleOperation[] }

export type SingleOperation =
  | { readonly kind: 'create'; readonly path: string; readonly data: Uint8Array | null; readonly flags: number }
  | { readonly kind: 'delete'; readonly path: string; readonly version: number }
  | { readonly kind: 'setData'; readonly path: string; readonly data: Uint8Array | null; readonly version: number }
  | { readonly kind: 'setAcl'; readonly path: string; readonly acl: readonly RawAcl[]; readonly version: number }
  | { readonly kind: 'check'; readonly path: string; readonly version: number }

export interface Outcome {
  readonly error: number
  /** Path that a create made. */
  readonly path: string | null
  readonly stat: RawStat | null
  /** Outcomes of a multi's parts. */
  readonly parts: readonly Outcome[]
}

const ErrorCode = {
  runtimeInconsistency: -2,
  noNode: -101,
  badVersion: -103,
  noChildrenForEphemerals: -108,
  nodeExists: -110,
  notEmpty: -111,
} as const

interface ModelNode {
  data: Uint8Array | null
  acl: readonly RawAcl[]
  czxid: number
  mzxid: number
  pzxid: number
  ctime: number
  mtime: number
  version: number
  /** Children ever created; the next sequential child gets this number. */
  creations: number
  aversion: number
  owner: bigint
  readonly children: Set<string>
}

export class TreeModel {
  readonly #nodes = new Map<string, ModelNode>()
  /** Sessions that are open. */
  readonly sessions = new Set<bigint>()

  constructor() {
    const root = newNode(null, 0, 0, 0n)
    root.data = new Uint8Array(0)
    // The server's own nodes are not modelled, but they are a child of the root.
    root.children.add('zookeeper')
    this.#nodes.set('/', root)
  }

  paths(): string[] {
    return [...this.#nodes.keys()]
  }

  has(path: string): boolean {
    return this.#nodes.has(path)
  }

  data(path: string): Uint8Array | null {
    return this.#node(path).data
  }

  acl(path: string): readonly RawAcl[] {
    return this.#node(path).acl
  }

  children(path: string): string[] {
    return [...this.#node(path).children].sort()
  }

  ephemerals(sessionId: bigint): string[] {
    const paths: string[] = []
    for (const [path, node] of this.#nodes) if (node.owner === sessionId) paths.push(path)
    return paths.sort()
  }

  /** The Stat that a client sees. */
  stat(path: string): RawStat {
    const node = this.#node(path)
    return {
      czxid: node.czxid,
      mzxid: node.mzxid,
      ctime: node.ctime,
      mtime: node.mtime,
      version: node.version,
      cversion: 2 * node.creations - node.children.size,
      aversion: node.aversion,
      ephemeralOwner: node.owner,
      dataLength: node.data?.length ?? 0,
      numChildren: node.children.size,
      pzxid: node.pzxid,
    }
  }

  closeSession(sessionId: bigint, zxid: number): void {
    for (const path of this.ephemerals(sessionId)) this.#remove(path, zxid)
    this.sessions.delete(sessionId)
  }

  apply(operation: Operation, sessionId: bigint, zxid: number, timeMs: number): Outcome {
    if (operation.kind !== 'multi') return this.#applySingle(operation, sessionId, zxid, timeMs, null)
    const undo: (() => void)[] = []
    const parts: Outcome[] = []
    let error = 0
    for (const part of operation.parts) {
      const outcome = this.#applySingle(part, sessionId, zxid, timeMs, undo)
      parts.push(outcome)
      error = outcome.error
      if (error !== 0) break
    }
    if (error === 0) return { error: 0, path: null, stat: null, parts }
    for (const step of undo.reverse()) step()
    const failedAt = parts.length - 1
    const failed = operation.parts.map((_, index) =>
      failure(index < failedAt ? 0 : index === failedAt ? error : ErrorCode.runtimeInconsistency),
    )
    return { error, path: null, stat: null, parts: failed }
  }

  #applySingle(
    operation: SingleOperation,
    sessionId: bigint,
    zxid: number,
    timeMs: number,
    undo: (() => void)[] | null,
  ): Outcome {
    switch (operation.kind) {
      case 'create':
        return this.#create(operation.path, operation.data, operation.flags, sessionId, zxid, timeMs, undo)
      case 'delete':
        return this.#delete(operation.path, operation.version, zxid, undo)
      case 'setData':
        return this.#setData(operation.path, operation.data, operation.version, zxid, timeMs, undo)
      case 'setAcl':
        return this.#setAcl(operation.path, operation.acl, operation.version, undo)
      case 'check': {
        const node = this.#nodes.get(operation.path)
        if (node === undefined) return failure(ErrorCode.noNode)
        return isWanted(operation.version, node.version) ? success(null, null) : failure(ErrorCode.badVersion)
      }
    }
  }

  #create(
    asked: string,
    data: Uint8Array | null,
    flags: number,
    sessionId: bigint,
    zxid: number,
    timeMs: number,
    undo: (() => void)[] | null,
  ): Outcome {
    const parentPath = parentOf(asked)
    const parent = this.#nodes.get(parentPath)
    if (parent === undefined) return failure(ErrorCode.noNode)
    const isSequential = flags === RawCreateMode.persistentSequential || flags === RawCreateMode.ephemeralSequential
    const path = isSequential ? asked + String(parent.creations).padStart(10, '0') : asked
    if (this.#nodes.has(path)) return failure(ErrorCode.nodeExists)
    if (parent.owner !== 0n) return failure(ErrorCode.noChildrenForEphemerals)
    this.#remember(parentPath, undo)
    this.#remember(path, undo)
    const isEphemeral = flags === RawCreateMode.ephemeral || flags === RawCreateMode.ephemeralSequential
    this.#nodes.set(path, newNode(data, zxid, timeMs, isEphemeral ? sessionId : 0n))
    parent.children.add(nameOf(path))
    parent.creations++
    parent.pzxid = zxid
    return success(path, this.stat(path))
  }

  #delete(path: string, version: number, zxid: number, undo: (() => void)[] | null): Outcome {
    const node = this.#nodes.get(path)
    if (node === undefined) return failure(ErrorCode.noNode)
    if (!isWanted(version, node.version)) return failure(ErrorCode.badVersion)
    if (node.children.size > 0) return failure(ErrorCode.notEmpty)
    this.#remember(parentOf(path), undo)
    this.#remember(path, undo)
    this.#remove(path, zxid)
    return success(null, null)
  }

  #setData(
    path: string,
    data: Uint8Array | null,
    version: number,
    zxid: number,
    timeMs: number,
    undo: (() => void)[] | null,
  ): Outcome {
    const node = this.#nodes.get(path)
    if (node === undefined) return failure(ErrorCode.noNode)
    if (!isWanted(version, node.version)) return failure(ErrorCode.badVersion)
    this.#remember(path, undo)
    node.data = data
    node.version++
    node.mzxid = zxid
    node.mtime = timeMs
    return success(null, this.stat(path))
  }

  #setAcl(path: string, acl: readonly RawAcl[], version: number, undo: (() => void)[] | null): Outcome {
    const node = this.#nodes.get(path)
    if (node === undefined) return failure(ErrorCode.noNode)
    if (!isWanted(version, node.aversion)) return failure(ErrorCode.badVersion)
    this.#remember(path, undo)
    node.acl = acl
    node.aversion++
    return success(null, this.stat(path))
  }

  #remove(path: string, zxid: number): void {
    const parent = this.#node(parentOf(path))
    parent.children.delete(nameOf(path))
    parent.pzxid = Math.max(parent.pzxid, zxid)
    this.#nodes.delete(path)
  }

  /** Puts on the undo list how to bring the node back to what it is now. */
  #remember(path: string, undo: (() => void)[] | null): void {
    if (undo === null) return
    const node = this.#nodes.get(path)
    if (node === undefined) {
      undo.push(() => this.#nodes.delete(path))
      return
    }
    const copy: ModelNode = { ...node, children: new Set(node.children) }
    undo.push(() => this.#nodes.set(path, copy))
  }

  #node(path: string): ModelNode {
    const node = this.#nodes.get(path)
    if (node === undefined) throw new Error(`the model has no node ${path}`)
    return node
  }
}

function newNode(data: Uint8Array | null, zxid: number, timeMs: number, owner: bigint): ModelNode {
  return {
    data,
    acl: openAcl,
    czxid: zxid,
    mzxid: zxid,
    pzxid: zxid,
    ctime: timeMs,
    mtime: timeMs,
    version: 0,
    creations: 0,
    aversion: 0,
    owner,
    children: new Set(),
  }
}

function isWanted(wanted: number, version: number): boolean {
  return wanted === -1 || wanted === version
}

function success(path: string | null, stat: RawStat | null): Outcome {
  return { error: 0, path, stat, parts: [] }
}

function failure(error: number): Outcome {
  return { error, path: null, stat: null, parts: [] }
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf('/')))
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
