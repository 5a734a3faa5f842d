// Reads everything that Apache's servers sent over their election connections (`golden/election-links.txt`), and writes
// each message again.

import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  ByteReader,
  ByteWriter,
  type ElectionAddress,
  type ElectionHandshake,
  type ElectionNotification,
  NO_VOTE,
  NOTIFICATION_VERSION,
  PeerState,
  readElectionHandshake,
  readElectionNotification,
  writeElectionHandshake,
  writeElectionNotification,
} from '../src/server.ts'

interface Link {
  readonly bytes: Uint8Array
  readonly handshake: ElectionHandshake | null
  readonly notifications: readonly ElectionNotification[]
}

const links: readonly Link[] = readFileSync(new URL('./golden/election-links.txt', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => readLink(line.startsWith('>'), new Uint8Array(Buffer.from(line.slice(2), 'hex'))))

function readLink(isDialler: boolean, bytes: Uint8Array): Link {
  const input = new ByteReader(bytes)
  const handshake = isDialler ? readElectionHandshake(input) : null
  const notifications: ElectionNotification[] = []
  while (input.remaining() > 0) {
    const payload = input.readBuffer() ?? new Uint8Array(0)
    const notification = readElectionNotification(new ByteReader(payload))
    if (notification !== null) notifications.push(notification)
  }
  return { bytes, handshake, notifications }
}

function handshakeBytes(serverId: number, addresses: readonly ElectionAddress[], isMultiAddressEnabled: boolean): Uint8Array {
  const out = new ByteWriter(8)
  writeElectionHandshake(out, serverId, addresses, isMultiAddressEnabled)
  return out.toBytes()
}

function parseHandshake(hex: string): ElectionHandshake | null {
  return readElectionHandshake(new ByteReader(Buffer.from(hex, 'hex')))
}

function parseNotification(hex: string): ElectionNotification | null {
  return readElectionNotification(new ByteReader(Buffer.from(hex.replaceAll(' ', ''), 'hex')))
}

test('every captured connection is the same when it is written again', () => {
  for (const { bytes, handshake, notifications } of links) {
    const out = new ByteWriter(8)
    if (handshake !== null) writeElectionHandshake(out, handshake.serverId, handshake.addresses, false)
    for (const notification of notifications) writeElectionNotification(out, notification)
    expect(out.toBytes()).toEqual(bytes)
  }
})

test('the captures show servers in every state', () => {
  const states = new Set(links.flatMap(({ notifications }) => notifications.map(({ state }) => state)))
  expect(Object.values(PeerState).filter((state) => state !== PeerState.observing && !states.has(state))).toEqual([])
})

test('the first vote of a voter is for itself, with the configuration that it was started with', () => {
  const link = links.find(({ handshake }) => handshake?.serverId === 2)
  expect(link?.handshake).toMatchObject({ addresses: [{ host: '127.0.0.1', port: 24382 }], size: 35 })
  expect(link?.notifications[0]).toMatchObject({ state: PeerState.looking, leader: 2, zxid: 0, electionEpoch: 1, peerEpoch: 0 })
  expect(link?.notifications[0]?.config).toMatch(/^server\.1=127\.0\.0\.1:24281:24381:participant\n(.+\n)+version=0$/)
})

test("an observer's vote is for nobody, exactly", () => {
  const link = links.find(({ handshake }) => handshake?.serverId === 4)
  expect(link?.notifications[0]).toMatchObject({ leader: NO_VOTE, zxid: NO_VOTE, peerEpoch: NO_VOTE })
})

test('a handshake that is not all there waits for the rest', () => {
  const bytes = handshakeBytes(3, [{ host: 'zoo3', port: 3888 }], false)
  for (let length = 0; length < bytes.length; length++) {
    expect(readElectionHandshake(new ByteReader(bytes.subarray(0, length)))).toBeNull()
  }
  expect(readElectionHandshake(new ByteReader(bytes))).toEqual({
    serverId: 3,
    addresses: [{ host: 'zoo3', port: 3888 }],
    size: bytes.length,
  })
})

test('bytes behind a handshake are left alone', () => {
  const input = new ByteReader(new Uint8Array([...handshakeBytes(3, [{ host: 'a', port: 1 }], false), 9, 9]))
  readElectionHandshake(input)
  expect(input.remaining()).toBe(2)
})

test('several addresses are announced only where they are switched on', () => {
  const addresses = [
    { host: 'zoo3', port: 3888 },
    { host: '::1', port: 3889 },
  ]
  const several = handshakeBytes(3, addresses, true)
  expect(Buffer.from(several).toString('hex', 0, 8)).toBe('ffffffffffff0001')
  expect(Buffer.from(several).toString('latin1', 20)).toBe('zoo3:3888|[::1]:3889')
  expect(readElectionHandshake(new ByteReader(several))?.addresses).toEqual(addresses)
  const one = handshakeBytes(3, addresses, false)
  expect(Buffer.from(one).toString('hex', 0, 8)).toBe('ffffffffffff0000')
  expect(readElectionHandshake(new ByteReader(one))?.addresses).toEqual(addresses.slice(0, 1))
})

test('a server of before 3.5 sends its id alone', () => {
  expect(parseHandshake('0000000000000007')).toEqual({ serverId: 7, addresses: [], size: 8 })
})

test('an address that means all of a machine is not announced', () => {
  for (const host of ['0.0.0.0', '::', '0:0:0:0:0:0:0:0']) {
    expect(readElectionHandshake(new ByteReader(handshakeBytes(3, [{ host, port: 3888 }], false)))?.addresses).toEqual([])
  }
})

test.each([
  ['another version', 'ffffffffffff0002000000000000000300000001'],
  ['no address', 'ffffffffffff0000000000000000000300000000'],
  ['an address of a negative length', 'ffffffffffff00000000000000000003ffffffff'],
  ['an address of more than 2048 bytes', 'ffffffffffff0000000000000000000300000801'],
  ['an address without a port', `ffffffffffff0000000000000000000300000004${Buffer.from('zoo3').toString('hex')}`],
  ['a port that is no number', `ffffffffffff0000000000000000000300000006${Buffer.from('zoo3:x').toString('hex')}`],
  [
    'several addresses under the plain version',
    `ffffffffffff0000000000000000000300000007${Buffer.from('a:1|b:2').toString('hex')}`,
  ],
])('a handshake with %s is refused', (_, hex) => {
  expect(() => parseHandshake(hex)).toThrow(/election/)
})

const VOTE = '00000000 0000000000000002 0000000500000007 0000000000000003'

test('a vote of 28 bytes has the epoch of its zxid', () => {
  const expected = { state: 0, leader: 2, zxid: 0x500000007, electionEpoch: 3, peerEpoch: 5, version: 0, config: null }
  expect(parseNotification(VOTE)).toEqual(expected)
})

test('a vote of 40 bytes ends with its epoch, whatever its last bytes say', () => {
  expect(parseNotification(`${VOTE} 0000000000000006 00000002`)).toMatchObject({ peerEpoch: 6, version: 0, config: null })
})

test('a vote of version 1 has no configuration', () => {
  expect(parseNotification(`${VOTE} 0000000000000006 00000001 00000000`)).toMatchObject({
    peerEpoch: 6,
    version: 1,
    config: null,
  })
})

test('a vote of a later version is read as far as it is known', () => {
  expect(parseNotification(`${VOTE} 0000000000000006 00000003 00000001 61 ffff`)).toMatchObject({ version: 3, config: 'a' })
})

test.each([
  ['less than 28 bytes', VOTE.slice(0, -2)],
  ['a part of an epoch', `${VOTE} 00000000`],
  ['a part of a length', `${VOTE} 0000000000000006 00000002 0000`],
  ['a negative length', `${VOTE} 0000000000000006 00000002 ffffffff`],
  ['a length of more than there is', `${VOTE} 0000000000000006 00000002 00000002 61`],
])('a vote with %s is ignored', (_, hex) => {
  expect(parseNotification(hex)).toBeNull()
})

test('any notification survives being written and read', () => {
  const number = fc.oneof(fc.maxSafeInteger(), fc.constantFrom(-1, NO_VOTE))
  const notification = fc.record({
    state: fc.integer({ min: 0, max: 3 }),
    leader: number,
    zxid: number,
    electionEpoch: number,
    peerEpoch: number,
    config: fc.string({ unit: 'binary' }),
  })
  fc.assert(
    fc.property(notification, (original) => {
      const out = new ByteWriter(1)
      writeElectionNotification(out, original)
      const input = new ByteReader(out.toBytes())
      expect(input.readInt()).toBe(input.remaining())
      expect(readElectionNotification(input)).toEqual({ ...original, version: NOTIFICATION_VERSION })
    }),
  )
})
