import { AclSchemes, CommittedWindow, Database, Preparer, SessionTracker } from '@tskeeper/core'
import { ByteReader, ByteWriter, ErrorCode, Op } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import type { ClientConnection } from '../../src/listener/client-connection.ts'
import { ServerMetrics } from '../../src/metrics/server-metrics.ts'
import { CommitStage } from '../../src/pipeline/commit-stage.ts'
import { LeaderPipeline } from '../../src/pipeline/leader-pipeline.ts'
import { MemoryDisk } from '../../src/runtime/memory-disk.ts'
import { TxnLog } from '../../src/storage/txn-log.ts'
import { FixedRandom, ManualClock, ManualTimers } from '../manual-runtime.ts'
import { RecordingLogger } from '../recording-logger.ts'

const EPOCH_START = 2 ** 32
const SESSION = 7n
const LINK = {}
const OTHER_LINK = {}

/** A leader's pipeline whose learners and disk do what the test says; requests come from a learner. */
class Workbench {
  readonly events: string[] = []
  readonly database = new Database({
    hashSeed: 1,
    isDigestEnabled: true,
    areExtendedTypesEnabled: false,
    hasOldTtlNodes: false,
  })
  readonly preparer: Preparer
  readonly window = new CommittedWindow()
  readonly tracker = new SessionTracker<ClientConnection>(1000)
  readonly timers = new ManualTimers()
  readonly disk = new MemoryDisk()
  readonly pipeline: LeaderPipeline
  /** Happens while a batch is proposed. */
  onProposed: () => void = () => {}

  constructor(lastZxid = EPOCH_START) {
    this.database.createReservedNodes()
    this.database.lastZxid = lastZxid
    this.disk.makeDirectory('/data')
    const clock = new ManualClock()
    const metrics = new ServerMetrics()
    this.preparer = new Preparer(this.database, {
      schemes: new AclSchemes([]),
      isAclSkipped: true,
      isQuotaEnforced: false,
      isCloseSessionListed: true,
      isReconfigEnabled: false,
      onQuotaExcess: () => {},
    })
    const log = new TxnLog({
      disk: this.disk,
      directory: '/data',
      clock,
      timers: this.timers,
      random: new FixedRandom(0),
      logger: new RecordingLogger(),
      preallocationBytes: 0,
      isSyncForced: true,
      snapCount: 100_000,
      snapSizeLimitBytes: 0,
      fileSizeLimitBytes: 0,
      fsyncWarningThresholdMs: 1000,
      onSynced: () => {},
    })
    this.pipeline = new LeaderPipeline({
      database: this.database,
      preparer: this.preparer,
      commits: new CommitStage({ database: this.database, metrics, onSessionCreated: () => {}, onSessionClosed: () => {} }),
      log,
      window: this.window,
      tracker: () => this.tracker,
      clock,
      timers: this.timers,
      metrics,
      mayBeLocalElsewhere: () => false,
      onProposed: (batch) => {
        this.events.push(`proposed ${hex(batch.firstZxid)} to ${hex(batch.lastZxid)}`)
        this.onProposed()
      },
      onSessionTracked: () => {},
      onSynced: (zxid) => this.events.push(`synced ${hex(zxid)}`),
      onExhausted: () => this.events.push('exhausted'),
      onAppended: () => {},
      onCommitting: () => {},
      onCommitted: () => this.events.push('committed'),
      onFailure: (error) => this.events.push(`failed: ${error.message}`),
    })
    this.tracker.add(SESSION, 10_000, 0)
  }

  create(path: string, owner: object = LINK): void {
    const out = new ByteWriter()
    out.writeString(path)
    out.writeBuffer(null)
    out.writeInt(1)
    out.writeInt(31)
    out.writeString('world')
    out.writeString('anyone')
    out.writeInt(0)
    this.pipeline.submitForwarded(owner, SESSION, 1, Op.create, [], 0, 0, new ByteReader(out.toBytes()))
  }

