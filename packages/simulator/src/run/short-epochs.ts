// Epochs that are used up after a few transactions instead of four thousand million: the leader has to resign then, and the next epoch begins.

import { LeaderPipeline } from '@tskeeper/server/internals'
import { insteadOf } from '../probe/instead-of.ts'

const COUNTERS_IN_EPOCH = 4294967296

/** From here on no transaction has a counter of `counterMax` or more. Returns what makes epochs long again. */
export function shortenEpochs(counterMax: number): () => void {
  return insteadOf(LeaderPipeline, 'isBeyondEpoch', () => (zxid: number) => zxid % COUNTERS_IN_EPOCH >= counterMax)
}
