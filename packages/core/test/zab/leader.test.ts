import { QuorumPacketType as Packet } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import type { QuorumVerifier } from '../../src/membership/quorum-verifier.ts'
import { Leader } from '../../src/zab/leader.ts'
import { makeConfig } from './configs.ts'
import { intBytes, learnerInfoBytes } from './node-learner.ts'
import { LeaderRecorder, type NamedLink } from './recording.ts'
import { sidBytes, zxidOf } from './transactions.ts'

const NO_BYTES = new Uint8Array(0)

interface Start {
  readonly voters?: readonly number[]
  readonly observers?: readonly number[]
  readonly committed?: QuorumVerifier
  readonly lastSeen?: QuorumVerifier
  readonly isReconfigEnabled?: boolean
  readonly acceptedEpoch?: number
  readonly snapshotSyncsMax?: number
}

/** Server 1, elected with epoch 1 and the last transaction 1.5. */
class Bench {
  readonly effects = new LeaderRecorder()
  readonly leader: Leader<NamedLink>
  readonly links = new Map<string, NamedLink>()

  constructor(start: Start = {}) {
    const committed = start.committed ?? makeConfig(start.voters ?? [1, 2, 3], { observers: start.observers ?? [] })
    this.leader = new Leader<NamedLink>(
      {
        sid: 1,
        acceptedEpoch: start.acceptedEpoch ?? 1,
        currentEpoch: 1,
        lastZxid: zxidOf(1, 5),
        committed,
        lastSeen: start.lastSeen ?? committed,
        isReconfigEnabled: start.isReconfigEnabled ?? false,
        tickTimeMs: 2000,
        initLimitTicks: 10,
        syncLimitTicks: 5,
        snapshotSyncsMax: start.snapshotSyncsMax ?? 10,
        diffSyncsMax: 100,
      },
      this.effects,
    )
    this.leader.start()
  }

  take(): string[] {
    return this.effects.take()
  }

  open(name: string): NamedLink {
    const link = { name }
    this.links.set(name, link)
    this.leader.linkOpened(link)
    return link
  }

  send(link: NamedLink, type: number, zxid: number, bytes: Uint8Array = NO_BYTES): boolean {
    return this.leader.packet(link, type, zxid, bytes, 0, bytes.length)
  }

  greet(sid: number, acceptedEpoch = 1, isObserver = false): NamedLink {
    const link = this.open(`s${sid}`)
    this.send(link, isObserver ? Packet.observerInfo : Packet.followerInfo, zxidOf(acceptedEpoch, 0), learnerInfoBytes(sid, 0))
    return link
  }

  promise(link: NamedLink, epoch: number, lastZxid: number): void {
    this.send(link, Packet.ackEpoch, lastZxid, intBytes(epoch))
  }

  synchronise(link: NamedLink): void {
    this.leader.beginSync(link, 'diff')
    this.leader.handedOver(link)
    this.leader.syncQueued(link)
  }

  ack(link: NamedLink, epoch: number, counter: number): void {
    this.send(link, Packet.ack, zxidOf(epoch, counter))
  }

  /** A learner that joins a leader whatever its phase, up to the ACK of NEWLEADER. */
  join(sid: number, isObserver = false): NamedLink {
    const link = this.greet(sid, 1, isObserver)
    this.promise(link, 1, zxidOf(1, 5))
    this.synchronise(link)
    this.ack(link, this.leader.epoch, 0)
    return link
  }

  /** Leads epoch 2 with the given followers. */
  lead(...sids: number[]): NamedLink[] {
    const links = sids.map((sid) => this.greet(sid))
    for (const link of links) this.promise(link, 1, zxidOf(1, 5))
    for (const link of links) this.synchronise(link)
    for (const link of links) this.ack(link, 2, 0)
    expect(this.leader.phase).toBe('leading')
    this.take()
    return links
  }

  beat(count: number): void {
    for (let index = 0; index < count; index++) this.leader.heartbeat()
  }
}