  /** Everything happens that waits for the loop's next turn. */
  turn(): void {
    this.timers.run()
  }

  takeEvents(): string[] {
    return this.events.splice(0)
  }
}

function hex(zxid: number): string {
  return zxid.toString(16)
}

test('what comes in one turn is proposed together, before the own disk has it, and applied only when it is committed', () => {
  const bench = new Workbench()
  bench.create('/a')
  bench.create('/b')
  expect(bench.takeEvents()).toEqual([])
  bench.turn()
  expect(bench.takeEvents()).toEqual(['proposed 100000001 to 100000002'])
  bench.create('/c')
  bench.turn()
  expect(bench.takeEvents()).toEqual(['proposed 100000003 to 100000003'])
  bench.disk.completeSyncs()
  expect(bench.takeEvents()).toEqual(['synced 100000002', 'synced 100000003'])
  expect(bench.database.find('/a')).toBe(0)
  bench.pipeline.commit(EPOCH_START + 1)
  expect([bench.database.find('/a') > 0, bench.database.find('/b') > 0]).toEqual([true, false])
  bench.pipeline.commit(EPOCH_START + 3)
  expect(bench.database.find('/c')).toBeGreaterThan(0)
  expect(bench.pipeline.inProcess).toBe(0)
  expect([bench.preparer.view.size, bench.window.committedCount]).toEqual([0, 3])
})

test('a request over a link that does not own the session becomes a transaction that says so', () => {
  const bench = new Workbench()
  bench.create('/mine')
  bench.create('/stolen', OTHER_LINK)
  bench.turn()
  bench.pipeline.commit(EPOCH_START + 2)
  expect(bench.database.code).toBe(ErrorCode.SESSION_MOVED)
  expect([bench.database.find('/mine') > 0, bench.database.find('/stolen')]).toEqual([true, 0])
})

test('the counter 0xffffffff is given to no transaction: the epoch is used up, and what comes then is not taken', () => {
  const bench = new Workbench(EPOCH_START + 0xfffffffd)
  bench.create('/last')
  bench.create('/one-too-many')
  bench.create('/another')
  bench.turn()
  expect(bench.takeEvents().sort()).toEqual(['exhausted', 'proposed 1fffffffe to 1fffffffe'])
  bench.pipeline.commit(EPOCH_START + 0xfffffffe)
  expect([bench.database.find('/last') > 0, bench.database.find('/one-too-many')]).toEqual([true, 0])
})

test('when the server fails while a batch is proposed, nothing of that batch is in the log', () => {
  const bench = new Workbench()
  bench.create('/logged')
  bench.turn()
  const sizeBefore = bench.disk.size('/data/log.100000001')
  bench.onProposed = () => bench.pipeline.abandon()
  bench.create('/refused')
  bench.turn()
  bench.create('/too-late')
  bench.turn()
  bench.disk.completeSyncs()
  expect(bench.takeEvents()).toEqual(['proposed 100000001 to 100000001', 'proposed 100000002 to 100000002'])
  expect(bench.disk.list('/data').map((name) => bench.disk.size(`/data/${name}`))).toEqual([sizeBefore])
})

test('when the role ends, what is in the log is applied once it is synced, and what was not proposed never was', () => {
  const bench = new Workbench()
  bench.create('/logged')
  bench.turn()
  bench.create('/gathered')
  let isQuiet = false
  bench.pipeline.stop(() => {
    isQuiet = true
  })
  expect(isQuiet).toBe(false)
  bench.disk.completeSyncs()
  expect(isQuiet).toBe(true)
  bench.turn()
  expect([bench.database.find('/logged') > 0, bench.database.find('/gathered')]).toEqual([true, 0])
  expect([bench.database.lastZxid, bench.window.lastZxid, bench.window.committedCount]).toEqual([
    EPOCH_START + 1,
    EPOCH_START + 1,
    1,
  ])
  expect(bench.preparer.view.size).toBe(0)
  expect(bench.takeEvents()).toEqual(['proposed 100000001 to 100000001'])
})
