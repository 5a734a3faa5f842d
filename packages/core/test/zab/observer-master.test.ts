import { QuorumPacketType as Packet } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { ObserverMaster } from '../../src/zab/observer-master.ts'
import { makeConfig } from './configs.ts'
import { intBytes, learnerInfoBytes } from './node-learner.ts'
import { LeaderRecorder, type NamedLink } from './recording.ts'
import { zxidOf } from './transactions.ts'

const NO_BYTES = new Uint8Array(0)

/** Follower of epoch 2 that serves observers, two synchronisations of each kind at a time. */
class Bench {
  readonly effects = new LeaderRecorder()
  readonly master: ObserverMaster<NamedLink>

  constructor() {
    const committed = makeConfig([1, 2, 3], { version: 7, observers: [4, 5, 6] })
    this.master = new ObserverMaster<NamedLink>(
      {
        epoch: 2,
        configs: { committed, lastSeen: committed },
        tickTimeMs: 2000,
        initLimitTicks: 10,
        syncLimitTicks: 5,
        snapshotSyncsMax: 2,
        diffSyncsMax: 2,
      },
      this.effects,
    )
  }

  send(link: NamedLink, type: number, zxid: number, bytes: Uint8Array = NO_BYTES): boolean {
    return this.master.packet(link, type, zxid, bytes, 0, bytes.length)
  }

  open(sid: number, type: number = Packet.observerInfo, version = 7): NamedLink {
    const link = { name: `s${sid}` }
    this.master.linkOpened(link)
    this.send(link, type, zxidOf(1, 0), learnerInfoBytes(sid, version))
    return link
  }

  join(sid: number): NamedLink {
    const link = this.open(sid)
    this.send(link, Packet.ackEpoch, zxidOf(1, 5), intBytes(1))
    this.master.beginSync(link, 'diff')
    this.master.handedOver(link)
    this.master.syncQueued(link)
    this.send(link, Packet.ack, zxidOf(2, 0))
    return link
  }
}

test('an observer sees what it would see from a leader, without waiting for anyone', () => {
  const bench = new Bench()

  const link = bench.join(4)
  bench.send(link, Packet.ack, zxidOf(2, 0))

  expect(bench.effects.take()).toEqual([
    's4 leaderInfo 2.0',
    's4 synchronise from 1.5',
    's4 newLeader 2.0 version 0.7',
    's4 upToDate',
  ])
  expect(bench.master.observing).toEqual([link])
})

test('only observers are served', () => {
  const bench = new Bench()

  bench.open(4, Packet.followerInfo)

  expect(bench.effects.take()).toEqual(['s4 closed: its first packet is followerInfo, but only observers are served here'])
})

test('an observer that knows a newer configuration is refused', () => {
  const bench = new Bench()

  bench.open(4, Packet.observerInfo, 8)

  expect(bench.effects.take()).toEqual(['s4 closed: it knows a newer configuration, 8, than 7'])
})

test('an observer that acknowledges a transaction is closed', () => {
  const bench = new Bench()
  const link = bench.join(4)
  bench.effects.take()

  bench.send(link, Packet.ack, zxidOf(2, 1))

  expect(bench.effects.take()).toEqual(['s4 closed: it acknowledged 200000001, but observers acknowledge nothing'])
  expect(bench.master.observing).toEqual([])
})

test('requests, questions about sessions and answers to PING are for the shell', () => {
  const bench = new Bench()
  const link = bench.join(4)

  for (const type of [Packet.request, Packet.revalidate, Packet.ping]) expect(bench.send(link, type, -1)).toBe(true)
  expect(bench.send(link, Packet.ack, zxidOf(2, 0))).toBe(false)
})

test('a PING carries the zxid that was passed on last, and a silent observer is closed', () => {
  const bench = new Bench()
  bench.join(4)
  bench.effects.take()

  bench.master.heartbeat()
  bench.master.forwarded(zxidOf(2, 3))
  bench.master.heartbeat()
  expect(bench.effects.take()).toEqual(['s4 ping 0.0', 's4 ping 2.3'])

  for (let beat = 0; beat < 9; beat++) bench.master.heartbeat()
  expect(bench.effects.take().at(-1)).toBe('s4 closed: it has been silent for 11000 ms')
})

test('observers beyond the number of synchronisations at a time are closed, and an acknowledged one makes room', () => {
  const bench = new Bench()
  const links = [4, 5, 6].map((sid) => bench.open(sid))
  for (const link of links) bench.send(link, Packet.ackEpoch, zxidOf(1, 5), intBytes(1))

  expect(links.map((link) => bench.master.beginSync(link, 'snap'))).toEqual([true, true, false])
  const [first] = links
  if (first === undefined) throw new Error('an observer is missing')
  bench.master.handedOver(first)
  bench.master.syncQueued(first)
  bench.send(first, Packet.ack, zxidOf(2, 0))
  const again = bench.open(6)
  bench.send(again, Packet.ackEpoch, zxidOf(1, 5), intBytes(1))

  expect(bench.master.beginSync(again, 'snap')).toBe(true)
})

test('when the follower ends all observers are closed', () => {
  const bench = new Bench()
  bench.join(4)
  bench.open(5)
  bench.effects.take()

  bench.master.stop('its master is not synchronised any more')

  expect(bench.effects.take()).toEqual([4, 5].map((sid) => `s${sid} closed: its master is not synchronised any more`))
})