test('the epoch is decided by a quorum, larger than any that was told, and durable before anyone hears of it', () => {
  const bench = new Bench({ voters: [1, 2, 3, 4, 5] })
  bench.greet(2, 1)
  expect(bench.take()).toEqual([])

  bench.greet(3, 6)

  expect(bench.take()).toEqual(['persist acceptedEpoch 7', 's2 leaderInfo 7.0', 's3 leaderInfo 7.0'])
})

test('an observer raises the epoch but is no part of the quorum', () => {
  const bench = new Bench({ observers: [4] })
  bench.greet(4, 8, true)
  expect(bench.take()).toEqual([])

  bench.greet(2, 1)

  expect(bench.take()).toEqual(['persist acceptedEpoch 9', 's4 leaderInfo 9.0', 's2 leaderInfo 9.0'])
})

test('a learner with the id of the leader is sent away, and counts nowhere', () => {
  const bench = new Bench()
  bench.greet(1, 9)
  expect(bench.take()).toEqual(['s1 closed: it has the id of this server, 1: the file myid of one of the two is wrong'])

  bench.greet(2, 1)

  expect(bench.take()).toEqual(['persist acceptedEpoch 2', 's2 leaderInfo 2.0'])
})

test('a leader that is its own quorum leads at once', () => {
  const bench = new Bench({ voters: [1] })

  expect(bench.take()).toEqual(['persist acceptedEpoch 2', 'persist currentEpoch 2', 'established 2.0'])
})

test('an epoch whose zxids are not exact is not begun', () => {
  const bench = new Bench({ voters: [1], acceptedEpoch: 2 ** 21 - 1 })

  expect(bench.take()).toEqual(['resign: epoch 2097152 is larger than 2097151, the largest that this server can work with'])
})

test('the current epoch is durable before anyone is synchronised', () => {
  const bench = new Bench()
  const link = bench.greet(2)
  bench.take()

  bench.promise(link, 1, zxidOf(1, 3))

  expect(bench.take()).toEqual(['persist currentEpoch 2', 's2 synchronise from 1.3'])
})

test.each([
  ['a later epoch', 2, zxidOf(1, 1)],
  ['a later transaction of the same epoch', 1, zxidOf(1, 6)],
])('a follower with %s is ahead of the leader and is refused', (_, epoch, lastZxid) => {
  const bench = new Bench()
  const link = bench.greet(2)
  bench.take()

  bench.promise(link, epoch, lastZxid)

  expect(bench.take()[0]).toMatch(/^s2 closed: it is ahead of this leader/)
  expect(bench.leader.phase).toBe('promises')
})

test('a follower that promised this epoch before is not counted, and is synchronised when others have promised', () => {
  const bench = new Bench()
  const two = bench.greet(2)
  const three = bench.greet(3)
  bench.take()

  bench.promise(two, -1, zxidOf(1, 4))
  expect(bench.take()).toEqual([])
  bench.promise(three, 1, zxidOf(1, 5))

  expect(bench.take()).toEqual(['persist currentEpoch 2', 's2 synchronise from 1.4', 's3 synchronise from 1.5'])
})

test('a follower that comes when the promises are complete is not asked whether it is ahead', () => {
  const bench = new Bench()
  bench.lead(2)
  const late = bench.greet(3)

  bench.promise(late, 1, zxidOf(1, 7))

  expect(bench.take()).toEqual(['s3 leaderInfo 2.0', 's3 synchronise from 1.7'])
})

test('A132: a leader is established by the acknowledgements of NEWLEADER, and only then tells anyone to serve', () => {
  const bench = new Bench({ voters: [1, 2, 3, 4, 5] })
  const [two, three] = [bench.greet(2), bench.greet(3)]
  for (const link of [two, three]) bench.promise(link, 1, zxidOf(1, 5))
  for (const link of [two, three]) bench.synchronise(link)
  bench.take()

  bench.ack(two, 2, 0)
  expect(bench.take()).toEqual([])
  bench.ack(three, 2, 0)

  expect(bench.take()).toEqual(['established 2.0', 's2 upToDate', 's3 upToDate'])
})

