import { QuorumPacketType, utf8Bytes } from '@tskeeper/protocol/server'
import { assert } from '../../src/lib/assert.ts'
import type { QuorumVerifier } from '../../src/membership/quorum-verifier.ts'
import type { LeaderEffects } from '../../src/zab/leader-effects.ts'
import { LearnerSync, type SyncSink } from '../../src/zab/learner-sync.ts'
import { type EnsembleLink, type Packet, packetOf } from './ensemble-link.ts'
import type { EnsembleNode } from './ensemble-node.ts'
import { sidBytes } from './transactions.ts'

/** How many entries of the log a leader reads at a time. */
const LOG_SLICE = 2

/** The shell of a leader. */
export function leaderEffectsOf(node: EnsembleNode): LeaderEffects<EnsembleLink> {
  const { invariants, random } = node.surroundings
  const send = (link: EnsembleLink, packet: Packet): void => link.send('toLearner', packet)
  return {
    persistAcceptedEpoch(epoch) {
      invariants.acceptedEpoch(node, epoch)
      node.disk.acceptedEpoch = epoch
    },
    persistCurrentEpoch(epoch) {
      invariants.currentEpoch(node, epoch)
      invariants.beginsWith(node, epoch)
      node.disk.currentEpoch = epoch
    },
    adoptLastSeen(config) {
      node.disk.lastSeen = config
    },
    sendLeaderInfo: (link, zxid) => send(link, packetOf(QuorumPacketType.leaderInfo, zxid)),
    synchronise: (link, learnerZxid) => synchronise(node, link, learnerZxid),
    sendNewLeader(link, zxid, config) {
      const isTold = node.surroundings.isReconfigEnabled
      send(link, { ...packetOf(QuorumPacketType.newLeader, zxid, isTold ? configText(config) : undefined), config })
    },
    sendUpToDate: (link) => send(link, packetOf(QuorumPacketType.upToDate, -1)),
    sendPing: (link, zxid) => send(link, packetOf(QuorumPacketType.ping, zxid)),
    activate: (config, designatedLeader) => node.activate(config, designatedLeader, config.version),
    established(zxid) {
      invariants.established(node, Math.floor(zxid / 4294967296))
      node.treeZxid = zxid
    },
    commit: (zxid) => commit(node, zxid, null),
    commitReconfig(zxid, config, designatedLeader) {
      node.activate(config, designatedLeader, zxid)
      commit(node, zxid, designatedLeader)
    },
    answerSync: (link) => send(link, packetOf(QuorumPacketType.sync, 0)),
    report() {},
    closeLink: (link) => link.cut((limit) => random.below(limit)),
    resign: () => node.endRole(false),
  }
}

/** The last line of a configuration's text; the configuration itself travels beside it. */
function configText(config: QuorumVerifier): Uint8Array {
  return utf8Bytes(`version=${config.version.toString(16)}`)
}

/** `designatedLeader` is not null for a reconfiguration. */
function commit(node: EnsembleNode, zxid: number, designatedLeader: number | null): void {
  const { window, leader } = node
  assert(leader !== null, 'a leader commits')
  for (let index = window.indexAfter(node.treeZxid); index < window.size && window.zxidAt(index) <= zxid; ) {
    const next = window.zxidAt(index)
    const bytes = window.chunkAt(index).slice(window.startAt(index), window.endAt(index))
    const transaction = node.surroundings.invariants.received(next, bytes, 0, bytes.length)
    node.surroundings.invariants.commit(node, transaction)
    for (const link of leader.forwarding) link.send('toLearner', commitPacket(next, designatedLeader))
    for (const link of leader.observing) link.send('toLearner', informPacket(next, bytes, designatedLeader))
    node.apply(transaction)
    index = window.indexAfter(next)
  }
}

function commitPacket(zxid: number, designatedLeader: number | null): Packet {
  if (designatedLeader === null) return packetOf(QuorumPacketType.commit, zxid)
  return packetOf(QuorumPacketType.commitAndActivate, zxid, sidBytes(designatedLeader))
}

function informPacket(zxid: number, bytes: Uint8Array, designatedLeader: number | null): Packet {
  if (designatedLeader === null) return packetOf(QuorumPacketType.inform, zxid, bytes)
  const data = new Uint8Array([...sidBytes(designatedLeader), ...bytes])
  return packetOf(QuorumPacketType.informAndActivate, zxid, data)
}

function synchronise(node: EnsembleNode, link: EnsembleLink, learnerZxid: number): void {
  const { random } = node.surroundings
  const packets: Packet[] = []
  const sync = new LearnerSync(node.window, learnerZxid, sinkInto(packets))
  const options = { lastProcessed: node.treeZxid, isSnapshotForced: random.below(8) === 0, isLogAllowed: true }
  if (sync.start(options) === 'planned') finish(node, link, sync, packets)
  else {
    node.surroundings.invariants.syncs.log++
    node.later(() => readLog(node, link, sync, packets, firstEntry(node, learnerZxid)))
  }
}

/** Index of the last entry of the log that is not after the zxid: where a file could begin. */
function firstEntry(node: EnsembleNode, zxid: number): number {
  let first = 0
  for (const [index, entry] of node.disk.log.entries()) if (entry.zxid <= zxid) first = index
  return first
}

function readLog(node: EnsembleNode, link: EnsembleLink, sync: LearnerSync, packets: Packet[], from: number): void {
  for (let index = from; index < from + LOG_SLICE; index++) {
    const entry = node.disk.log[index]
    if (entry === undefined || !sync.offerLogEntry(entry.zxid, entry.bytes, 0, entry.bytes.length)) {
      sync.endOfLog(true, node.treeZxid)
      finish(node, link, sync, packets)
      return
    }
  }
  node.later(() => readLog(node, link, sync, packets, from + LOG_SLICE))
}

function finish(node: EnsembleNode, link: EnsembleLink, sync: LearnerSync, packets: Packet[]): void {
  const { leader } = node
  assert(leader !== null && sync.kind !== null, 'a leader synchronises')
  if (!leader.beginSync(link, sync.kind)) return
  node.surroundings.invariants.syncs[sync.kind]++
  sync.handOver(!link.isObserver)
  for (const packet of packets) link.send('toLearner', packet)
  leader.handedOver(link)
  if (sync.kind === 'snap') node.later(() => endSnapshot(node, link, packets))
  else leader.syncQueued(link)
}

/** The snapshot is fuzzy: it holds what was applied while it was sent. */
function endSnapshot(node: EnsembleNode, link: EnsembleLink, packets: readonly Packet[]): void {
  for (const packet of packets) if (packet.type === QuorumPacketType.snap) packet.history = [...node.tree]
  node.leader?.syncQueued(link)
}

function sinkInto(packets: Packet[]): SyncSink {
  return {
    begin: (kind, zxid) => packets.push(packetOf(QuorumPacketType[kind], zxid)),
    committed(zxid, bytes, start, end) {
      packets.push(packetOf(QuorumPacketType.proposal, zxid, bytes.slice(start, end)), packetOf(QuorumPacketType.commit, zxid))
    },
    proposed: (zxid, bytes, start, end) => packets.push(packetOf(QuorumPacketType.proposal, zxid, bytes.slice(start, end))),
    discard() {
      packets.length = 0
    },
  }
}
