// The rules for writes in the plainest form, straight from their tables: each request is checked against the model and
// carried out at once, one after the other. The preparer, which runs ahead of the tree, must come to the same codes and
// the same tree.

import { type Acl, ErrorCode, type MultiPart, Op, Perm, validatePath } from '@tskeeper/protocol/server'
import { isAllowed } from '../../src/acl/acl-check.ts'
import type { Identity } from '../../src/acl/auth-id.ts'
import { fixUpAcl } from '../../src/acl/fix-up.ts'
import { type ModelNode, ownerName, parentOf, TreeModel } from '../tree/tree-model.ts'
import { schemes, type Write } from './workbench.ts'

const CONTAINER = -(1n << 63n)
const RESERVED = ['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config']

type Create = Extract<MultiPart, { readonly op: 1 | 15 | 19 | 21 }>

export class ModelServer {
  readonly model: TreeModel = new TreeModel()
  lastZxid = 0
  private sessionId = 0n
  private identities: readonly Identity[] = []
  private timeMs = 0

  /** Carries a request out; its code, or the codes of its parts. */
  write(write: Write, sessionId: bigint, identities: readonly Identity[], timeMs: number): number[] {
    this.lastZxid++
    this.sessionId = sessionId
    this.identities = identities
    this.timeMs = timeMs
    return write.op === Op.multi ? this.multi(write.parts) : [this.single(write, false)]
  }

  createSession(id: bigint, timeoutMs: number): void {
    this.lastZxid++
    this.model.sessions.set(id, timeoutMs)
  }

  closeSession(id: bigint): void {
    this.lastZxid++
    for (const path of this.model.ephemeralsOf(id)) this.remove(path)
    this.model.sessions.delete(id)
  }

  deleteContainer(path: string): number {
    this.lastZxid++
    if (RESERVED.includes(path)) return ErrorCode.BAD_ARGUMENTS
    const node = this.model.nodes.get(path)
    if (node === undefined) return ErrorCode.NO_NODE
    if (this.model.children(path).length > 0) return ErrorCode.NOT_EMPTY
    if (ownerName(node.owner) === 'ephemeral') return ErrorCode.BAD_VERSION
    this.remove(path)
    return ErrorCode.OK
  }

  private multi(parts: readonly MultiPart[]): number[] {
    const before = new Map([...this.model.nodes].map(([path, node]) => [path, { ...node }]))
    const codes: number[] = []
    let hasFailed = false
    for (const part of parts) {
      if (hasFailed) codes.push(ErrorCode.RUNTIME_INCONSISTENCY)
      else {
        const code = this.single(part, true)
        hasFailed = code !== ErrorCode.OK
        codes.push(code)
      }
    }
    if (hasFailed) this.model.nodes = before
    return codes
  }

  private single(write: Exclude<Write, { readonly op: 14 }> | MultiPart, isPart: boolean): number {
    switch (write.op) {
      case Op.create:
      case Op.create2:
      case Op.createContainer:
      case Op.createTTL:
        return this.create(write, isPart)
      case Op.delete:
        return this.delete(write.request.path ?? '', write.request.version)
      case Op.setData:
        return this.setData(write.request.path ?? '', write.request.data, write.request.version)
      case Op.setACL:
        return this.setAcl(write.request.path ?? '', write.request.acl, write.request.version)
      case Op.check:
        return this.check(write.request.path ?? '', write.request.version)
      default:
        return ErrorCode.MARSHALLING_ERROR
    }
  }

