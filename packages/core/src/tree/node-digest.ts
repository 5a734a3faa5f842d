// The digest of a node: CRC-32 over its path, its data and sixty bytes of its Stat in an order of
// their own. The CRC of path and data is kept in the record, so that a change of the
// Stat alone, the commonest change of a parent, costs fifteen steps of a word.

import { crc32, crc32Word } from '@tskeeper/protocol/server'
import {
  AVERSION,
  CONTENT_CRC,
  CTIME,
  CZXID,
  MTIME,
  MZXID,
  PERSISTED_CVERSION,
  PZXID,
  STORED_OWNER,
  VERSION,
} from './node-fields.ts'

/**
 * CRC-32 of `bytes[start, end)`, going on from the CRC `seed` of what comes before. The server passes one that hands
 * long inputs to native code.
 */
export type Crc32 = (bytes: Uint8Array, start: number, end: number, seed: number) => number

export const portableCrc32: Crc32 = crc32

/** The digest of the record at `at`, whose content CRC must be right: an unsigned 32-bit number. */
export function recordDigest(page: DataView, at: number): number {
  let crc = ~page.getInt32(at + CONTENT_CRC)
  crc = twoWords(crc, page, at + CZXID)
  crc = twoWords(crc, page, at + MZXID)
  crc = twoWords(crc, page, at + PZXID)
  crc = twoWords(crc, page, at + CTIME)
  crc = twoWords(crc, page, at + MTIME)
  crc = crc32Word(crc, page.getInt32(at + VERSION, true))
  crc = crc32Word(crc, page.getInt32(at + PERSISTED_CVERSION, true))
  crc = crc32Word(crc, page.getInt32(at + AVERSION, true))
  crc = twoWords(crc, page, at + STORED_OWNER)
  return ~crc >>> 0
}

/**
 * The digest of a node whose content has this CRC, and whose Stat is one zxid and one time, which are in the page at these
 * places, and zeros.
 */
export function plainDigest(contentCrc: number, page: DataView, zxidAt: number, timeAt: number): number {
  let crc = ~contentCrc
  for (let i = 0; i < 3; i++) crc = twoWords(crc, page, zxidAt)
  for (let i = 0; i < 2; i++) crc = twoWords(crc, page, timeAt)
  for (let i = 0; i < PLAIN_ZERO_WORDS; i++) crc = crc32Word(crc, 0)
  return ~crc >>> 0
}

/** Version, child version, ACL version and owner. */
const PLAIN_ZERO_WORDS = 5

function twoWords(crc: number, page: DataView, at: number): number {
  return crc32Word(crc32Word(crc, page.getInt32(at, true)), page.getInt32(at + 4, true))
}
