import { SESSION_PASSWORD_LENGTH } from '@tskeeper/core'
import { ByteWriter, Op, QuorumPacketType, utf8Bytes } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { CLIENT_PORT, serverAddress } from '../../src/world/server-node.ts'
import { EPOCH, FakePeers, isOf, lead, type PeerLink, transaction } from './fake-peers.ts'

async function observe(peers: FakePeers): Promise<PeerLink> {
  const link = await lead(peers, 1)
  await peers.until(() => link.has(QuorumPacketType.ack))
  link.send([QuorumPacketType.upToDate, -1])
  await peers.until(() => peers.says('OBSERVING in epoch'))
  return link
}

test('an observer connects after a pause, by chance, of up to observer.reconnectDelayMs', async () => {
  const peers = new FakePeers({ 'observer.reconnectDelayMs': '900' }, ':observer')
  const decidedMs = new Promise<number>((resolve) => {
    peers.answer = (peerId, heard) => {
      resolve(peers.world.nowMs)
      return { state: peerId === 2 ? 2 : 1, leader: 2, zxid: 0, electionEpoch: heard.electionEpoch, peerEpoch: 1, config: null }
    }
  })
  await peers.until(() => peers.says('OBSERVING: connecting to server 2'))

  const pauseMs = peers.world.nowMs - (await decidedMs)
  expect(pauseMs).toBeGreaterThan(50)
  expect(pauseMs).toBeLessThan(950)
})

test('an observer without a log that becomes a voter votes, and goes on, from what its disk holds', async () => {
  const peers = new FakePeers({ reconfigEnabled: 'true', syncEnabled: 'false' }, ':observer')
  const link = await observe(peers)
  const config = [1, 2, 3].map((id) => `server.${id}=${serverAddress(id)}:2888:3888:participant`)
  const reconfig = transaction(EPOCH + 2, Op.reconfig, (out) => {
    out.writeString('/zookeeper/config')
    out.writeBuffer(utf8Bytes([...config, 'version=100000002'].join('\n')))
    out.writeInt(-1)
  })
  const activation = new ByteWriter(64)
  activation.writeNumber(2)
  activation.writeBytes(reconfig)
  link.send(
    [QuorumPacketType.inform, EPOCH + 1, transaction(EPOCH + 1, Op.error, (out) => out.writeInt(-101))],
    [QuorumPacketType.informAndActivate, EPOCH + 2, activation.toBytes()],
  )
  await peers.until(
    () => peers.accepted.length === 2 && peers.accepted.slice(1).some((link) => link.has(QuorumPacketType.followerInfo)),
  )

  peers.accepted[1]?.send([QuorumPacketType.leaderInfo, 2 * EPOCH, Uint8Array.of(0, 1, 0, 0)])

  await peers.until(() => peers.accepted.slice(1).some((link) => link.has(QuorumPacketType.ackEpoch)))
  expect(peers.accepted[1]?.received.find(isOf(QuorumPacketType.ackEpoch))?.zxid).toBe(0)
})

test('sessions that only an observer knows end with its role, and nothing is said of them afterwards', async () => {
  const peers = new FakePeers({ localSessionsEnabled: 'true' }, ':observer')
  const link = await observe(peers)
  const connect = new ByteWriter(64)
  connect.writeInt(44)
  connect.writeInt(0)
  connect.writeNumber(0)
  connect.writeInt(300)
  connect.writeLong(0n)
  connect.writeBuffer(new Uint8Array(SESSION_PASSWORD_LENGTH))
  let isAnswered = false
  let isClosed = false
  const closed = (): void => {
    isClosed = true
  }
  const handler = { onData: () => (isAnswered = true), onDrain(): void {}, onEnd: closed, onClose: closed }
  const options = { host: serverAddress(3), port: CLIENT_PORT, timeoutMs: 1000, noDelay: true, keepAlive: false }
  peers.network.of(peers.peer(1)).connect(options, handler, (_error, connection) => {
    const bytes = connect.toBytes()
    connection?.write(bytes, bytes.length)
  })
  await peers.until(() => isAnswered)

  peers.answer = () => null
  link.close()
  await peers.until(() => isClosed)
  await peers.pass(2000)

  expect(peers.lines.filter((line) => line.startsWith('Expiring'))).toEqual([])
})
