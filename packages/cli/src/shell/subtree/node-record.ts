// A node as it is carried from one place to another: by `cp`, by `export` and `import`, and what `diff` compares.

import type { OperationOptions, Stat, ZooKeeper } from '@tskeeper/client'
import { type Acl, childPath, formatAcl, parseAcl } from '@tskeeper/protocol'
import { ShellError } from '../shell-error.ts'
import { dataFromJson, dataJson, type JsonValue } from '../text/json-values.ts'
import { walk } from '../tree-walk.ts'

/** Whose life a node shares. Servers do not tell clients which nodes are containers or have a time to live: they count as persistent. */
export type NodeKind = 'persistent' | 'ephemeral'

/** A node without what only its place and its history give it. */
export interface NodeRecord {
  /** From the top of the subtree: `/` is the top itself. */
  readonly path: string
  /** Null is no data, which servers keep apart from no bytes. */
  readonly data: Uint8Array | null
  readonly kind: NodeKind
  /** Null when it was not asked for. */
  readonly acl: readonly Acl[] | null
}

/** The server's own nodes: they are never carried along. */
const SYSTEM_PATH = '/zookeeper'

/** What kind of node it is, by its Stat. */
export function kindOf(stat: Pick<Stat, 'ephemeralOwner'>): NodeKind {
  return stat.ephemeralOwner === 0n ? 'persistent' : 'ephemeral'
}

/** Every node at and below `root`, parents first, but for the server's own. */
export async function* readSubtree(
  client: ZooKeeper,
  root: string,
  options: { readonly operation: OperationOptions; readonly hasAcl: boolean },
): AsyncGenerator<NodeRecord> {
  const { operation, hasAcl } = options
  const nodes = walk(root, async (path) => {
    const [value, names, acl] = await Promise.all([
      client.get(path, operation),
      client.children(path, operation),
      hasAcl ? client.getAcl(path, operation).then((answer) => answer.acl) : null,
    ])
    const children = names
      .sort()
      .map((name) => childPath(path, name))
      .filter((child) => child !== SYSTEM_PATH)
    return { path, value, children, acl }
  })
  for await (const { path, value, acl } of nodes) {
    yield {
      path: relativePath(root, path),
      data: value.isNull ? null : value.data,
      kind: kindOf(value.stat),
      acl,
    }
  }
}

/** The path of a node of a subtree that has its top at `root`. */
export function placedPath(root: string, path: string): string {
  if (path === '/') return root
  return root === '/' ? path : root + path
}

function relativePath(root: string, path: string): string {
  if (path === root) return '/'
  return root === '/' ? path : path.slice(root.length)
}

/** Makes the node in the subtree at `root`, or gives the one that is there this data (and ACL) if that is allowed. */
export async function writeNode(
  client: ZooKeeper,
  root: string,
  record: NodeRecord,
  options: { readonly operation: OperationOptions; readonly mayOverwrite: boolean },
): Promise<void> {
  const { operation, mayOverwrite } = options
  const path = placedPath(root, record.path)
  const isThere = path === '/' || (mayOverwrite && (await client.exists(path, operation)) !== null)
  if (isThere) {
    if (!mayOverwrite) return
    await client.set(path, record.data, operation)
    if (record.acl !== null) await client.setAcl(path, record.acl, operation)
    return
  }
  const acl = record.acl === null ? {} : { acl: record.acl }
  await client.create(path, record.data, { ...operation, ...acl })
}

/** One line of an export. */
export function recordToJson(record: NodeRecord): JsonValue {
  return {
    path: record.path,
    ...dataJson({ data: record.data ?? new Uint8Array(0), isNull: record.data === null }),
    ...(record.kind === 'persistent' ? {} : { kind: record.kind }),
    ...(record.acl === null ? {} : { acl: record.acl.map(formatAcl) }),
  }
}

/** Reads a line of an export; throws what is wrong with it. */
export function recordFromJson(line: string): NodeRecord {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    throw new ShellError(`not a JSON object: ${line.slice(0, 60)}`, { code: 'BAD_EXPORT', cause: error })
  }
  const fields = new Map(value !== null && typeof value === 'object' ? Object.entries(value) : [])
  const path: unknown = fields.get('path')
  if (typeof path !== 'string' || !path.startsWith('/')) throw badField('path', 'text that begins with /', path)
  const data: unknown = fields.get('data') ?? null
  if (data !== null && typeof data !== 'string') throw badField('data', 'text or null', data)
  const encoding: unknown = fields.get('encoding') ?? 'utf8'
  if (encoding !== 'utf8' && encoding !== 'base64') throw badField('encoding', 'utf8 or base64', encoding)
  const kind: unknown = fields.get('kind') ?? 'persistent'
  if (kind !== 'persistent' && kind !== 'ephemeral') throw badField('kind', 'persistent or ephemeral', kind)
  return { path, data: dataFromJson(data, encoding), kind, acl: readAclField(fields.get('acl')) }
}

function readAclField(value: unknown): readonly Acl[] | null {
  if (value === undefined || value === null) return null
  if (!Array.isArray(value)) throw badField('acl', 'a list', value)
  return value.map((item: unknown) => {
    const entry = typeof item === 'string' ? parseAcl(item) : null
    if (entry === null) throw badField('acl', 'scheme:id:perms', item)
    return entry
  })
}

function badField(name: string, wanted: string, found: unknown): ShellError {
  return new ShellError(`${name} must be ${wanted}, not ${JSON.stringify(found)}`, { code: 'BAD_EXPORT' })
}