test('a learner that joins later is synchronised without waiting for others', () => {
  const bench = new Bench()
  bench.lead(2)

  bench.join(3)

  expect(bench.take()).toEqual(['s3 leaderInfo 2.0', 's3 synchronise from 1.5', 's3 newLeader 2.0 version 0.0', 's3 upToDate'])
  expect(bench.leader.forwarding.map((link) => link.name)).toEqual(['s2', 's3'])
})

test('live packets go to a learner from its hand-over on, NEWLEADER follows when its snapshot is sent', () => {
  const bench = new Bench()
  bench.lead(2)
  const link = bench.greet(3)
  bench.promise(link, 1, zxidOf(1, 5))
  bench.take()

  bench.leader.beginSync(link, 'snap')
  bench.leader.handedOver(link)
  expect(bench.leader.forwarding).toContain(link)
  expect(bench.take()).toEqual([])
  bench.leader.syncQueued(link)

  expect(bench.take()).toEqual(['s3 newLeader 2.0 version 0.0'])
})

test('a connection that begins with another packet is closed', () => {
  const bench = new Bench()

  bench.send(bench.open('stranger'), Packet.request, -1)

  expect(bench.take()[0]).toMatch(/^stranger closed: its first packet is request/)
})

test('a learner that knows a newer configuration is refused', () => {
  const bench = new Bench()

  bench.send(bench.open('s2'), Packet.followerInfo, zxidOf(1, 0), learnerInfoBytes(2, 5))

  expect(bench.take()).toEqual(['s2 closed: it knows a newer configuration, 5, than 0'])
})

test('a voter that has promised a later epoch could never follow: the leader resigns, so that a new one begins', () => {
  const bench = new Bench()
  bench.lead(2)

  bench.greet(3, 4)

  expect(bench.take()).toEqual(['resign: server 3 has promised epoch 4 and cannot follow in epoch 2: a later one begins'])
  expect(bench.leader.phase).toBe('over')
})

test('I21: an observer that has heard of a later epoch changes nothing for the others, nor does a voter that has promised this one', () => {
  const bench = new Bench({ observers: [4] })
  bench.lead(2)

  bench.greet(4, 4, true)
  bench.greet(3, 2)

  expect(bench.take()).toEqual(['s4 leaderInfo 2.0', 's3 leaderInfo 2.0'])
  expect(bench.leader.phase).toBe('leading')
})

test('a first packet whose data is cut short closes the connection and nothing else', () => {
  const bench = new Bench()

  bench.send(bench.open('s2'), Packet.followerInfo, zxidOf(1, 0), new Uint8Array(5))

  expect(bench.take()[0]).toMatch(/^s2 closed: its followerInfo cannot be read/)
})

test('a server that connects again replaces its older connection', () => {
  const bench = new Bench()
  const [old] = bench.lead(2)
  bench.effects.lines = []

  const link = bench.open('s2 again')
  bench.send(link, Packet.followerInfo, zxidOf(2, 0), learnerInfoBytes(2, 0))

  expect(bench.take()).toEqual(['s2 closed: server 2 has connected again', 's2 again leaderInfo 2.0'])
  expect(bench.leader.forwarding).not.toContain(old)
})

test('a proposal is committed when a quorum has it on disk, in order and at once up to the highest', () => {
  const bench = new Bench()
  const [two] = bench.lead(2)
  bench.leader.proposed(zxidOf(2, 4))

  bench.leader.selfSynced(zxidOf(2, 3))
  expect(bench.take()).toEqual([])
  if (two === undefined) throw new Error('a follower is missing')
  bench.ack(two, 2, 4)

  expect(bench.take()).toEqual(['commit 2.3'])
  bench.leader.selfSynced(zxidOf(2, 4))
  expect(bench.take()).toEqual(['commit 2.4'])
})

