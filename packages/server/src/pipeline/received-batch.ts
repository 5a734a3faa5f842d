import { ByteWriter } from '@tskeeper/protocol/server'
import { beginEntry, ENTRY_PREFIX_SIZE, endEntry } from '../storage/txn-log-entry.ts'

/**
 * Transactions that came from the leader in one go, in the form that the log's file has. Once it is sealed its bytes
 * do not change any more.
 */
export class ReceivedBatch {
  readonly entries: ByteWriter
  readonly zxids: number[] = []
  /** Where each transaction begins and ends in `entries`, without what the log puts around it. */
  readonly starts: number[] = []
  readonly ends: number[] = []

  /** `capacity` is how many bytes are expected. */
  constructor(capacity: number) {
    this.entries = new ByteWriter(capacity)
  }

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

  /** Nothing more comes: gives back what was expected and did not come, because the bytes are kept for long. */
  seal(): void {
    const { entries } = this
    if (entries.position * 2 > entries.bytes.length) return
    entries.bytes = entries.toBytes()
    entries.view = new DataView(entries.bytes.buffer)
  }

  /** The entries from index `from` up to, not including, `to`, as the log's file has them. */
  logBytes(from: number, to: number): Uint8Array {
    const start = (this.starts[from] as number) - ENTRY_PREFIX_SIZE
    const end = (this.ends[to - 1] as number) + 1
    return this.entries.bytes.subarray(start, end)
  }
}
