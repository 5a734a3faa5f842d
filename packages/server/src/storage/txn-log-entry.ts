// One entry of a transaction log:
//
//   | checksum, long | length, int | entry, `length` bytes | 0x42 |
//     Adler-32 of the entry         header, record, digest
//
// The pipeline encodes entries straight into this form, one after the other in the buffer of a batch, and
// the log writes the batch as it is. The entry's own bytes are also the payload of a proposal.

import type { ByteWriter } from '@tskeeper/protocol/server'
import { adler32OfView, LOG_ENTRY_TRAILER } from '@tskeeper/protocol/server'

/** Bytes in front of an entry: checksum and length. */
export const ENTRY_PREFIX_SIZE = 12

/** Bytes that an entry takes beyond its own. */
export const ENTRY_OVERHEAD: number = ENTRY_PREFIX_SIZE + 1

/** Reserves what comes in front of the entry and returns where that starts; write the entry's bytes next. */
export function beginEntry(out: ByteWriter): number {
  const start = out.position
  out.ensure(ENTRY_PREFIX_SIZE)
  out.position = start + ENTRY_PREFIX_SIZE
  return start
}

/** Closes the entry that `beginEntry` opened at `start`: fills in its checksum and length and appends the trailer. */
export function endEntry(out: ByteWriter, start: number): void {
  const entryStart = start + ENTRY_PREFIX_SIZE
  const entryEnd = out.position
  out.ensure(1)
  const view = out.view
  view.setInt32(start, 0)
  view.setUint32(start + 4, adler32OfView(view, entryStart, entryEnd))
  view.setInt32(start + 8, entryEnd - entryStart)
  view.setUint8(entryEnd, LOG_ENTRY_TRAILER)
  out.position = entryEnd + 1
}
