// A learner's obligations, one by one. The order of the lines is the order in which a shell carries the effects out, and with it what
// a crash between any two of them leaves behind.

import { QuorumPacketType as Packet, utf8Bytes } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { Learner } from '../../src/zab/learner.ts'
import { LearnerRecorder } from './recording.ts'
import { sidBytes, TYPE_RECONFIG, TYPE_SET_DATA, transactionBytes, zxidOf } from './transactions.ts'

const NO_BYTES = new Uint8Array(0)

interface Start {
  readonly isObserver?: boolean
  readonly acceptedEpoch?: number
  readonly currentEpoch?: number
  readonly lastZxid?: number
  readonly isFirstSnapshotNeeded?: boolean
}

/** A learner of epoch 1 whose last transaction is 1.3, unless told otherwise. */
class Bench {
  readonly effects = new LearnerRecorder()
  readonly learner: Learner

  constructor(start: Start = {}) {
    this.learner = new Learner(
      {
        isObserver: start.isObserver ?? false,
        acceptedEpoch: start.acceptedEpoch ?? 1,
        currentEpoch: start.currentEpoch ?? 1,
        lastZxid: start.lastZxid ?? zxidOf(1, 3),
        isFirstSnapshotNeeded: start.isFirstSnapshotNeeded ?? false,
        tickTimeMs: 2000,
        initLimitTicks: 10,
        syncLimitTicks: 5,
      },
      this.effects,
    )
    this.learner.start()
  }

  take(): string[] {
    return this.effects.take()
  }

  bare(type: number, zxid: number): void {
    this.learner.packet(type, zxid, NO_BYTES, 0, 0)
  }

  data(type: number, zxid: number, bytes: Uint8Array): void {
    // The packet is somewhere in a chunk.
    const chunk = new Uint8Array(bytes.length + 7)
    chunk.set(bytes, 5)
    this.learner.packet(type, zxid, chunk, 5, 5 + bytes.length)
  }

  propose(epoch: number, counter: number, type: number = TYPE_SET_DATA): void {
    this.data(Packet.proposal, zxidOf(epoch, counter), transactionBytes(zxidOf(epoch, counter), counter, type))
  }

  commit(epoch: number, counter: number): void {
    this.bare(Packet.commit, zxidOf(epoch, counter))
  }

  /** Up to the DIFF, TRUNC or SNAP of epoch 2. */
  discover(): void {
    this.bare(Packet.leaderInfo, zxidOf(2, 0))
  }

  diff(): this {
    this.discover()
    this.bare(Packet.diff, zxidOf(1, 9))
    this.take()
    return this
  }

  snap(counter: number): this {
    this.discover()
    this.bare(Packet.snap, zxidOf(1, counter))
    this.learner.snapshotLoaded()
    this.take()
    return this
  }

  newLeader(): void {
    this.bare(Packet.newLeader, zxidOf(2, 0))
  }

  /** In the broadcast of epoch 2. */
  broadcast(): this {
    this.diff().newLeader()
    this.learner.logFlushed()
    this.bare(Packet.upToDate, -1)
    this.take()
    return this
  }
}

test('a new epoch is promised on disk before the promise is sent', () => {
  const bench = new Bench()

  bench.discover()

  expect(bench.take()).toEqual(['send learnerInfo 1.0', 'persist acceptedEpoch 2', 'send ackEpoch 1.3 epoch 1'])
})

test('an epoch that was promised before is not promised a second time', () => {
  const bench = new Bench({ acceptedEpoch: 2 })

  bench.discover()

  expect(bench.take()).toEqual(['send learnerInfo 2.0', 'send ackEpoch 1.3 epoch -1'])
})