test.each([
  ['A100 A136: of three', 3, 1],
  ['A106: of four', 4, 2],
  ['A108: of five', 5, 2],
])('%s servers more than half commit, one less does not', (_, count, others) => {
  const voters = Array.from({ length: count }, (_, index) => index + 1)
  const bench = new Bench({ voters })
  const links = bench.lead(...voters.slice(1))
  bench.leader.proposed(zxidOf(2, 1))
  bench.leader.selfSynced(zxidOf(2, 1))

  for (const link of links.slice(0, others - 1)) bench.ack(link, 2, 1)
  expect(bench.take()).toEqual([])
  for (const link of links.slice(others - 1, others)) bench.ack(link, 2, 1)

  expect(bench.take()).toEqual(['commit 2.1'])
})

test('A102: acknowledgements of an observer and of a server that does not vote commit nothing', () => {
  const bench = new Bench({ observers: [4] })
  bench.lead(2)
  const observer = bench.join(4, true)
  const guest = bench.join(9)
  bench.take()
  bench.leader.proposed(zxidOf(2, 1))
  bench.leader.selfSynced(zxidOf(2, 1))

  bench.ack(observer, 2, 1)
  bench.ack(guest, 2, 1)

  expect(bench.take()).toEqual([])
})

test('3.8: acknowledgements of what was committed before are silent', () => {
  const bench = new Bench()
  const [two] = bench.lead(2)
  if (two === undefined) throw new Error('a follower is missing')

  bench.ack(two, 2, 0)
  bench.ack(two, 1, 4)
  bench.ack(two, 1, 5)

  expect(bench.take()).toEqual([])
})

test('an acknowledgement of a proposal that comes before that of NEWLEADER counts, and NEWLEADER is still awaited', () => {
  const bench = new Bench()
  bench.lead(2)
  bench.leader.proposed(zxidOf(2, 1))
  bench.leader.selfSynced(zxidOf(2, 1))
  const link = bench.greet(3)
  bench.promise(link, 1, zxidOf(1, 5))
  bench.synchronise(link)
  bench.take()

  bench.ack(link, 2, 1)
  expect(bench.take()).toEqual(['commit 2.1'])
  bench.ack(link, 2, 0)
  expect(bench.take()).toEqual(['s3 upToDate'])
})

test('an acknowledgement of what was never proposed is reported and not counted', () => {
  const bench = new Bench()
  const [two] = bench.lead(2)
  bench.leader.proposed(zxidOf(2, 1))
  bench.leader.selfSynced(zxidOf(2, 1))

  if (two === undefined) throw new Error('a follower is missing')
  bench.ack(two, 2, 2)

  expect(bench.take()).toEqual(['report: server 2 acknowledged 200000002, which was never proposed'])
})

test('a follower that is synchronised anew has to acknowledge again what may be cut from its log', () => {
  const bench = new Bench({ voters: [1, 2, 3, 4, 5] })
  const [two] = bench.lead(2, 3)
  bench.leader.proposed(zxidOf(2, 1))
  bench.leader.selfSynced(zxidOf(2, 1))
  if (two === undefined) throw new Error('a follower is missing')
  bench.ack(two, 2, 1)
  const again = bench.greet(2, 2)
  bench.promise(again, 2, zxidOf(2, 1))
  bench.take()

  const three = bench.links.get('s3')
  if (three === undefined) throw new Error('a follower is missing')
  bench.ack(three, 2, 1)
  expect(bench.take()).toEqual([])

  bench.synchronise(again)
  bench.ack(again, 2, 0)
  bench.ack(again, 2, 1)
  expect(bench.take()).toContain('commit 2.1')
})

test('I8: nothing is proposed before a quorum has acknowledged NEWLEADER', () => {
  const bench = new Bench()

  expect(() => bench.leader.proposed(zxidOf(2, 1))).toThrow('a leader proposes only after')
})

