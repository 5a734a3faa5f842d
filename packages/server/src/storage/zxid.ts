// Arithmetic on zxids: 32 bits of counter below the epoch. As numbers they are exact while the epoch
// has at most 21 bits; what comes from a file is checked against that where it is read.

const COUNTERS_IN_EPOCH = 4294967296

/** The largest zxid that is kept exactly: counter 2^32 - 1 of epoch 2^21 - 1. */
export const ZXID_MAX: number = Number.MAX_SAFE_INTEGER

/** The epoch: the upper half. -1 belongs to epoch -1. */
export function zxidEpoch(zxid: number): number {
  return Math.floor(zxid / COUNTERS_IN_EPOCH)
}

/** The first transaction of an epoch. */
function firstZxidOfEpoch(epoch: number): number {
  return epoch * COUNTERS_IN_EPOCH + 1
}

/** True for the zxid that an epoch begins with, which no transaction has. */
export function isEpochStart(zxid: number): boolean {
  return zxid % COUNTERS_IN_EPOCH === 0
}

/** Hexadecimal, lower case, no padding: as in the names of files. */
export function formatZxid(zxid: number): string {
  return zxid.toString(16)
}

/**
 * True if a transaction `next` can come right after `previous`: the next number, or the first one of a later
 * epoch. Zxids inside an epoch leave nothing out, so anything else is a gap or a repetition.
 */
export function isZxidSuccessor(previous: number, next: number): boolean {
  if (next === previous + 1) return true
  const epoch = zxidEpoch(next)
  return epoch > zxidEpoch(previous) && next === firstZxidOfEpoch(epoch)
}
