// The naive model of the replicated state: a map from path to a plain object, changed by decoded transactions in the
// plainest way that the rules allow. It shares no code with the tree: child lists come from a scan of the paths, digests from
// zlib over the fields in their order.

import { crc32 } from 'node:zlib'
import { type Acl, ErrorCode, Op, type Transaction, type TxnBody, type TxnHeader } from '@tskeeper/protocol/server'

export interface ModelNode {
  data: Uint8Array | null
  acl: readonly Acl[]
  czxid: number
  mzxid: number
  ctime: number
  mtime: number
  version: number
  /** Creations of children, as it is stored. */
  cversion: number
  aversion: number
  /** As stored: with the marks of containers and TTL nodes. */
  owner: bigint
  pzxid: number
}

export const OPEN_ACL: readonly Acl[] = [{ perms: 31, scheme: 'world', id: 'anyone' }]
const CONTAINER = -(1n << 63n)

export type OwnerName = 'persistent' | 'ephemeral' | 'container' | 'ttl'

/** What the owner says about the node, with extended types. */
export function ownerName(owner: bigint): OwnerName {
  if (owner === 0n) return 'persistent'
  if (owner === CONTAINER) return 'container'
  return BigInt.asUintN(64, owner) >> 56n === 0xffn ? 'ttl' : 'ephemeral'
}