test('I20: the counter 0xffffffff is never proposed', () => {
  const bench = new Bench()
  bench.lead(2)

  expect(() => bench.leader.proposed(zxidOf(2, 0xffffffff))).toThrow('no transaction has the counter 0xffffffff')
})

test('I20: a leader whose counter is used up resigns', () => {
  const bench = new Bench()
  bench.lead(2)

  bench.leader.counterExhausted()

  expect(bench.take()).toEqual(['resign: the counter of this epoch is used up: a new epoch begins'])
  expect(bench.leader.phase).toBe('over')
})

test('a sync is answered at once when nothing is outstanding, else behind the commit of the last proposal before it', () => {
  const bench = new Bench()
  const [two] = bench.lead(2)
  if (two === undefined) throw new Error('a follower is missing')

  bench.leader.syncRequested(two, zxidOf(2, 0))
  expect(bench.take()).toEqual(['s2 sync'])
  bench.leader.proposed(zxidOf(2, 3))
  bench.leader.syncRequested(two, zxidOf(2, 2))
  bench.leader.selfSynced(zxidOf(2, 3))
  bench.ack(two, 2, 1)
  expect(bench.take()).toEqual(['commit 2.1'])
  bench.ack(two, 2, 3)

  expect(bench.take()).toEqual(['commit 2.2', 's2 sync', 'commit 2.3'])
})

test('a sync is answered in front of the commits of what was asked after it, even if all of that is acknowledged at once', () => {
  const bench = new Bench()
  const [two, three] = bench.lead(2, 3) as [NamedLink, NamedLink]
  bench.leader.proposed(zxidOf(2, 4))
  bench.leader.syncRequested(two, zxidOf(2, 1))
  bench.leader.syncRequested(three, zxidOf(2, 1))
  bench.leader.syncRequested(two, zxidOf(2, 3))
  bench.leader.selfSynced(zxidOf(2, 4))
  bench.take()

  bench.ack(two, 2, 4)

  expect(bench.take()).toEqual(['commit 2.1', 's2 sync', 's3 sync', 'commit 2.3', 's2 sync', 'commit 2.4'])
})

test('requests, answers to PING and questions about sessions are for the shell, once the learner is in the broadcast', () => {
  const bench = new Bench()
  const [two] = bench.lead(2)
  const early = bench.greet(3)
  if (two === undefined) throw new Error('a follower is missing')

  expect(bench.send(two, Packet.request, -1)).toBe(true)
  expect(bench.send(two, Packet.ping, zxidOf(2, 0))).toBe(true)
  expect(bench.send(two, Packet.revalidate, -1)).toBe(true)
  expect(bench.send(two, Packet.ack, zxidOf(2, 0))).toBe(false)
  expect(bench.send(early, Packet.request, -1)).toBe(false)
  expect(bench.take().at(-1)).toMatch(/^s3 closed: it sent request in the phase epochAck/)
})

test('every half tick all learners are pinged with the last proposed zxid', () => {
  const bench = new Bench({ observers: [4] })
  bench.lead(2)
  bench.join(4, true)
  bench.leader.proposed(zxidOf(2, 2))
  bench.take()

  bench.leader.heartbeat()

  expect(bench.take()).toEqual(['s2 ping 2.2', 's4 ping 2.2'])
})

test('I12: a leader whose learners are silent closes them and resigns within about syncLimit ticks', () => {
  const bench = new Bench()
  bench.lead(2)

  bench.beat(10)
  expect(bench.leader.phase).toBe('leading')
  bench.beat(2)

  expect(bench.leader.phase).toBe('over')
  const lines = bench.take()
  expect(lines.find((line) => line.startsWith('s2 closed'))).toBe('s2 closed: it has been silent for 11000 ms')
  expect(lines.at(-1)).toBe('resign: only 1 are in touch with this leader, which is no quorum')
})

