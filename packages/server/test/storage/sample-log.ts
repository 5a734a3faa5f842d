// Logs for tests: entries of a header and a payload that says which they are.

import { ByteWriter } from '@tskeeper/protocol/server'
import { silentLogger } from '../../src/logger.ts'
import { MemoryDisk } from '../../src/runtime/memory-disk.ts'
import { TxnLog, type TxnLogOptions } from '../../src/storage/txn-log.ts'
import { beginEntry, endEntry } from '../../src/storage/txn-log-entry.ts'
import { type ReadLogsOptions, type ReadLogsResult, readTxnLogs } from '../../src/storage/txn-log-reader.ts'
import { FixedRandom, ManualClock, ManualTimers } from '../manual-runtime.ts'

/** Where the logs of tests are. */
export const DIRECTORY = '/data/version-2'

/** Bytes that a header, the payload's length and what surrounds an entry take. */
export const ENTRY_BASE_SIZE = 12 + 32 + 4 + 1

/** Appends the entry of `zxid`, whose payload has `payloadLength` bytes that depend on the zxid. */
export function writeSampleEntry(out: ByteWriter, zxid: number, payloadLength = 20): void {
  const start = beginEntry(out)
  out.writeLong(0x1234n)
  out.writeInt(7)
  out.writeNumber(zxid)
  out.writeNumber(1_700_000_000_000 + zxid)
  out.writeInt(5)
  const payload = new Uint8Array(payloadLength)
  for (let i = 0; i < payloadLength; i++) payload[i] = (zxid * 31 + i * 7 + 1) & 0xff
  out.writeBuffer(payload)
  endEntry(out, start)
}

/** The batch of the entries `from` to `to`. */
export function sampleBatch(from: number, to: number, payloadLength = 20): Uint8Array {
  const out = new ByteWriter()
  for (let zxid = from; zxid <= to; zxid++) writeSampleEntry(out, zxid, payloadLength)
  return out.toBytes()
}

/** A whole log file without padding. */
export function sampleLogFile(zxids: readonly number[], payloadLength = 20): Uint8Array {
  const out = new ByteWriter()
  out.writeInt(0x5a4b4c47)
  out.writeInt(2)
  out.writeLong(0n)
  for (const zxid of zxids) writeSampleEntry(out, zxid, payloadLength)
  return out.toBytes()
}

/** A disk with the directory of the logs, durable. */
export function emptyDisk(): MemoryDisk {
  const disk = new MemoryDisk()
  disk.makeDirectory(DIRECTORY)
  disk.syncDirectory('/')
  disk.syncDirectory('/data')
  return disk
}

/** Puts a file on the disk, durably. */
export function putFile(disk: MemoryDisk, path: string, bytes: Uint8Array): void {
  const file = disk.open(path, 'create')
  file.write(bytes, 0, bytes.length, 0)
  file.datasyncNow()
  file.close()
  disk.syncDirectory(path.slice(0, path.lastIndexOf('/')))
}

/** A log on a disk, with everything by hand; `confirmed` is the last zxid that a sync has confirmed. */
export class LogFixture {
  readonly disk: MemoryDisk
  readonly clock = new ManualClock()
  readonly timers = new ManualTimers()
  readonly log: TxnLog
  confirmed = 0
  /** The last zxid that the log was given, whether it took it or not. */
  offered = 0
  readonly syncMs: number[] = []
  failures: Error[] = []

  constructor(disk: MemoryDisk = emptyDisk(), options: Partial<TxnLogOptions> = {}) {
    this.disk = disk
    this.log = new TxnLog({
      disk,
      directory: DIRECTORY,
      clock: this.clock,
      timers: this.timers,
      random: new FixedRandom(),
      logger: silentLogger,
      preallocationBytes: 4096,
      isSyncForced: true,
      snapCount: 100_000,
      snapSizeLimitBytes: 0,
      fileSizeLimitBytes: 0,
      fsyncWarningThresholdMs: 1000,
      onSynced: (durationMs) => this.syncMs.push(durationMs),
      ...options,
    })
  }

  append(from: number, to: number, payloadLength = 20): void {
    const batch = sampleBatch(from, to, payloadLength)
    this.offered = to
    this.log.append(batch, batch.length, from, to, to - from + 1)
  }

  /** Begins a sync that confirms what has been appended so far. */
  beginSync(): void {
    const zxid = this.log.lastZxid
    this.log.sync((error) => {
      if (error === null) this.confirmed = zxid
      else this.failures.push(error)
    })
  }

  sync(): void {
    this.beginSync()
    this.disk.completeSyncs()
    this.timers.run()
  }
}

/** What reading all logs gives: the zxids, after a check that each entry is what `writeSampleEntry` made. */
export function readAll(disk: MemoryDisk, options: Partial<ReadLogsOptions> = {}): ReadLogsResult & { readonly zxids: number[] } {
  const zxids: number[] = []
  const expected = new ByteWriter()
  const result = readTxnLogs(
    {
      disk,
      directory: DIRECTORY,
      logger: silentLogger,
      afterZxid: 0,
      entryLengthMax: 1 << 20,
      isStartTrusted: false,
      ...options,
    },
    (bytes, start, end, zxid) => {
      expected.reset()
      writeSampleEntry(expected, zxid, end - start - 36)
      const same = Buffer.compare(bytes.subarray(start, end), expected.bytes.subarray(12, expected.position - 1)) === 0
      if (!same) throw new Error(`entry ${zxid} is not what was written`)
      zxids.push(zxid)
    },
  )
  return { ...result, zxids }
}

/** Changes one bit of a byte, in place. */
export function flipBit(bytes: Uint8Array, index: number, bit: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  view.setUint8(index, view.getUint8(index) ^ (1 << bit))
}

/** 1, 2, ... `count`. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1)
}