  private create(create: Create, isPart: boolean): number {
    const { flags, acl } = create.request
    let { op } = create
    const ttl = create.op === Op.createTTL ? create.request.ttl : -1
    const isTtl = flags === 5 || flags === 6
    // In a multi the flags say what kind of node it is.
    if (isPart && op === Op.createTTL && !isTtl) op = Op.create
    if (isPart && flags === 4) op = Op.createContainer
    if (flags < 0 || flags > 6) return ErrorCode.BAD_ARGUMENTS
    if (isTtl !== (op === Op.createTTL)) return ErrorCode.BAD_ARGUMENTS
    if (isTtl && (ttl < 1 || ttl > 1099511627775)) return ErrorCode.BAD_ARGUMENTS
    if (op === Op.createContainer && flags !== 4) return ErrorCode.BAD_ARGUMENTS
    let path = create.request.path ?? ''
    if (!path.includes('/') || path.includes('\0')) return ErrorCode.BAD_ARGUMENTS
    const fixed = fixUpAcl(acl, this.identities, schemes)
    if (fixed === null) return ErrorCode.INVALID_ACL
    const parentPath = path.slice(0, path.lastIndexOf('/'))
    const parent = this.model.nodes.get(parentPath === '' ? '/' : parentPath)
    if (parent === undefined) return ErrorCode.NO_NODE
    if (!this.may(parent, Perm.create)) return ErrorCode.NO_AUTH
    if (flags === 2 || flags === 3 || flags === 6) path += String(parent.cversion).padStart(10, '0')
    if (validatePath(path) !== null) return ErrorCode.BAD_ARGUMENTS
    if (this.model.nodes.has(path)) return ErrorCode.NODE_EXISTS
    if (ownerName(parent.owner) === 'ephemeral') return ErrorCode.NO_CHILDREN_FOR_EPHEMERALS

    let owner = 0n
    if (op === Op.createContainer) owner = CONTAINER
    else if (op === Op.createTTL) owner = BigInt.asIntN(64, 0xff00000000000000n | BigInt(ttl))
    else if (flags === 1 || flags === 3) owner = this.sessionId
    const { lastZxid: zxid, timeMs } = this
    parent.cversion++
    parent.pzxid = zxid
    this.model.nodes.set(path, {
      data: create.request.data,
      acl: fixed,
      ...{ czxid: zxid, mzxid: zxid, pzxid: zxid, ctime: timeMs, mtime: timeMs },
      ...{ version: 0, cversion: 0, aversion: 0, owner },
    })
    return ErrorCode.OK
  }

  private delete(path: string, version: number): number {
    if (!path.includes('/') || path.includes('\0') || RESERVED.includes(path)) return ErrorCode.BAD_ARGUMENTS
    const parentPath = path.slice(0, path.lastIndexOf('/'))
    const parent = this.model.nodes.get(parentPath === '' ? '/' : parentPath)
    if (parent === undefined) return ErrorCode.NO_NODE
    if (!this.may(parent, Perm.delete)) return ErrorCode.NO_AUTH
    const node = this.model.nodes.get(path)
    if (node === undefined) return ErrorCode.NO_NODE
    if (version !== -1 && version !== node.version) return ErrorCode.BAD_VERSION
    if (this.model.children(path).length > 0) return ErrorCode.NOT_EMPTY
    this.remove(path)
    return ErrorCode.OK
  }

  private setData(path: string, data: Uint8Array | null, version: number): number {
    if (validatePath(path) !== null) return ErrorCode.BAD_ARGUMENTS
    const node = this.model.nodes.get(path)
    if (node === undefined) return ErrorCode.NO_NODE
    if (!this.may(node, Perm.write)) return ErrorCode.NO_AUTH
    if (version !== -1 && version !== node.version) return ErrorCode.BAD_VERSION
    node.data = data
    node.version++
    node.mzxid = this.lastZxid
    node.mtime = this.timeMs
    return ErrorCode.OK
  }

  private setAcl(path: string, acl: readonly Acl[] | null, version: number): number {
    if (validatePath(path) !== null) return ErrorCode.BAD_ARGUMENTS
    const fixed = fixUpAcl(acl, this.identities, schemes)
    if (fixed === null) return ErrorCode.INVALID_ACL
    const node = this.model.nodes.get(path)
    if (node === undefined) return ErrorCode.NO_NODE
    if (!this.may(node, Perm.admin)) return ErrorCode.NO_AUTH
    if (version !== -1 && version !== node.aversion) return ErrorCode.BAD_VERSION
    node.acl = fixed
    node.aversion++
    return ErrorCode.OK
  }

  private check(path: string, version: number): number {
    if (validatePath(path) !== null) return ErrorCode.BAD_ARGUMENTS
    const node = this.model.nodes.get(path)
    if (node === undefined) return ErrorCode.NO_NODE
    if (!this.may(node, Perm.read)) return ErrorCode.NO_AUTH
    return version === -1 || version === node.version ? ErrorCode.OK : ErrorCode.BAD_VERSION
  }

  private remove(path: string): void {
    const parent = this.model.nodes.get(parentOf(path))
    if (parent !== undefined) parent.pzxid = this.lastZxid
    this.model.nodes.delete(path)
  }

  private may(node: ModelNode, perm: number): boolean {
    return isAllowed(node.acl, perm, this.identities, schemes, false)
  }
}