test('a leader goes on as long as a quorum is in touch, and observers do not make one', () => {
  const bench = new Bench({ observers: [4] })
  const [two] = bench.lead(2)
  const observer = bench.join(4, true)
  if (two === undefined) throw new Error('a follower is missing')
  for (let round = 0; round < 50; round++) {
    bench.leader.heartbeat()
    bench.send(two, Packet.ping, zxidOf(2, 0))
    bench.send(observer, Packet.ping, zxidOf(2, 0))
  }
  expect(bench.leader.phase).toBe('leading')

  bench.leader.linkClosed(two)
  bench.beat(2)

  expect(bench.leader.phase).toBe('over')
})

test('a follower that answers pings but acknowledges nothing for syncLimit ticks is closed', () => {
  const bench = new Bench()
  const [two] = bench.lead(2)
  if (two === undefined) throw new Error('a follower is missing')
  bench.leader.proposed(zxidOf(2, 1))
  const beatAndAnswer = (count: number): void => {
    for (let round = 0; round < count; round++) {
      bench.leader.heartbeat()
      bench.send(two, Packet.ping, zxidOf(2, 1))
    }
  }

  beatAndAnswer(8)
  bench.leader.proposed(zxidOf(2, 2))
  bench.ack(two, 2, 1)
  beatAndAnswer(10)
  expect(bench.take().filter((line) => line.includes('closed'))).toEqual([])
  bench.leader.heartbeat()

  expect(bench.take()).toEqual(['s2 closed: a proposal has been waiting for its acknowledgement for more than 5 ticks'])
})

test.each(['epoch', 'promises', 'newLeader'])('a leader without a quorum in the phase %s gives up after initLimit', (phase) => {
  const bench = new Bench({ voters: [1, 2, 3, 4, 5] })
  if (phase !== 'epoch') for (const sid of [2, 3]) bench.greet(sid)
  if (phase === 'newLeader') for (const link of bench.links.values()) bench.promise(link, 1, zxidOf(1, 5))
  expect(bench.leader.phase).toBe(phase)

  bench.beat(20)
  expect(bench.leader.phase).toBe(phase)
  bench.beat(1)

  expect(bench.take().at(-1)).toMatch(new RegExp(`^resign: no quorum in the phase ${phase} within 10 ticks`))
})

test('observers beyond the number of snapshots at a time are closed, voters are not; an acknowledged one makes room', () => {
  const bench = new Bench({ observers: [4, 5, 6], snapshotSyncsMax: 1 })
  bench.lead(2)
  const [four, five, three] = [bench.greet(4, 1, true), bench.greet(5, 1, true), bench.greet(3)]
  for (const link of [four, five, three]) bench.promise(link, 1, zxidOf(1, 1))

  expect(bench.leader.beginSync(four, 'snap')).toBe(true)
  expect(bench.leader.beginSync(three, 'snap')).toBe(true)
  expect(bench.leader.beginSync(five, 'snap')).toBe(false)
  expect(bench.take().at(-1)).toMatch(/^s5 closed: 1 learners are being synchronised already/)

  for (const link of [four, three]) {
    bench.leader.handedOver(link)
    bench.leader.syncQueued(link)
    bench.ack(link, 2, 0)
  }
  const six = bench.greet(6, 1, true)
  bench.promise(six, 1, zxidOf(1, 1))
  expect(bench.leader.beginSync(six, 'snap')).toBe(true)
})

// Reconfiguration.

test('the first configuration gets its version before anyone can promise to follow, and is in force at NEWLEADER', () => {
  const bench = new Bench({ isReconfigEnabled: true })
  const link = bench.greet(2)
  expect(bench.take()).toEqual(['persist acceptedEpoch 2', 'adopt last seen 2.0', 's2 leaderInfo 2.0'])

  bench.promise(link, 1, zxidOf(1, 5))
  bench.synchronise(link)
  bench.ack(link, 2, 0)

  expect(bench.take()).toEqual([
    'persist currentEpoch 2',
    's2 synchronise from 1.5',
    's2 newLeader 2.0 version 2.0',
    'activate 2.0 led by 1',
    'established 2.0',
    's2 upToDate',
  ])
})

