// The digest of a whole tree as clients see it, computed from its definition and not with the server's code.

import { readFileSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { readLogFiles, TransactionType } from '../faults/transaction-log.ts'
import type { DumpedNode } from '../support/tree.ts'

/** Stored owners by path, for nodes whose stored owner is no session: clients are shown 0 for those. */
export type StoredOwners = ReadonlyMap<string, bigint>

const TXN_DIGEST_BYTES = 12
const PERSISTED_STAT_BYTES = 60

/** The sum of all nodes' digests, as an unsigned 64-bit number. */
export function digestOfTree(nodes: readonly DumpedNode[], owners: StoredOwners): bigint {
  let sum = 0n
  for (const node of nodes) {
    if (!node.path.startsWith('/zookeeper/')) sum += BigInt(digestOfNode(node, owners))
  }
  return BigInt.asUintN(64, sum)
}

function digestOfNode(node: DumpedNode, owners: StoredOwners): number {
  const { path, data, stat } = node
  const bytes = Buffer.alloc(PERSISTED_STAT_BYTES)
  let at = 0
  for (const value of [stat.czxid, stat.mzxid, stat.pzxid, stat.ctime, stat.mtime]) at = bytes.writeBigInt64BE(BigInt(value), at)
  // Clients see creations and deletions of children together; what is stored counts the creations only.
  for (const value of [stat.version, (stat.cversion + stat.numChildren) / 2, stat.aversion]) at = bytes.writeInt32BE(value, at)
  bytes.writeBigInt64BE(BigInt.asIntN(64, owners.get(path) ?? stat.ephemeralOwner), at)
  let crc = crc32(path === '/' ? '' : path)
  if (data !== null) crc = crc32(Buffer.from(data, 'hex'), crc)
  return crc32(bytes, crc)
}

/**
 * The digest that stands behind each transaction in the logs of a folder, by zxid; null for a request that was refused,
 * which has none.
 */
export function loggedDigests(folder: string): Map<number, bigint | null> {
  const digests = new Map<number, bigint | null>()
  for (const file of readLogFiles(folder)) {
    const bytes = readFileSync(file.path)
    for (const entry of file.entries) {
      if (entry.type === TransactionType.error) {
        digests.set(entry.zxid, null)
        continue
      }
      // The last byte of an entry is its end mark.
      const at = entry.end - 1 - TXN_DIGEST_BYTES
      if (bytes.readInt32BE(at) !== 2) throw new Error(`the transaction 0x${entry.zxid.toString(16)} has no digest of version 2`)
      digests.set(entry.zxid, bytes.readBigUInt64BE(at + 4))
    }
  }
  return digests
}
