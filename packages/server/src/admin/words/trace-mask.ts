// The trace mask: which messages an operator wants to see traced. 2: requests of clients, 8: their pings,
// 16: packets of the leader, 32: sessions, 64: watch events, 128: pings of the leader.

import { defineWord, type Word } from '../word.ts'

const MASK_BYTES = 8

/** The mask in decimal, without a line end: `306`. */
export const gtmk: Word = defineWord('gtmk', 'the trace mask', (view) => view.traceMask.toString(), { notServingText: null })

/** Sets the mask to the signed 64-bit number that follows the word, and answers with it. Says nothing if bytes are missing. */
export const stmk: Word = defineWord(
  'stmk',
  'sets the trace mask to the 8 bytes that follow (big-endian)',
  (view, extra) => {
    if (extra.length < MASK_BYTES) return ''
    view.traceMask = new DataView(extra.buffer, extra.byteOffset, MASK_BYTES).getBigInt64(0)
    return view.traceMask.toString()
  },
  { extraByteCount: MASK_BYTES, notServingText: null },
)
