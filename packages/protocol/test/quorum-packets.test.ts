// Reads every packet that Apache's learners and leaders exchanged (`golden/quorum-packets.txt`), and writes each again.

import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type AuthId,
  ByteReader,
  ByteWriter,
  beginDataPacket,
  endDataPacket,
  endPacketData,
  Op,
  QUORUM_PACKET_SIZE_MIN,
  type QuorumPacket,
  QuorumPacketSpan,
  QuorumPacketType,
  quorumPacketName,
  readAuthId,
  readForwardedRequestHeader,
  readLearnerInfoData,
  readQuorumPacket,
  readRevalidateReply,
  readSessionTouch,
  readVector,
  SESSION_TOUCH_SIZE,
  writeAuthId,
  writeBarePacket,
  writeDataPacket,
  writeQuorumPacket,
  writeVector,
} from '../src/server.ts'

interface Captured {
  readonly isFromLearner: boolean
  readonly name: string
  readonly bytes: Uint8Array
  readonly packet: QuorumPacket
}

const captured: readonly Captured[] = readFileSync(new URL('./golden/quorum-packets.txt', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => {
    const [arrow, name = '', hex = ''] = line.split(' ')
    const bytes = new Uint8Array(Buffer.from(hex, 'hex'))
    return { isFromLearner: arrow === '>', name, bytes, packet: readQuorumPacket(new ByteReader(bytes)) }
  })

const LIMIT = 0xfffff

function captures(type: QuorumPacketType, isFromLearner: boolean): readonly Captured[] {
  return captured.filter((one) => one.packet.type === type && one.isFromLearner === isFromLearner)
}

function dataReader({ packet }: Captured): ByteReader {
  return new ByteReader(packet.data ?? new Uint8Array(0))
}

/** Writes the packet as the hot paths do: by its parts. */
function writeByParts(packet: QuorumPacket): Uint8Array {
  const out = new ByteWriter(8)
  const type = packet.type as QuorumPacketType
  if (packet.data === null && packet.authinfo === null) writeBarePacket(out, type, packet.zxid)
  else if (packet.authinfo === null && packet.data !== null) {
    writeDataPacket(out, type, packet.zxid, packet.data, 0, packet.data.length)
  } else {
    const start = beginDataPacket(out, type, packet.zxid)
    out.writeBytes(packet.data ?? new Uint8Array(0))
    endPacketData(out, start)
    writeVector(out, packet.authinfo, writeAuthId)
  }
  return out.toBytes()
}

/** Reads the packet that begins at `start` through a span. */
function readThroughSpan(bytes: Uint8Array, start: number): QuorumPacket {
  const span = new QuorumPacketSpan()
  expect(span.scan(viewOf(bytes), start, bytes.length, LIMIT)).toBe(0)
  const input = new ByteReader(bytes)
  input.position = span.authStart
  const authinfo: AuthId[] | null = readVector(input, 8, readAuthId)
  expect(input.position).toBe(span.end)
  const data = span.dataLength < 0 ? null : bytes.slice(span.dataStart, span.dataStart + span.dataLength)
  return { type: span.type, zxid: span.zxid, data, authinfo }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

test('the captures show every type of packet', () => {
  const seen = new Set(captured.map(({ packet }) => packet.type))
  expect(Object.values(QuorumPacketType).filter((type) => !seen.has(type))).toEqual([])
})

test("every captured packet's type has the name that it goes by", () => {
  for (const { name, packet } of captured) expect(quorumPacketName(packet.type).toUpperCase()).toBe(name)
  expect(quorumPacketName(20)).toBe('unknown 20')
})

test('every captured packet is the same when it is written again, whole or by parts', () => {
  for (const { bytes, packet } of captured) {
    const out = new ByteWriter(8)
    writeQuorumPacket(out, packet)
    expect(out.toBytes()).toEqual(bytes)
    expect(writeByParts(packet)).toEqual(bytes)
  }
})

test('every captured packet is found behind other bytes and before other bytes', () => {
  for (const { bytes, packet } of captured) {
    const stream = new Uint8Array([0xff, 0xff, 0xff, ...bytes, 0, 0, 0, 9])
    expect(readThroughSpan(stream, 3)).toEqual(packet)
  }
})

test('a packet that is not all there asks for more bytes than there are, and never for more than it takes', () => {
  const span = new QuorumPacketSpan()
  for (const { bytes } of captured) {
    for (let length = 0; length < bytes.length; length++) {
      const needed = span.scan(viewOf(bytes), 0, length, LIMIT)
      expect(needed).toBeGreaterThan(length)
      expect(needed).toBeLessThanOrEqual(bytes.length)
    }
  }
})

test.each([
  ['data of a length below -1', 12, 'fffffffe'],
  ['data over the limit', 12, '00100000'],
  ['a count of identities that no client has', 16, '7fffffff'],
])('%s ends the link', (_, offset, hex) => {
  const bytes = new Uint8Array(64).fill(0xff)
  if (offset === 16) bytes.fill(0, 12, 16)
  bytes.set(Buffer.from(hex, 'hex'), offset)
  expect(() => new QuorumPacketSpan().scan(viewOf(bytes), 0, bytes.length, LIMIT)).toThrow(/bytes of data|identities/)
})

test('an identity over the limit ends the link', () => {
  const bytes = new Uint8Array(QUORUM_PACKET_SIZE_MIN + 8)
  bytes.set([0, 0, 0, 1, 0x7f, 0xff, 0xff, 0xff], 16)
  expect(() => new QuorumPacketSpan().scan(viewOf(bytes), 0, bytes.length, LIMIT)).toThrow(/an identity with a text/)
})

test('no data is not the same as data of no bytes', () => {
  const pings = captured.filter(({ packet }) => packet.type === QuorumPacketType.ping)
  expect(pings.filter(({ isFromLearner, packet }) => isFromLearner === (packet.data === null))).toEqual([])
})

test('a learner tells its id, its protocol and its configuration', () => {
  const infos = [...captures(QuorumPacketType.followerInfo, true), ...captures(QuorumPacketType.observerInfo, true)]
  const last = infos.map((one) => readLearnerInfoData(dataReader(one))).filter(({ configVersion }) => configVersion > 0)
  expect(last).toContainEqual({ serverId: 2, protocolVersion: 0x10000, configVersion: 0x200000003 })
})

test.each([
  ['', { serverId: null, protocolVersion: 1, configVersion: 0 }],
  ['0000000000000005', { serverId: 5, protocolVersion: 1, configVersion: 0 }],
  ['000000000000000500010000', { serverId: 5, protocolVersion: 0x10000, configVersion: 0 }],
  ['0000000000000005000100000000000200000003', { serverId: 5, protocolVersion: 0x10000, configVersion: 0x200000003 }],
])('the data %j of an older learner tells what it holds', (hex, expected) => {
  expect(readLearnerInfoData(new ByteReader(Buffer.from(hex, 'hex')))).toEqual(expected)
})

test('a forwarded request names its session, and its proposal carries the same', () => {
  const [create] = captures(QuorumPacketType.request, true)
    .map((one) => readForwardedRequestHeader(dataReader(one)))
    .filter(({ type }) => type === Op.setData)
  expect(create).toEqual({ sessionId: 0x0100000b40f40000n, cxid: 2, type: Op.setData })
})

test('the answer to a ping lists sessions and their timeouts', () => {
  const touches = captures(QuorumPacketType.ping, true).flatMap((one) => {
    const input = dataReader(one)
    expect(input.remaining() % SESSION_TOUCH_SIZE).toBe(0)
    return Array.from({ length: input.remaining() / SESSION_TOUCH_SIZE }, () => readSessionTouch(input))
  })
  expect(touches).toContainEqual({ sessionId: 0x0100000b40f40000n, timeoutMs: 20000 })
})

test('a session that moved is asked for and answered', () => {
  const asked = captures(QuorumPacketType.revalidate, true).map((one) => readSessionTouch(dataReader(one)))
  const answered = captures(QuorumPacketType.revalidate, false).map((one) => readRevalidateReply(dataReader(one)))
  expect(asked.map(({ sessionId }) => sessionId)).toEqual(answered.map(({ sessionId }) => sessionId))
  expect(asked).toContainEqual({ sessionId: 0x0100000b40f40000n, timeoutMs: 20000 })
  expect(answered).toContainEqual({ sessionId: 0x0100000b40f40000n, isValid: true })
})

test('any packet survives being written by parts and found in a stream', () => {
  const packet: fc.Arbitrary<QuorumPacket> = fc.record({
    type: fc.integer({ min: 1, max: 19 }),
    zxid: fc.maxSafeInteger(),
    data: fc.uint8Array({ maxLength: 40 }),
    authinfo: fc.option(fc.array(fc.record({ scheme: fc.option(fc.string()), id: fc.option(fc.string()) }), { maxLength: 3 })),
  })
  fc.assert(
    fc.property(packet, (original) => {
      expect(readThroughSpan(writeByParts(original), 0)).toEqual(original)
    }),
  )
})

test('data that the caller writes in place gets its length', () => {
  const out = new ByteWriter(4)
  const start = beginDataPacket(out, QuorumPacketType.ping, 5)
  out.writeLong(7n)
  out.writeInt(4000)
  endDataPacket(out, start)
  const { data, authinfo } = readQuorumPacket(new ByteReader(out.toBytes()))
  expect(readSessionTouch(new ByteReader(data ?? new Uint8Array(0)))).toEqual({ sessionId: 7n, timeoutMs: 4000 })
  expect(authinfo).toBeNull()
})