/** The path's parent; the root is "/" here. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash <= 0 ? '/' : path.slice(0, slash)
}

function freshNode(fields: Partial<ModelNode> = {}): ModelNode {
  const zeros = { czxid: 0, mzxid: 0, ctime: 0, mtime: 0, version: 0, cversion: 0, aversion: 0, owner: 0n, pzxid: 0 }
  return { data: new Uint8Array(0), acl: OPEN_ACL, ...zeros, ...fields }
}

export class TreeModel {
  nodes: Map<string, ModelNode> = new Map()
  readonly sessions: Map<bigint, number> = new Map()

  constructor() {
    this.nodes.set('/', freshNode())
    this.nodes.set('/zookeeper', freshNode())
    this.nodes.set('/zookeeper/quota', freshNode())
    this.nodes.set('/zookeeper/config', freshNode({ acl: [{ perms: 1, scheme: 'world', id: 'anyone' }], aversion: -1 }))
  }

  children(path: string): string[] {
    const prefix = path === '/' ? '/' : `${path}/`
    const names: string[] = []
    for (const other of this.nodes.keys()) {
      if (other.length > prefix.length && other.startsWith(prefix) && !other.slice(prefix.length).includes('/'))
        names.push(other.slice(prefix.length))
    }
    return names.sort()
  }

  ephemeralsOf(session: bigint): string[] {
    return [...this.nodes].filter(([, { owner }]) => owner === session && ownerName(owner) === 'ephemeral').map(([path]) => path)
  }

  /** The sum of the nodes' digests, from scratch. */
  digest(): bigint {
    let sum = 0n
    for (const [path, node] of this.nodes) if (!path.startsWith('/zookeeper/')) sum += BigInt(nodeDigest(path, node))
    return BigInt.asUintN(64, sum)
  }

  /** Applies a transaction, also one that does not fit the tree; the codes of its parts, or its one code. */
  apply({ header, body }: Transaction): number[] {
    if (body.type !== Op.multi) return [this.applyBody(header, body)]
    const failed = body.parts.findIndex((part) => part.type === Op.error)
    if (failed < 0) return body.parts.map((part) => this.applyBody(header, part))
    return body.parts.map((part, index) => (index < failed || part.type !== Op.error ? ErrorCode.OK : part.txn.err))
  }

  private applyBody(header: TxnHeader, body: TxnBody): number {
    const { zxid, time } = header
    switch (body.type) {
      case Op.createSession:
        this.sessions.set(header.clientId, body.txn.timeoutMs)
        return ErrorCode.OK
      case Op.closeSession:
        for (const path of body.txn?.paths ?? []) this.delete(path ?? '', zxid)
        for (const path of this.ephemeralsOf(header.clientId)) this.delete(path, zxid)
        this.sessions.delete(header.clientId)
        return ErrorCode.OK
      case Op.error:
        return body.txn.err
      case Op.check:
        return ErrorCode.OK
      case Op.create:
      case Op.create2: {
        const { path, data, acl, ephemeral, parentCVersion } = body.txn
        return this.create(path, data, acl, ephemeral ? header.clientId : 0n, parentCVersion, zxid, time)
      }
      case Op.createContainer:
        return this.create(body.txn.path, body.txn.data, body.txn.acl, CONTAINER, body.txn.parentCVersion, zxid, time)
      case Op.createTTL: {
        const owner = BigInt.asIntN(64, 0xff00000000000000n | BigInt(body.txn.ttl))
        return this.create(body.txn.path, body.txn.data, body.txn.acl, owner, body.txn.parentCVersion, zxid, time)
      }
      case Op.delete:
      case Op.deleteContainer:
        return this.delete(body.txn.path ?? '', zxid)
      case Op.setData:
      case Op.reconfig: {
        const node = this.nodes.get(body.txn.path ?? '')
        if (node === undefined) return ErrorCode.NO_NODE
        node.data = body.txn.data
        node.version = body.txn.version
        node.mzxid = zxid
        node.mtime = time
        return ErrorCode.OK
      }
      case Op.setACL: {
        const node = this.nodes.get(body.txn.path ?? '')
        if (node === undefined) return ErrorCode.NO_NODE
        node.acl = body.txn.acl ?? OPEN_ACL
        node.aversion = body.txn.version
        return ErrorCode.OK
      }
      default:
        throw new Error(`the model knows no transaction of the type ${body.type}`)
    }
  }

  private create(
    path: string | null,
    data: Uint8Array | null,
    acl: readonly Acl[] | null,
    owner: bigint,
    parentCversion: number,
    zxid: number,
    time: number,
  ): number {
    if (path === null) return ErrorCode.NO_NODE
    const parent = this.nodes.get(parentOf(path))
    if (parent === undefined) return ErrorCode.NO_NODE
    const cversion = parentCversion === -1 ? (parent.cversion + 1) | 0 : parentCversion
    if (cversion > parent.cversion) {
      parent.cversion = cversion
      parent.pzxid = zxid
    }
    const existing = this.nodes.get(path)
    if (existing !== undefined) {
      // Replay over a fuzzy snapshot: the node came with it, but perhaps not its ACL.
      existing.acl = acl ?? OPEN_ACL
      return ErrorCode.NODE_EXISTS
    }
    const born = { czxid: zxid, mzxid: zxid, pzxid: zxid, ctime: time, mtime: time }
    this.nodes.set(path, freshNode({ data, acl: acl ?? OPEN_ACL, owner, ...born }))
    return ErrorCode.OK
  }

  private delete(path: string, zxid: number): number {
    const parent = this.nodes.get(parentOf(path))
    if (parent !== undefined) parent.pzxid = Math.max(parent.pzxid, zxid)
    // What is below a node that goes can only come from a later part of the history, which will make it again.
    for (const other of this.nodes.keys()) if (other.startsWith(`${path}/`)) this.nodes.delete(other)
    return this.nodes.delete(path) ? ErrorCode.OK : ErrorCode.NO_NODE
  }
}

/** CRC-32 over path, data and the sixty bytes of the Stat in the digest's own order. */
export function nodeDigest(path: string, node: ModelNode): number {
  const stat = Buffer.alloc(60)
  stat.writeBigInt64BE(BigInt(node.czxid), 0)
  stat.writeBigInt64BE(BigInt(node.mzxid), 8)
  stat.writeBigInt64BE(BigInt(node.pzxid), 16)
  stat.writeBigInt64BE(BigInt(node.ctime), 24)
  stat.writeBigInt64BE(BigInt(node.mtime), 32)
  stat.writeInt32BE(node.version, 40)
  stat.writeInt32BE(node.cversion, 44)
  stat.writeInt32BE(node.aversion, 48)
  stat.writeBigInt64BE(node.owner, 52)
  return crc32(Buffer.concat([Buffer.from(path === '/' ? '' : path), node.data ?? Buffer.alloc(0), stat]))
}