test('I13: a reconfiguration and what follows it need both quorums until it is in force, then only the new one', () => {
  const bench = new Bench({ isReconfigEnabled: true, committed: makeConfig([1, 2, 3], { version: 1 }) })
  const [two, three] = bench.lead(2, 3)
  const [four, five] = [bench.join(4), bench.join(5)]
  if (two === undefined || three === undefined) throw new Error('a follower is missing')
  bench.leader.proposed(zxidOf(2, 1))
  bench.take()
  bench.leader.reconfigProposed(zxidOf(2, 2), makeConfig([1, 4, 5], { version: zxidOf(2, 2) }))
  bench.leader.proposed(zxidOf(2, 4))
  expect(bench.take()).toEqual(['adopt last seen 2.2'])

  bench.leader.selfSynced(zxidOf(2, 4))
  bench.ack(four, 2, 4)
  bench.ack(five, 2, 4)
  expect(bench.take()).toEqual([])
  bench.ack(two, 2, 3)

  expect(bench.take()).toEqual(['commit 2.1', 'commit reconfig 2.2 to voters 1,4,5 led by 1', 'commit 2.3'])
  bench.leader.proposed(zxidOf(2, 5))
  bench.ack(three, 2, 5)
  bench.ack(two, 2, 5)
  expect(bench.take()).toEqual(['commit 2.4'])
  bench.leader.selfSynced(zxidOf(2, 5))
  bench.ack(four, 2, 5)
  expect(bench.take()).toEqual(['commit 2.5'])

  bench.leader.proposed(zxidOf(2, 6))
  bench.leader.selfSynced(zxidOf(2, 6))
  bench.ack(four, 2, 6)
  expect(bench.take()).toEqual(['commit 2.6'])
})

test('a leader that is not in the new configuration names the voter that has come farthest, and commits nothing more', () => {
  const bench = new Bench({ isReconfigEnabled: true, committed: makeConfig([1, 2, 3], { version: 1 }) })
  const [two, three] = bench.lead(2, 3)
  if (two === undefined || three === undefined) throw new Error('a follower is missing')
  bench.leader.reconfigProposed(zxidOf(2, 1), makeConfig([2, 3], { version: zxidOf(2, 1) }))
  bench.leader.proposed(zxidOf(2, 2))
  bench.leader.selfSynced(zxidOf(2, 2))
  bench.take()

  bench.ack(three, 2, 2)
  bench.ack(two, 2, 1)
  bench.ack(two, 2, 2)

  expect(bench.take()).toEqual(['commit reconfig 2.1 to voters 2,3 led by 3'])
})

test('a leader that got another address for the quorum hands over too', () => {
  const bench = new Bench({ isReconfigEnabled: true, committed: makeConfig([1, 2, 3], { version: 1 }) })
  const [two] = bench.lead(2)
  if (two === undefined) throw new Error('a follower is missing')
  bench.leader.reconfigProposed(zxidOf(2, 1), makeConfig([1, 2, 3], { version: zxidOf(2, 1), moved: [1] }))
  bench.leader.selfSynced(zxidOf(2, 1))
  bench.take()

  bench.ack(two, 2, 1)

  expect(bench.take()).toEqual(['commit reconfig 2.1 to voters 1,2,3 led by 2'])
})

test('a reconfiguration that was in flight when a leader died is completed by the NEWLEADER of the next one, with both quorums', () => {
  const bench = new Bench({
    isReconfigEnabled: true,
    committed: makeConfig([1, 2, 3], { version: 1 }),
    lastSeen: makeConfig([1, 4, 5], { version: zxidOf(1, 5) }),
  })
  const links = [2, 4, 5].map((sid) => bench.greet(sid))
  for (const link of links) bench.promise(link, 1, zxidOf(1, 5))
  for (const link of links) bench.synchronise(link)
  const [two, four] = links
  if (two === undefined || four === undefined) throw new Error('a follower is missing')
  bench.take()

  bench.ack(two, 2, 0)
  expect(bench.take()).toEqual([])
  bench.ack(four, 2, 0)

  expect(bench.take()).toEqual(['activate 1.5 led by 1', 'established 2.0', 's2 upToDate', 's4 upToDate'])
  expect(bench.leader.committed.version).toBe(zxidOf(1, 5))
})

