// What `--json` prints: zxids and session ids as hexadecimal text (they need all 64 bits), times in milliseconds.

import type { NodeValue, Stat } from '@tskeeper/client'
import { type Acl, formatPerms } from '@tskeeper/protocol'
import { hexadecimal } from './stat-text.ts'

/** A value that JSON can hold. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue }

/** The eleven fields. */
export function statJson(stat: Stat): JsonValue {
  return {
    czxid: hexadecimal(stat.czxid),
    mzxid: hexadecimal(stat.mzxid),
    pzxid: hexadecimal(stat.pzxid),
    ctimeMs: stat.ctime,
    mtimeMs: stat.mtime,
    version: stat.version,
    cversion: stat.cversion,
    aversion: stat.aversion,
    ephemeralOwner: hexadecimal(stat.ephemeralOwner),
    dataLength: stat.dataLength,
    numChildren: stat.numChildren,
  }
}

/** The entries of a list, with the permissions as letters. */
export function aclJson(acl: readonly Acl[]): JsonValue {
  return acl.map((entry) => ({ scheme: entry.scheme, id: entry.id, perms: formatPerms(entry.perms) }))
}

/** Data as it stands in JSON: as text where it is valid UTF-8, else in base64; null where the node has none. */
export interface JsonData {
  readonly [key: string]: JsonValue
  readonly data: string | null
  readonly encoding: 'utf8' | 'base64' | null
}

const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The data of a node. */
export function dataJson(value: Pick<NodeValue, 'data' | 'isNull'>): JsonData {
  if (value.isNull) return { data: null, encoding: null }
  try {
    return { data: strictDecoder.decode(value.data), encoding: 'utf8' }
  } catch {
    return { data: base64(value.data), encoding: 'base64' }
  }
}

/** The bytes behind `dataJson`; null for a node without data. */
export function dataFromJson(data: string | null, encoding: string | null): Uint8Array | null {
  if (data === null) return null
  return new Uint8Array(Buffer.from(data, encoding === 'base64' ? 'base64' : 'utf8'))
}

/** In the alphabet with `+` and `/`, padded. */
export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
