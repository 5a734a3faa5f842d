// Quotas: a limit on the number of nodes and of bytes below a path. The limit of /a/b is the text of the node
// /zookeeper/quota/a/b/zookeeper_limits, and what is used stands in its sibling zookeeper_stats. Both are
// ordinary nodes that clients create; the server keeps the usage up to date, without transactions.

import { ErrorCode, utf8Bytes, utf8Read } from '@tskeeper/protocol/server'
import type { DataTree } from './data-tree.ts'
import { DATA_LENGTH } from './node-fields.ts'

const QUOTA_ROOT = '/zookeeper/quota'
const LIMITS_NAME = '/zookeeper_limits'
const STATS_NAME = '/zookeeper_stats'

/** -1 is no limit. */
export interface QuotaLimits {
  readonly count: number
  readonly bytes: number
  readonly countHardLimit: number
  readonly byteHardLimit: number
}

export interface QuotaUsage {
  readonly count: number
  readonly bytes: number
}

export interface Quota {
  /** The path that has it. */
  readonly path: string
  readonly limits: QuotaLimits
  readonly usage: QuotaUsage
}

/** A limit that a request would exceed. */
export interface QuotaExcess {
  /** The path that has the quota. */
  readonly path: string
  readonly what: 'count' | 'bytes'
  readonly isHard: boolean
  readonly limit: number
  readonly usage: number
}

/** What a check found: an error code for the client and, soft or hard, the limit exceeded. */
export interface QuotaCheck {
  readonly code: number
  readonly excess: QuotaExcess | null
}

const WITHIN_QUOTA: QuotaCheck = { code: ErrorCode.OK, excess: null }

export class QuotaTable {
  private readonly tree: DataTree
  /** Paths with a limits node; never "/". */
  private readonly prefixes: Set<string> = new Set()

  constructor(tree: DataTree) {
    this.tree = tree
  }

  isEmpty(): boolean {
    return this.prefixes.size === 0
  }

  /** Every quota that can be understood. */
  *all(): Generator<Quota> {
    for (const path of this.prefixes) {
      const limitsNode = this.findNode(QUOTA_ROOT + path + LIMITS_NAME)
      const statsNode = this.findNode(QUOTA_ROOT + path + STATS_NAME)
      const limits = limitsNode === 0 ? null : parseLimits(this.text(limitsNode))
      if (limits !== null) yield { path, limits, usage: parseUsage(statsNode === 0 ? '' : this.text(statsNode)) }
    }
  }

  /** A node below /zookeeper/ was created. */
  nodeCreated(node: number): void {
    const path = this.tree.path(node)
    if (!path.startsWith(`${QUOTA_ROOT}/`)) return
    if (path.endsWith(LIMITS_NAME)) {
      const prefix = path.slice(QUOTA_ROOT.length, -LIMITS_NAME.length)
      if (prefix !== '') this.prefixes.add(prefix)
    } else if (path.endsWith(STATS_NAME)) this.recount(path.slice(QUOTA_ROOT.length, -STATS_NAME.length))
  }

  /** A node below /zookeeper/ is about to be deleted. */
  nodeDeleted(node: number): void {
    const path = this.tree.path(node)
    if (path.startsWith(`${QUOTA_ROOT}/`) && path.endsWith(LIMITS_NAME)) {
      this.prefixes.delete(path.slice(QUOTA_ROOT.length, -LIMITS_NAME.length))
    }
  }

  /** A node came, went or changed its size; called while the node is in the tree. */
  changed(node: number, addedBytes: number, addedNodes: number): void {
    if (this.prefixes.size === 0) return
    const prefix = this.deepestPrefix(this.tree.path(node))
    if (prefix === null) return
    const stats = this.findNode(QUOTA_ROOT + prefix + STATS_NAME)
    if (stats === 0) return
    const usage = parseUsage(this.text(stats))
    this.writeUsage(stats, { count: usage.count + addedNodes, bytes: usage.bytes + addedBytes })
  }