test('epoch and promises need the quorum of a configuration in flight as well, whose servers may lead without us', () => {
  const bench = new Bench({
    isReconfigEnabled: true,
    committed: makeConfig([1, 2, 3], { version: 1 }),
    lastSeen: makeConfig([1, 4, 5], { version: zxidOf(1, 5) }),
  })
  const two = bench.greet(2)
  expect(bench.take()).toEqual([])
  const four = bench.greet(4)
  expect(bench.take()).toEqual(['persist acceptedEpoch 2', 's2 leaderInfo 2.0', 's4 leaderInfo 2.0'])

  bench.promise(two, 1, zxidOf(1, 5))
  expect(bench.take()).toEqual([])
  bench.promise(four, 1, zxidOf(1, 5))

  expect(bench.take()).toEqual(['persist currentEpoch 2', 's2 synchronise from 1.5', 's4 synchronise from 1.5'])
})

test('a server that votes only in the configuration in flight may be ahead, unless it followed a later leader', () => {
  const start = {
    isReconfigEnabled: true,
    committed: makeConfig([1, 2, 3], { version: 1 }),
    lastSeen: makeConfig([1, 4, 5], { version: zxidOf(1, 5) }),
  }
  const bench = new Bench(start)
  const [two, four] = [bench.greet(2), bench.greet(4)]
  bench.promise(two, 1, zxidOf(1, 5))
  bench.take()
  bench.promise(four, 1, zxidOf(1, 8))
  expect(bench.take()).toEqual(['persist currentEpoch 2', 's2 synchronise from 1.5', 's4 synchronise from 1.8'])

  const other = new Bench(start)
  other.greet(2)
  const later = other.greet(4)
  other.take()
  other.promise(later, 2, zxidOf(1, 5))
  expect(other.take()[0]).toMatch(/^s4 closed: it is ahead of this leader/)
})

test('who joins while a reconfiguration is outstanding is told the configuration in force, not the one that may never be', () => {
  const bench = new Bench({ isReconfigEnabled: true, committed: makeConfig([1, 2, 3], { version: 1 }) })
  bench.lead(2)
  bench.leader.reconfigProposed(zxidOf(2, 1), makeConfig([3, 4, 5], { version: zxidOf(2, 1) }))
  bench.take()

  bench.join(3)

  expect(bench.take()).toContain('s3 newLeader 2.0 version 0.1')
})

test('while a reconfiguration is proposed a leader needs to be in touch with both quorums', () => {
  const bench = new Bench({ isReconfigEnabled: true, committed: makeConfig([1, 2, 3], { version: 1 }) })
  const [two] = bench.lead(2)
  if (two === undefined) throw new Error('a follower is missing')
  bench.leader.reconfigProposed(zxidOf(2, 1), makeConfig([1, 4, 5], { version: zxidOf(2, 1) }))

  bench.beat(2)

  expect(bench.take().at(-1)).toBe('resign: only 1, 2 are in touch with this leader, which is no quorum')
})

test('an observer without an id of its own gets a negative one', () => {
  const bench = new Bench()
  bench.lead(2)
  const one = bench.open('first')
  const other = bench.open('second')

  bench.send(one, Packet.observerInfo, 0)
  bench.send(other, Packet.observerInfo, 0)
  bench.send(bench.open('s9'), Packet.observerInfo, 0, sidBytes(9))

  expect([one, other].map((link) => bench.leader.sidOf(link))).toEqual([-1, -2])
  expect(bench.leader.sidOf({ name: 'unknown' })).toBeNull()
})
