// What the name of a queue's entry says: `_c_<uuid>-entry-<rank>-<number>`. The rank has a fixed width, so that it can be told
// from the number; entries go in the order of their ranks, and those of one rank in the order in which they came.

import { compareSequence, parseSequence } from '../line/sequence.ts'

/** One entry's name, taken apart. */
export interface EntryName {
  readonly name: string
  /** Lower goes first: a priority, or the time at which it is due. */
  readonly rank: number
  readonly sequence: number
}

/** Digits of a rank: enough for a time in milliseconds in the next thousands of years, and for a safe integer. */
const RANK_DIGITS = 15
/** Largest rank. */
export const RANK_MAX: number = 10 ** RANK_DIGITS - 1

/** What stands before the number in the name of an entry with this rank. */
export function entryKind(rank: number): string {
  return `entry-${String(rank).padStart(RANK_DIGITS, '0')}-`
}

const KIND = /entry-(\d{15})-/g

/** Null for what is not the name of an entry. */
export function parseEntryName(name: string): EntryName | null {
  const kind = [...name.matchAll(KIND)].at(-1)
  if (kind === undefined) return null
  const sequence = parseSequence(name, kind[0])
  return sequence === null ? null : { name, rank: Number(kind[1]), sequence }
}

/** The order in which entries are taken. Entries of equal rank whose directory's counter has run out go by name. */
export function compareEntries(left: EntryName, right: EntryName): number {
  const byAge = left.rank - right.rank || compareSequence(left.sequence, right.sequence)
  return byAge || (left.name < right.name ? -1 : 1)
}