test('a leader of an epoch before the promised one is left', () => {
  const bench = new Bench({ acceptedEpoch: 3 })

  bench.discover()

  expect(bench.take()[1]).toMatch(/^leave: the leader's epoch 2 is less than 3/)
})

test('a leader of an epoch whose zxids are not exact is left before anything is written', () => {
  const bench = new Bench()

  bench.bare(Packet.leaderInfo, zxidOf(2 ** 21, 0))

  expect(bench.take()[1]).toMatch(/^leave: the leader's epoch 2097152 is larger than 2097151/)
})

test('a synchronisation that begins with something else stops the process with status 13', () => {
  const bench = new Bench()
  bench.discover()
  bench.take()

  bench.newLeader()

  expect(bench.take()).toEqual(['leave, exit 13: the synchronisation began with newLeader'])
})

test('defects 3911, 4646: what came in as committed is synced before NEWLEADER is acknowledged', () => {
  const bench = new Bench().diff()
  bench.propose(1, 4)
  bench.commit(1, 4)
  bench.propose(1, 5)
  bench.commit(1, 5)
  expect(bench.take()).toEqual(['receive 1.4 of 36 bytes', 'receive 1.5 of 36 bytes'])

  bench.newLeader()
  expect(bench.take()).toEqual(['log 1.4', 'apply 1.4', 'log 1.5', 'apply 1.5', 'flush log'])
  expect(bench.learner.isWaiting).toBe(true)

  bench.learner.logFlushed()
  expect(bench.take()).toEqual(['persist currentEpoch 2', 'send ack 2.0'])
})

test('defects 4643, 4785: the new epoch is written after the history that it stands for, and before the acknowledgement', () => {
  const bench = new Bench().diff()
  bench.propose(1, 4)
  bench.commit(1, 4)
  bench.newLeader()
  bench.learner.logFlushed()

  const lines = bench.take()

  expect(lines.indexOf('persist currentEpoch 2')).toBe(lines.indexOf('flush log') + 1)
  expect(lines.indexOf('send ack 2.0')).toBe(lines.indexOf('persist currentEpoch 2') + 1)
})

test('defect 4394: proposals without a commit stay pending until UPTODATE, and an early commit finds them', () => {
  const bench = new Bench().diff()
  bench.propose(1, 4)
  bench.commit(1, 4)
  bench.propose(1, 5)
  bench.propose(1, 6)
  bench.newLeader()
  bench.learner.logFlushed()
  bench.take()

  bench.commit(1, 5)
  expect(bench.take()).toEqual([])

  bench.bare(Packet.upToDate, -1)
  expect(bench.take()).toEqual(['send ack 2.0', 'serve', 'log 1.5', 'log 1.6', 'apply 1.5'])

  bench.learner.logged(zxidOf(1, 6))
  bench.commit(1, 6)
  expect(bench.take()).toEqual(['send acks (1.4, 1.6]', 'apply 1.6'])
})

test('defect 4685: no proposal is acknowledged before NEWLEADER', () => {
  const bench = new Bench().diff()
  bench.propose(1, 4)
  bench.commit(1, 4)
  bench.propose(1, 5)
  bench.newLeader()

  bench.learner.logged(zxidOf(1, 4))
  bench.learner.logFlushed()
  bench.learner.logged(zxidOf(1, 4))
  bench.bare(Packet.upToDate, -1)
  bench.learner.logged(zxidOf(1, 4))

  expect(bench.take().filter((line) => line.startsWith('send'))).toEqual(['send ack 2.0', 'send ack 2.0'])
})

test('the snapshot of a SNAP is on disk before the epoch is written and NEWLEADER acknowledged', () => {
  const bench = new Bench().snap(8)
  bench.propose(1, 9)
  bench.commit(1, 9)
  bench.newLeader()
  expect(bench.take()).toEqual(['receive 1.9 of 36 bytes', 'apply 1.9', 'write snapshot'])

  bench.learner.snapshotWritten()
  expect(bench.take()).toEqual(['flush log'])

  bench.learner.logFlushed()
  expect(bench.take()).toEqual(['persist currentEpoch 2', 'send ack 2.0'])
})

test('a SNAP that is cut short leaves a database that must not be served or voted with', () => {
  const bench = new Bench()
  bench.discover()
  bench.bare(Packet.snap, zxidOf(1, 8))
  bench.take()

  bench.learner.linkClosed()

  expect(bench.take()).toEqual(['leave, database broken: the connection with the leader is gone'])
})

test('a link that ends between a loaded snapshot and its writing leaves a broken database too', () => {
  const bench = new Bench().snap(8)

  bench.learner.linkClosed()

  expect(bench.take()).toEqual(['leave, database broken: the connection with the leader is gone'])
})

test('a link that ends after the snapshot was written leaves the database as it is', () => {
  const bench = new Bench().snap(8)
  bench.newLeader()
  bench.learner.snapshotWritten()
  bench.take()

  bench.learner.linkClosed()

  expect(bench.take()).toEqual(['leave: the connection with the leader is gone'])
})

test('what a snapshot holds already is matched with its commits and not applied again', () => {
  const bench = new Bench().snap(8)

  bench.propose(1, 7)
  bench.commit(1, 7)
  bench.propose(1, 8)
  bench.commit(1, 8)
  bench.propose(1, 9)
  bench.commit(1, 9)

  expect(bench.take().filter((line) => !line.startsWith('receive'))).toEqual(['skip 1.7', 'skip 1.8', 'apply 1.9'])
})

test('after a TRUNC what follows is logged, so that the log has no gap', () => {
  const bench = new Bench({ lastZxid: zxidOf(1, 9) })
  bench.discover()
  bench.bare(Packet.trunc, zxidOf(1, 7))
  expect(bench.take().at(-1)).toBe('truncate log 1.7')

  bench.learner.truncated()
  bench.propose(1, 8)
  bench.commit(1, 8)
  bench.newLeader()

  expect(bench.take()).toEqual(['begin sync', 'receive 1.8 of 36 bytes', 'log 1.8', 'apply 1.8', 'flush log'])
})

test('a proposal that was cut from the log and comes again is acknowledged again', () => {
  const bench = new Bench({ lastZxid: zxidOf(1, 9) })
  bench.discover()
  bench.bare(Packet.trunc, zxidOf(1, 7))
  bench.learner.truncated()
  bench.propose(1, 8)
  bench.newLeader()
  bench.learner.logFlushed()
  bench.bare(Packet.upToDate, -1)
  bench.take()

  bench.learner.logged(zxidOf(1, 8))

  expect(bench.take()).toEqual(['send acks (1.7, 1.8]'])
})

test('a link that ends during a truncation leaves a database that must be loaded anew', () => {
  const bench = new Bench({ lastZxid: zxidOf(1, 9) })
  bench.discover()
  bench.bare(Packet.trunc, zxidOf(1, 7))
  bench.take()

  bench.learner.linkClosed()

  expect(bench.take()).toEqual(['leave, database broken: the connection with the leader is gone'])
})

test('a data directory without a snapshot gets one at NEWLEADER even after a DIFF', () => {
  const bench = new Bench({ isFirstSnapshotNeeded: true }).diff()
  bench.propose(1, 4)
  bench.commit(1, 4)
  bench.newLeader()

  expect(bench.take()).toEqual(['receive 1.4 of 36 bytes', 'log 1.4', 'apply 1.4', 'write snapshot'])
})

test('packets stay in the stream while the disk works', () => {
  const bench = new Bench().diff()
  bench.newLeader()

  expect(() => bench.propose(1, 4)).toThrow('packets stay in the stream')
})

test.each([
  ['a gap', zxidOf(1, 5)],
  ['a later epoch that does not begin at its first transaction', zxidOf(2, 2)],
  ['what is in the log already', zxidOf(1, 3)],
])('a first proposal after DIFF that leaves %s is not taken in', (_, zxid) => {
  const bench = new Bench().diff()

  bench.data(Packet.proposal, zxid, transactionBytes(zxid, 1))

  expect(bench.take()[0]).toMatch(/^leave: the proposal .* does not come after 100000003$/)
})

test('a proposal whose transaction has another zxid is not taken in', () => {
  const bench = new Bench().diff()

  bench.data(Packet.proposal, zxidOf(1, 4), transactionBytes(zxidOf(1, 5), 1))

  expect(bench.take()).toEqual(['leave: the proposal 100000004 holds the transaction 100000005'])
})

test('a proposal that is too short for a header is not taken in', () => {
  const bench = new Bench().diff()

  bench.data(Packet.proposal, zxidOf(1, 4), transactionBytes(zxidOf(1, 4), 1).subarray(0, 31))

  expect(bench.take()).toEqual(['leave: the proposal 100000004 has no whole header'])
})

test('a PING between NEWLEADER and UPTODATE is not answered', () => {
  const bench = new Bench().diff()
  bench.newLeader()
  bench.learner.logFlushed()
  bench.take()

  bench.bare(Packet.ping, zxidOf(2, 0))

  expect(bench.take()).toEqual([])
})

test('UPTODATE before the acknowledgement of NEWLEADER ends the role', () => {
  const bench = new Bench().diff()

  bench.bare(Packet.upToDate, -1)

  expect(bench.take()[0]).toMatch(/^leave: UPTODATE came in the stage syncing/)
})

test('the configuration of NEWLEADER is kept when it comes and in force at UPTODATE', () => {
  const bench = new Bench().diff()
  bench.data(Packet.newLeader, zxidOf(2, 0), new Uint8Array(178))
  bench.learner.logFlushed()
  expect(bench.take()).toEqual(['adopt last seen of 178 bytes', 'flush log', 'persist currentEpoch 2', 'send ack 2.0'])

  bench.bare(Packet.upToDate, -1)

  expect(bench.take()).toEqual(['activate last seen', 'send ack 2.0', 'serve'])
})

test('a configuration of NEWLEADER whose transaction is still outstanding is not in force before its commit', () => {
  const bench = new Bench({ acceptedEpoch: 2, currentEpoch: 2, lastZxid: zxidOf(2, 3) })
  bench.diff()
  bench.propose(2, 4, TYPE_RECONFIG)
  bench.data(Packet.newLeader, zxidOf(2, 0), utf8Bytes('server.1=a:1:2:participant\nversion=200000004'))
  bench.learner.logFlushed()
  bench.take()

  bench.bare(Packet.upToDate, -1)
  expect(bench.take()).toEqual(['send ack 2.0', 'serve', 'log 2.4'])
  bench.data(Packet.commitAndActivate, zxidOf(2, 4), sidBytes(1))

  expect(bench.take()).toEqual(['activate 2.4 led by 1', 'apply 2.4'])
})

test('a configuration of NEWLEADER whose transaction came in as committed is in force at UPTODATE', () => {
  const bench = new Bench({ acceptedEpoch: 2, currentEpoch: 2, lastZxid: zxidOf(2, 3) })
  bench.diff()
  bench.propose(2, 4, TYPE_RECONFIG)
  bench.commit(2, 4)
  bench.data(Packet.newLeader, zxidOf(2, 0), utf8Bytes('server.1=a:1:2:participant\nversion=200000004'))
  bench.learner.logFlushed()
  bench.take()

  bench.bare(Packet.upToDate, -1)

  expect(bench.take()[0]).toBe('activate last seen')
})

test('a configuration of NEWLEADER that changes the role ends it before anything is served', () => {
  const bench = new Bench().diff()
  bench.data(Packet.newLeader, zxidOf(2, 0), new Uint8Array(178))
  bench.learner.logFlushed()
  bench.take()
  bench.effects.isMajor = true

  bench.bare(Packet.upToDate, -1)

  expect(bench.take()).toEqual([
    'activate last seen',
    'leave: the configuration that came with NEWLEADER changes the role or the leader',
  ])
})

test('a follower logs a proposal, acknowledges it when it is synced, and applies it when it is committed', () => {
  const bench = new Bench().broadcast()

  bench.propose(2, 1)
  bench.propose(2, 2)
  bench.commit(2, 1)
  bench.learner.logged(zxidOf(2, 2))
  bench.commit(2, 2)

  expect(bench.take()).toEqual([
    'receive 2.1 of 36 bytes',
    'log 2.1',
    'receive 2.2 of 36 bytes',
    'log 2.2',
    'apply 2.1',
    'send acks (1.3, 2.2]',
    'apply 2.2',
  ])
})

test('a commit of another proposal than the oldest stops the process with status 12', () => {
  const bench = new Bench().broadcast()
  bench.propose(2, 1)
  bench.propose(2, 2)
  bench.take()

  bench.commit(2, 2)

  expect(bench.take()).toEqual(['leave, exit 12: the commit of 200000002 came while 200000001 was due'])
})

test('a commit without any proposal is reported and ignored', () => {
  const bench = new Bench().broadcast()

  bench.commit(2, 1)

  expect(bench.take()).toEqual(['report: a commit of 200000001 came without its proposal, and is ignored'])
})

test('a reconfiguration is kept as last seen before it is logged', () => {
  const bench = new Bench().broadcast()

  bench.propose(2, 1, TYPE_RECONFIG)

  expect(bench.take()).toEqual(['receive 2.1 of 36 bytes', 'adopt proposed 2.1', 'log 2.1'])
})

test('a reconfiguration is in force before it is applied, and a major one ends the role after that', () => {
  const bench = new Bench().broadcast()
  bench.propose(2, 1, TYPE_RECONFIG)
  bench.take()
  bench.effects.isMajor = true

  bench.data(Packet.commitAndActivate, zxidOf(2, 1), sidBytes(3))

  expect(bench.take()).toEqual([
    'activate 2.1 led by 3',
    'apply 2.1',
    'leave: the new configuration changes the role or the leader',
  ])
})

test('a reconfiguration that is activated during the synchronisation waits for its turn among the commits', () => {
  const bench = new Bench().diff()
  bench.propose(1, 4)
  bench.propose(1, 5, TYPE_RECONFIG)
  bench.commit(1, 4)
  bench.take()

  bench.data(Packet.commitAndActivate, zxidOf(1, 5), sidBytes(2))
  bench.newLeader()

  expect(bench.take()).toEqual(['activate 1.5 led by 2', 'log 1.4', 'apply 1.4', 'log 1.5', 'apply 1.5', 'flush log'])
})

test('a follower answers PING with the same zxid, releases syncs and hears about sessions', () => {
  const bench = new Bench().broadcast()

  bench.bare(Packet.ping, zxidOf(2, 7))
  bench.bare(Packet.sync, 0)
  const answer = new Uint8Array([1, 0, 0, 0x0b, 0x40, 0xf4, 0, 0, 1])
  bench.data(Packet.revalidate, -1, answer)
  answer[8] = 0
  bench.data(Packet.revalidate, -1, answer)

  expect(bench.take()).toEqual([
    'send ping reply 2.7',
    'release sync',
    'session 100000b40f40000 is valid',
    'session 100000b40f40000 is not valid',
  ])
})

test('an observer logs and applies what it is informed of, and never acknowledges a transaction', () => {
  const bench = new Bench({ isObserver: true }).broadcast()

  bench.data(Packet.inform, zxidOf(2, 1), transactionBytes(zxidOf(2, 1), 1))
  bench.learner.logged(zxidOf(2, 1))
  bench.propose(2, 2)
  bench.commit(2, 2)

  expect(bench.take()).toEqual(['receive 2.1 of 36 bytes', 'log 2.1', 'apply 2.1'])
})

test('an observer takes the leader from INFORMANDACTIVATE and the transaction from behind it', () => {
  const bench = new Bench({ isObserver: true }).broadcast()
  const transaction = transactionBytes(zxidOf(2, 1), 1, TYPE_RECONFIG)

  bench.data(Packet.informAndActivate, zxidOf(2, 1), new Uint8Array([...sidBytes(3), ...transaction]))

  expect(bench.take()).toEqual(['receive 2.1 of 36 bytes', 'adopt proposed 2.1', 'log 2.1', 'activate 2.1 led by 3', 'apply 2.1'])
})

test('an observer that is informed before UPTODATE has it on disk before it acknowledges NEWLEADER', () => {
  const bench = new Bench({ isObserver: true }).diff()
  bench.data(Packet.inform, zxidOf(1, 4), transactionBytes(zxidOf(1, 4), 1))
  bench.take()

  bench.newLeader()
  bench.learner.logFlushed()

  expect(bench.take()).toEqual(['log 1.4', 'apply 1.4', 'flush log', 'persist currentEpoch 2', 'send ack 2.0'])
})

test('a silent leader is left after initLimit until NEWLEADER is acknowledged, after syncLimit from then on', () => {
  const early = new Bench().diff()
  for (let beat = 0; beat < 20; beat++) early.learner.heartbeat()
  expect(early.take()).toEqual([])
  early.learner.heartbeat()
  expect(early.take()).toEqual(['leave: the leader has been silent for 10 ticks'])

  const late = new Bench().broadcast()
  for (let beat = 0; beat < 10; beat++) late.learner.heartbeat()
  expect(late.take()).toEqual([])
  late.learner.heartbeat()
  expect(late.take()).toEqual(['leave: the leader has been silent for 5 ticks'])
})

test('our own work on the disk is not the silence of the leader, but a snapshot that does not move is', () => {
  const writing = new Bench().snap(8)
  writing.newLeader()
  writing.take()
  for (let beat = 0; beat < 50; beat++) writing.learner.heartbeat()
  expect(writing.take()).toEqual([])

  const loading = new Bench()
  loading.discover()
  loading.bare(Packet.snap, zxidOf(1, 8))
  loading.take()
  for (let beat = 0; beat < 20; beat++) loading.learner.heartbeat()
  loading.learner.progressed()
  for (let beat = 0; beat < 20; beat++) loading.learner.heartbeat()
  expect(loading.take()).toEqual([])
  loading.learner.heartbeat()
  expect(loading.take()).toEqual(['leave, database broken: the leader has been silent for 10 ticks'])
})

test('after the role has ended nothing happens any more', () => {
  const bench = new Bench().broadcast()
  bench.learner.linkClosed()
  bench.take()

  bench.propose(2, 1)
  bench.learner.logged(zxidOf(2, 1))
  bench.learner.heartbeat()
  bench.learner.linkClosed()

  expect(bench.take()).toEqual([])
})
