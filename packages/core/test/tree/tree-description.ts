// A database and the naive model written out in one and the same form, so that a test compares them with one `toEqual` and
// the difference can be read.

import { type Acl, ByteReader, ByteWriter, readStat, type Stat } from '@tskeeper/protocol/server'
import { expect } from 'vitest'
import { aclListKey } from '../../src/acl/acl-table.ts'
import type { DataTree } from '../../src/tree/data-tree.ts'
import type { Database } from '../../src/tree/database.ts'
import {
  ACL_ID,
  CZXID,
  FIRST_CHILD,
  KIND_CONTAINER,
  KIND_EPHEMERAL,
  KIND_PERSISTENT,
  KIND_TTL,
  NEXT_SIBLING,
  PARENT,
  PERSISTED_CVERSION,
  PREVIOUS_SIBLING,
  STORED_OWNER,
} from '../../src/tree/node-fields.ts'
import { nodeDigest, type OwnerName, ownerName, type TreeModel } from './tree-model.ts'

export interface NodeDescription {
  readonly data: string | null
  readonly acl: readonly Acl[]
  /** As clients see it. */
  readonly stat: Stat
  readonly storedCversion: number
  readonly storedOwner: bigint
  readonly kind: OwnerName
  readonly children: readonly string[]
}

export interface Description {
  readonly nodes: Record<string, NodeDescription>
  readonly sessions: Record<string, number>
  /** Paths by owner, sorted. */
  readonly ephemerals: Record<string, readonly string[]>
  readonly containers: readonly string[]
  readonly ttlNodes: readonly string[]
  readonly nodeCount: number
  readonly ephemeralCount: number
  readonly dataBytes: number
  readonly digest: bigint
}

const hexOf = (data: Uint8Array | null): string | null => (data === null ? null : Buffer.from(data).toString('hex'))

export function describeDatabase(database: Database): Description {
  const { tree } = database
  return {
    ...describeTree(tree),
    sessions: sorted([...database.sessions].map(([id, timeoutMs]) => [String(id), timeoutMs])),
  }
}

export function describeTree(tree: DataTree): Omit<Description, 'sessions'> {
  const nodes: [string, NodeDescription][] = []
  for (let node = tree.root; node !== 0; node = tree.nextInPreorder(node, tree.root)) {
    nodes.push([tree.path(node), describeNode(tree, node)])
  }
  const paths = (set: Iterable<number>): string[] => [...set].map((node) => tree.path(node)).sort()
  return {
    nodes: sorted(nodes),
    ephemerals: sorted([...tree.ephemerals].map(([owner, owned]) => [String(owner), paths(owned)])),
    containers: paths(tree.containers),
    ttlNodes: paths(tree.ttlNodes),
    nodeCount: tree.nodeCount,
    ephemeralCount: tree.ephemeralCount,
    dataBytes: tree.dataBytes,
    digest: tree.digest.toBigInt(),
  }
}

/** One node, by the ways that reads take: its data, ACL, Stat and list of children. */
export function describeNode(tree: DataTree, node: number): NodeDescription {
  return {
    data: hexOf(readData(tree, node)),
    acl: tree.acls.list(tree.nodes.getInt(node, ACL_ID)),
    stat: statOf(tree, node),
    storedCversion: tree.nodes.getInt(node, PERSISTED_CVERSION),
    storedOwner: tree.nodes.getLong(node, STORED_OWNER),
    kind: KIND_NAMES[tree.nodes.kind(node)] ?? 'persistent',
    children: childNames(tree, node).sort(),
  }
}

export function statOf(tree: DataTree, node: number): Stat {
  const out = new ByteWriter()
  tree.nodes.writeStat(node, out)
  return readStat(new ByteReader(out.toBytes()))
}

function readData(tree: DataTree, node: number): Uint8Array | null {
  const out = new ByteWriter()
  tree.nodes.writeData(node, out)
  const data = new ByteReader(out.toBytes()).readBuffer()
  expect(tree.data(node)).toEqual(data)
  return data
}