  /** Would a change below this path exceed a quota? Tested against the usage that is applied, not against pending changes. */
  check(path: string, addedBytes: number, addedNodes: number): QuotaCheck {
    if (this.prefixes.size === 0) return WITHIN_QUOTA
    const prefix = this.deepestPrefix(path)
    if (prefix === null) return WITHIN_QUOTA
    const limitsNode = this.findNode(QUOTA_ROOT + prefix + LIMITS_NAME)
    if (limitsNode === 0) return WITHIN_QUOTA
    const limits = parseLimits(this.text(limitsNode))
    if (limits === null) return { code: ErrorCode.MARSHALLING_ERROR, excess: null }
    const statsNode = this.findNode(QUOTA_ROOT + prefix + STATS_NAME)
    if (statsNode === 0) return WITHIN_QUOTA
    const usage = parseUsage(this.text(statsNode))
    const count =
      addedNodes === 0 ? null : excessOf(prefix, 'count', limits.count, limits.countHardLimit, usage.count + addedNodes)
    const bytes =
      addedBytes === 0 ? null : excessOf(prefix, 'bytes', limits.bytes, limits.byteHardLimit, usage.bytes + addedBytes)
    const excess = count?.isHard === true ? count : (bytes ?? count)
    if (excess === null) return WITHIN_QUOTA
    return { code: excess.isHard ? ErrorCode.QUOTA_EXCEEDED : ErrorCode.OK, excess }
  }

  /** After a snapshot was loaded: finds the quotas and counts what they cover. */
  rebuild(): void {
    this.prefixes.clear()
    const top = this.findNode(QUOTA_ROOT)
    if (top === 0) return
    for (let node = this.tree.nextInPreorder(top, top); node !== 0; node = this.tree.nextInPreorder(node, top)) {
      const path = this.tree.path(node)
      if (!path.endsWith(LIMITS_NAME)) continue
      const prefix = path.slice(QUOTA_ROOT.length, -LIMITS_NAME.length)
      if (prefix === '') continue
      this.prefixes.add(prefix)
      this.recount(prefix)
    }
  }

  private recount(prefix: string): void {
    const stats = this.findNode(QUOTA_ROOT + prefix + STATS_NAME)
    if (stats === 0) return
    const top = this.findNode(prefix)
    let count = 0
    let bytes = 0
    for (let node = top; node !== 0; node = this.tree.nextInPreorder(node, top)) {
      count++
      bytes += this.tree.nodes.getInt(node, DATA_LENGTH)
    }
    this.writeUsage(stats, { count, bytes })
  }

  private writeUsage(stats: number, usage: QuotaUsage): void {
    this.tree.overwriteData(stats, utf8Bytes(`count=${usage.count},bytes=${usage.bytes}`))
  }

  private deepestPrefix(path: string): string | null {
    for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
      const prefix = path.slice(0, end)
      if (this.prefixes.has(prefix)) return prefix
    }
    return null
  }

  private findNode(path: string): number {
    const bytes = utf8Bytes(path)
    return this.tree.find(bytes, 0, bytes.length)
  }

  private text(node: number): string {
    const data = this.tree.data(node)
    return data === null ? '' : utf8Read(data, 0, data.length)
  }
}

function excessOf(path: string, what: 'count' | 'bytes', soft: number, hard: number, usage: number): QuotaExcess | null {
  const isHard = hard > -1
  const limit = isHard ? hard : soft
  return limit > -1 && usage > limit ? { path, what, isHard, limit, usage } : null
}

/**
 * Reads a limits node: `count=3,bytes=-1=;byteHardLimit=20;countHardLimit=3`. The stray "=" is how writers keep old
 * parsers happy. Null if it cannot be understood.
 */
export function parseLimits(text: string): QuotaLimits | null {
  const values = parsePairs(text)
  if (values === null) return null
  return {
    count: values.get('count') ?? -1,
    bytes: values.get('bytes') ?? -1,
    countHardLimit: values.get('countHardLimit') ?? -1,
    byteHardLimit: values.get('byteHardLimit') ?? -1,
  }
}

function parseUsage(text: string): QuotaUsage {
  const values = parsePairs(text)
  return { count: values?.get('count') ?? 0, bytes: values?.get('bytes') ?? 0 }
}

function parsePairs(text: string): Map<string, number> | null {
  const values = new Map<string, number>()
  for (const piece of text.split(/[,;]+/)) {
    if (piece === '') continue
    const [key, value] = piece.split('=')
    if (key === undefined || value === undefined) return null
    if (value !== '' && !/^-?\d+$/.test(value)) return null
    values.set(key, value === '' ? -1 : Number(value))
  }
  return values
}
