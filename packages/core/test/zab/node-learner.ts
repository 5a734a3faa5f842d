import { ByteWriter, QuorumPacketType, writeLearnerInfo } from '@tskeeper/protocol/server'
import { assert } from '../../src/lib/assert.ts'
import type { QuorumVerifier } from '../../src/membership/quorum-verifier.ts'
import type { LearnerEffects } from '../../src/zab/learner-effects.ts'
import { type EnsembleLink, packetOf } from './ensemble-link.ts'
import type { EnsembleNode } from './ensemble-node.ts'
import type { Transaction } from './transactions.ts'

/** The shell of a follower or observer. */
export function learnerEffectsOf(node: EnsembleNode, link: EnsembleLink): LearnerEffects {
  const { invariants } = node.surroundings
  const received = new Map<number, Transaction>()
  const send = (type: number, zxid: number, bytes?: Uint8Array): void => link.send('toLeader', packetOf(type, zxid, bytes))
  const configOf = (zxid: number): QuorumVerifier => {
    const config = node.surroundings.configs.get(zxid)
    assert(config !== undefined, 'a reconfiguration was proposed with its configuration')
    return config
  }
  const take = (zxid: number): Transaction => {
    const transaction = received.get(zxid)
    assert(transaction !== undefined, 'only what was received is logged and applied')
    return transaction
  }
  return {
    sendLearnerInfo(zxid) {
      const type = node.isObserver ? QuorumPacketType.observerInfo : QuorumPacketType.followerInfo
      send(type, zxid, learnerInfoBytes(node.sid, node.disk.committed.version))
    },
    persistAcceptedEpoch(epoch) {
      invariants.acceptedEpoch(node, epoch)
      node.disk.acceptedEpoch = epoch
    },
    persistCurrentEpoch(epoch) {
      invariants.currentEpoch(node, epoch)
      node.disk.currentEpoch = epoch
    },
    sendAckEpoch: (zxid, epoch) => send(QuorumPacketType.ackEpoch, zxid, intBytes(epoch)),
    sendAck(zxid) {
      invariants.acknowledgedNewLeader(node, Math.floor(zxid / 4294967296))
      send(QuorumPacketType.ack, zxid)
    },
    acknowledge(afterZxid, lastZxid) {
      for (const transaction of node.disk.log) {
        if (transaction.zxid <= afterZxid || transaction.zxid > lastZxid) continue
        invariants.acknowledged(node, transaction)
        send(QuorumPacketType.ack, transaction.zxid)
      }
    },
    loadSnapshot: (zxid) => node.later(() => loadSnapshot(node, zxid)),
    truncateLog: (zxid) => node.later(() => truncateLog(node, zxid)),
    writeSnapshot: () => node.later(() => writeSnapshot(node)),
    flushLog: () =>
      node.later(() => {
        node.disk.syncedCount = node.disk.log.length
        node.learner?.logFlushed()
      }),
    beginSync() {},
    adoptLastSeen() {
      const config = node.incomingConfig
      assert(config !== null, 'a NEWLEADER with data has a configuration')
      // The last configuration of the history that goes on, whatever else was proposed before.
      const inHistory = [...received.keys()].map((zxid) => node.surroundings.configs.get(zxid) ?? config)
      node.disk.lastSeen = [...inHistory, node.disk.committed].reduce((newest, other) => {
        return other.version > newest.version ? other : newest
      }, config)
    },
    adoptProposed(zxid) {
      const config = configOf(zxid)
      if (config.version > node.disk.lastSeen.version) node.disk.lastSeen = config
    },
    activateProposed: (zxid, designatedLeader) => node.activate(configOf(zxid), designatedLeader, zxid),
    activateLastSeen() {
      const config = node.incomingConfig
      assert(config !== null, 'a NEWLEADER with data has a configuration')
      return node.activate(config, null, config.version)
    },
    receive(zxid, bytes, start, end) {
      received.set(zxid, invariants.received(zxid, bytes, start, end))
      node.window.append(zxid, bytes.slice(start, end), 0, end - start)
    },
    log: (zxid) => node.log(take(zxid)),
    apply(zxid) {
      const transaction = take(zxid)
      if (node.learner?.stage === 'broadcast') invariants.appliedInBroadcast(transaction)
      node.apply(transaction)
      received.delete(zxid)
    },
    skip(zxid) {
      node.apply(take(zxid))
      received.delete(zxid)
    },
    serve() {
      node.isServing = true
    },
    sendPingReply: (zxid) => send(QuorumPacketType.ping, zxid),
    releaseSync() {},
    revalidated() {},
    report(text) {
      throw new Error(`nothing odd happens among servers of one kind: ${text}`)
    },
    leave(reason, isDatabaseBroken, exitStatus) {
      assert(exitStatus === null, `nothing stops the process: ${reason}`)
      node.endRole(isDatabaseBroken)
    },
  }
}

/** The data of FOLLOWERINFO or OBSERVERINFO. */
export function learnerInfoBytes(sid: number, configVersion: number): Uint8Array {
  const out = new ByteWriter(32)
  writeLearnerInfo(out, { serverId: sid, protocolVersion: 0x10000, configVersion })
  return out.bytes.slice(0, out.position)
}

/** Four bytes, big-endian. */
export function intBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setInt32(0, value)
  return bytes
}

function loadSnapshot(node: EnsembleNode, zxid: number): void {
  node.tree = [...node.incomingHistory]
  node.treeZxid = zxid
  node.window.clear()
  node.learner?.snapshotLoaded()
}

function truncateLog(node: EnsembleNode, zxid: number): void {
  node.disk.truncate(zxid)
  node.tree = node.disk.recover()
  node.treeZxid = zxid
  node.window.truncate(zxid)
  node.learner?.truncated()
}

function writeSnapshot(node: EnsembleNode): void {
  assert((node.tree.at(-1)?.zxid ?? 0) <= node.treeZxid, 'a snapshot that is written at NEWLEADER holds nothing beyond its zxid')
  node.disk.snapshot = { zxid: node.treeZxid, history: [...node.tree] }
  node.disk.log = []
  node.disk.syncedCount = 0
  node.learner?.snapshotWritten()
}
