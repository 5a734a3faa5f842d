// Arithmetic on zxids: 32 bits of counter below the epoch. As numbers they are exact while the epoch has at most 21 bits.

const COUNTERS_IN_EPOCH = 4294967296

/** The largest epoch whose zxids are exact numbers. A leader refuses to go beyond it. */
export const EPOCH_MAX: number = 2 ** 21 - 1

/** No transaction gets this counter: it means that the epoch is used up. */
export const COUNTER_EXHAUSTED = 0xffffffff

/** The epoch: the upper half. -1 belongs to epoch -1. */
export function epochOf(zxid: number): number {
  return Math.floor(zxid / COUNTERS_IN_EPOCH)
}

/** The counter: the lower half, unsigned. */
export function counterOf(zxid: number): number {
  return zxid - epochOf(zxid) * COUNTERS_IN_EPOCH
}

/** The zxid with counter 0, which stands for the beginning of an epoch and belongs to no transaction. */
export function epochStart(epoch: number): number {
  return epoch * COUNTERS_IN_EPOCH
}

/** True for a zxid that stands for the beginning of an epoch. */
export function isEpochStart(zxid: number): boolean {
  return counterOf(zxid) === 0
}

/** True if `next` can be the transaction right after `previous`: the next number, or the first one of a later epoch. */
export function isSuccessor(previous: number, next: number): boolean {
  if (next === previous + 1) return !isEpochStart(next)
  return counterOf(next) === 1 && epochOf(next) > epochOf(previous)
}

/** Hexadecimal, lower case, no padding: as operators know zxids from logs and file names. */
export function hexZxid(zxid: number): string {
  return zxid.toString(16)
}
