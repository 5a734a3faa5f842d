import { ByteWriter } from '@tskeeper/protocol/server'
import { beginEntry, ENTRY_PREFIX_SIZE, endEntry } from '../storage/txn-log-entry.ts'

/**
 * Transactions that came from the leader in one go, in the form that the log's file has. Once it is sealed its bytes
 * do not change any more.
 */
export class ReceivedBatch {
  readonly entries: ByteWriter = new ByteWriter(4096)
  readonly zxids: number[] = []
  /** Where each transaction begins and ends in `entries`, without what the log puts around it. */
  readonly starts: number[] = []
  readonly ends: number[] = []

  get count(): number {
    return this.zxids.length
  }

  /** Takes a copy of `bytes[start, end)`. */
  add(zxid: number, bytes: Uint8Array, start: number, end: number): void {
    const { entries } = this
    const entryStart = beginEntry(entries)
    entries.writeBytes(bytes.subarray(start, end))
    endEntry(entries, entryStart)
    this.zxids.push(zxid)
    this.starts.push(entryStart + ENTRY_PREFIX_SIZE)
    this.ends.push(entries.position - 1)
  }

  /** Forgets everything: the batch serves for what comes next. */
  clear(): void {
    this.entries.reset()
    this.zxids.length = 0
    this.starts.length = 0
    this.ends.length = 0
  }

  /** The entries from index `from` up to, not including, `to`, as the log's file has them. */
  logBytes(from: number, to: number): Uint8Array {
    const start = (this.starts[from] as number) - ENTRY_PREFIX_SIZE
    const end = (this.ends[to - 1] as number) + 1
    return this.entries.bytes.subarray(start, end)
  }
}
