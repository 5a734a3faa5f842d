import { ByteWriter, Op } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { configFromProperties } from '../src/config/load-config.ts'
import { ServerMetrics } from '../src/metrics/server-metrics.ts'
import { Replica } from '../src/replica.ts'
import type { MemoryDisk } from '../src/runtime/memory-disk.ts'
import type { Network } from '../src/runtime/network.ts'
import { writeSnapshotNow } from '../src/storage/snapshot-writer.ts'
import { beginEntry, endEntry } from '../src/storage/txn-log-entry.ts'
import { FixedRandom, ManualClock, ManualTimers } from './manual-runtime.ts'
import { RecordingLogger } from './recording-logger.ts'
import { DIRECTORY, emptyDisk, putFile } from './storage/sample-log.ts'
import { ListSource, sampleTree, writerOptions } from './storage/sample-snapshot.ts'

const EPOCH = 2 ** 32

const noNetwork: Network = {
  listen() {
    throw new Error('a replica has no network')
  },
  connect() {
    throw new Error('a replica has no network')
  },
}

/** A member's disk: `setting` lines stand in its file beside what every member has. */
function open(
  disk: MemoryDisk,
  isMember: boolean,
  settings: Readonly<Record<string, string>> = {},
  { logger, metrics }: { logger: RecordingLogger; metrics: ServerMetrics } = {
    logger: new RecordingLogger(),
    metrics: new ServerMetrics(),
  },
): ReturnType<typeof Replica.open> {
  const file = new Map(Object.entries({ dataDir: '/data', clientPort: '2181', initLimit: '10', syncLimit: '5', ...settings }))
  for (let id = 1; isMember && id <= 3; id++) file.set(`server.${id}`, `10.0.0.${id}:2888:3888`)
  if (isMember) putFile(disk, '/data/myid', new TextEncoder().encode('1\n'))
  const config = configFromProperties(file, { disk, logger, workingDirectory: '/', properties: new Map() })
  const runtime = { disk, clock: new ManualClock(), timers: new ManualTimers(), random: new FixedRandom(), network: noNetwork }
  return Replica.open({
    config,
    runtime,
    logger,
    metrics,
    onFailure: (error) => {
      throw error
    },
  })
}

/** A log of transactions that failed: they change nothing. Each says that the tree behind it has this digest. */
function putLog(disk: MemoryDisk, first: number, count: number, digest: bigint | null = null): void {
  const out = new ByteWriter()
  out.writeInt(0x5a4b4c47)
  out.writeInt(2)
  out.writeLong(0n)
  for (let i = 0; i < count; i++) {
    const start = beginEntry(out)
    out.writeLong(1n)
    out.writeInt(i)
    out.writeNumber(first + i)
    out.writeNumber(1)
    out.writeInt(Op.error)
    out.writeInt(-101)
    if (digest !== null) {
      out.writeInt(2)
      out.writeLong(digest)
    }
    endEntry(out, start)
  }
  putFile(disk, `${DIRECTORY}/log.${first.toString(16)}`, out.toBytes())
}

function putSnapshot(disk: MemoryDisk, zxid: number): void {
  writeSnapshotNow(writerOptions(disk, new ListSource([...sampleTree(3, 20)], zxid)))
}

/** Logs and snapshots. */
function files(disk: MemoryDisk): string[] {
  return disk
    .list(DIRECTORY)
    .filter((name) => /^(log|snapshot)\./.test(name))
    .sort()
}

test('a member whose snapshot is ahead of its logs forgets these: a log that begins with the next epoch would seem to follow', async () => {
  const disk = emptyDisk()
  putSnapshot(disk, 0)
  putLog(disk, EPOCH + 1, 5)
  putSnapshot(disk, 4 * EPOCH)

  const { recovery } = await open(disk, true)

  expect(recovery.lastZxid).toBe(4 * EPOCH)
  expect(files(disk)).toEqual(['snapshot.400000000'])
})

test('a member whose logs go as far as its snapshot keeps them, and what is older', async () => {
  const disk = emptyDisk()
  putSnapshot(disk, 0)
  putLog(disk, EPOCH + 1, 5)
  putSnapshot(disk, EPOCH + 5)

  const { recovery } = await open(disk, true)

  expect(recovery.lastZxid).toBe(EPOCH + 5)
  expect(files(disk)).toEqual(['log.100000001', 'snapshot.0', 'snapshot.100000005'])
})

test('a server that stands alone keeps what is older than a snapshot that is ahead of its logs', async () => {
  const disk = emptyDisk()
  putSnapshot(disk, 0)
  putLog(disk, EPOCH + 1, 5)
  putSnapshot(disk, 4 * EPOCH)

  await open(disk, false)

  expect(files(disk)).toEqual(['log.100000001', 'snapshot.0', 'snapshot.400000000'])
})

test('as many transactions are kept for learners as commitLogCount says, and 500 at least', async () => {
  const disk = emptyDisk()
  putSnapshot(disk, 0)
  putLog(disk, 1, 900)

  const more = await open(disk, true, { commitLogCount: '700' })
  const fewer = await open(disk, true, { commitLogCount: '3' })

  expect(more.replica.window.committedCount).toBe(700)
  expect(fewer.replica.window.committedCount).toBe(500)
})

test('digests that do not agree with the tree are counted while the log is replayed, and the first is told', async () => {
  const replayed = async (digest: bigint): Promise<[count: number, warnings: number]> => {
    const disk = emptyDisk()
    putLog(disk, 1, 3, digest)
    const parts = { logger: new RecordingLogger(), metrics: new ServerMetrics() }
    await open(disk, false, { 'snapshot.trust.empty': 'true' }, parts)
    return [
      parts.metrics.failures.digestMismatches,
      parts.logger.lines.filter((line) => line.includes('0x1 is not the one')).length,
    ]
  }
  // That of an empty tree, and another.
  expect(await replayed(1_371_985_504n)).toEqual([0, 0])
  expect(await replayed(7n)).toEqual([3, 1])
})