export function childNames(tree: DataTree, node: number): string[] {
  const out = new ByteWriter()
  tree.writeChildNames(node, out)
  const input = new ByteReader(out.toBytes())
  return Array.from({ length: input.readInt() }, () => input.readString() ?? '')
}

const KIND_NAMES: Readonly<Record<number, OwnerName>> = {
  [KIND_PERSISTENT]: 'persistent',
  [KIND_EPHEMERAL]: 'ephemeral',
  [KIND_CONTAINER]: 'container',
  [KIND_TTL]: 'ttl',
}

export function describeModel(model: TreeModel): Description {
  const nodes: [string, NodeDescription][] = []
  const ephemerals = new Map<string, string[]>()
  const containers: string[] = []
  const ttlNodes: string[] = []
  let ephemeralCount = 0
  let dataBytes = 0
  for (const [path, node] of model.nodes) {
    const children = model.children(path)
    const kind = ownerName(node.owner)
    if (kind === 'ephemeral') {
      ephemerals.set(String(node.owner), [...(ephemerals.get(String(node.owner)) ?? []), path].sort())
      ephemeralCount++
    } else if (kind === 'container') containers.push(path)
    else if (kind === 'ttl') ttlNodes.push(path)
    dataBytes += (path === '/' ? 0 : Buffer.byteLength(path)) + (node.data?.length ?? 0)
    const { czxid, mzxid, ctime, mtime, version, aversion, pzxid } = node
    const stat: Stat = {
      ...{ czxid, mzxid, ctime, mtime, version },
      cversion: (2 * node.cversion - children.length) | 0,
      aversion,
      ephemeralOwner: kind === 'ephemeral' ? node.owner : 0n,
      dataLength: node.data?.length ?? 0,
      numChildren: children.length,
      pzxid,
    }
    const { acl } = node
    nodes.push([
      path,
      { data: hexOf(node.data), acl, stat, storedCversion: node.cversion, storedOwner: node.owner, kind, children },
    ])
  }
  return {
    nodes: sorted(nodes),
    sessions: sorted([...model.sessions].map(([id, timeoutMs]) => [String(id), timeoutMs])),
    ephemerals: sorted([...ephemerals]),
    containers: containers.sort(),
    ttlNodes: ttlNodes.sort(),
    nodeCount: model.nodes.size,
    ephemeralCount,
    dataBytes,
    digest: model.digest(),
  }
}

function sorted<T>(entries: [string, T][]): Record<string, T> {
  return Object.fromEntries(entries.sort(([left], [right]) => (left < right ? -1 : 1)))
}

/**
 * What must hold in any database at any time while nothing is pending: the links between nodes agree, the digest is the sum
 * over the nodes that are there, and the ACL table holds the lists that nodes refer to and no others.
 */
export function expectSound(database: Database): void {
  const { tree } = database
  const { nodes } = tree
  const lists = new Set<string>()
  let digest = 0n
  for (let node = tree.root; node !== 0; node = tree.nextInPreorder(node, tree.root)) {
    const path = tree.path(node)
    expect(database.find(path)).toBe(node)
    const { data, acl, stat, storedCversion, storedOwner } = describeNode(tree, node)
    let previous = 0
    for (let child = nodes.getInt(node, FIRST_CHILD); child !== 0; child = nodes.getInt(child, NEXT_SIBLING)) {
      expect(nodes.getInt(child, PARENT)).toBe(node)
      expect(nodes.getInt(child, PREVIOUS_SIBLING)).toBe(previous)
      previous = child
    }
    if (nodes.getInt(node, ACL_ID) >= 0) lists.add(aclListKey(acl))
    expect(stat.czxid).toBe(nodes.getNumber(node, CZXID))
    if (path.startsWith('/zookeeper/')) continue
    const bytes = data === null ? null : new Uint8Array(Buffer.from(data, 'hex'))
    digest += BigInt(nodeDigest(path, { ...stat, acl, data: bytes, cversion: storedCversion, owner: storedOwner }))
  }
  expect(tree.digest.toBigInt()).toBe(BigInt.asUintN(64, digest))
  expect(new Set(database.acls.copy().map((row) => aclListKey(row.acl)))).toEqual(lists)
}
