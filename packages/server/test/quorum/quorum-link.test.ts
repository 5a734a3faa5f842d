// Packets over a link, however the network cuts them, and whenever the host wants no more.

import { ByteWriter, type QuorumPacketSpan, QuorumPacketType, writeBarePacket, writeDataPacket } from '@tskeeper/protocol/server'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type LinkHost, QuorumLink } from '../../src/quorum/quorum-link.ts'
import { MemoryConnection, MemoryWorld } from './memory-world.ts'

const LENGTH_MAX = 100_000

/** Keeps what comes as "type zxid: length of the data, sum of its bytes". */
class RecordingHost implements LinkHost {
  readonly packets: string[] = []
  readonly reasons: string[] = []
  chunkCount = 0
  /** Packets after which the link is held. */
  readonly holdsAfter: ReadonlySet<number>

  constructor(holdsAfter: readonly number[] = []) {
    this.holdsAfter = new Set(holdsAfter)
  }

  linkPacket(link: QuorumLink, { type, zxid, dataStart, dataLength }: QuorumPacketSpan, bytes: Uint8Array): void {
    let sum = 0
    for (const byte of bytes.subarray(dataStart, dataStart + dataLength)) sum += byte
    this.packets.push(`${type} ${zxid}: ${dataLength}, ${sum}`)
    if (this.holdsAfter.has(this.packets.length)) link.hold()
  }

  linkChunkDone(): void {
    this.chunkCount++
  }

  linkRaw(): number {
    throw new Error('nothing here is raw')
  }

  linkClosed(_link: QuorumLink, reason: string): void {
    this.reasons.push(reason)
  }
}

/** What a leader sends: proposals with so many bytes of data, each followed by its commit. */
function streamOf(dataLengths: readonly number[]): { bytes: Uint8Array; packets: string[] } {
  const out = new ByteWriter()
  const packets: string[] = []
  for (const [index, length] of dataLengths.entries()) {
    const data = new Uint8Array(length).fill(index % 251)
    writeDataPacket(out, QuorumPacketType.proposal, index, data, 0, length)
    writeBarePacket(out, QuorumPacketType.commit, index)
    packets.push(`${QuorumPacketType.proposal} ${index}: ${length}, ${length * (index % 251)}`)
    packets.push(`${QuorumPacketType.commit} ${index}: -1, 0`)
  }
  return { bytes: out.toBytes(), packets }
}

const WAITING_MAX = 1000

/** A link whose other side does not read, of which no more than `WAITING_MAX` bytes may wait. */
function linkToSleeper(host: LinkHost): {
  readonly link: QuorumLink
  readonly connection: MemoryConnection
  readonly world: MemoryWorld
} {
  const world = new MemoryWorld()
  const connection = new MemoryConnection(world, 1)
  connection.hold()
  return { link: new QuorumLink(connection, host, world, LENGTH_MAX, WAITING_MAX), connection, world }
}

function writeBytes(link: QuorumLink, length: number): void {
  link.out.writeBytes(new Uint8Array(length))
  link.flush()
}

function linkTo(host: LinkHost): QuorumLink {
  const world = new MemoryWorld()
  return new QuorumLink(new MemoryConnection(world, 1), host, world, LENGTH_MAX)
}

/** As a socket does: in memory that is overwritten afterwards. */
function deliver(link: QuorumLink, bytes: Uint8Array): void {
  const chunk = bytes.slice()
  link.onData(chunk, new DataView(chunk.buffer), chunk.length)
  chunk.fill(0xee)
}

test('packets arrive whole and in order, wherever the stream is cut and however often the link is held', () => {
  const lengths = fc.array(fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 9000 })), {
    minLength: 1,
    maxLength: 12,
  })
  const cuts = fc.array(fc.integer({ min: 0, max: 30_000 }), { maxLength: 15 })
  const holds = fc.array(fc.integer({ min: 1, max: 24 }), { maxLength: 3 })
  fc.assert(
    fc.property(lengths, cuts, holds, fc.boolean(), (dataLengths, cutPoints, holdsAfter, isReleasedLate) => {
      const { bytes, packets } = streamOf(dataLengths)
      const host = new RecordingHost(holdsAfter)
      const link = linkTo(host)
      const ends = [...cutPoints.map((cut) => cut % bytes.length), bytes.length].sort((a, b) => a - b)
      let start = 0
      for (const end of ends) {
        if (end > start) deliver(link, bytes.subarray(start, end))
        start = end
        if (!isReleasedLate) link.release()
      }
      // Each release may run into the next packet that holds.
      for (let count = 0; count <= holdsAfter.length; count++) link.release()
      expect(host.packets).toEqual(packets)
      expect(host.reasons).toEqual([])
    }),
    { numRuns: 300 },
  )
})

test('a stream that comes byte by byte is put together', () => {
  const { bytes, packets } = streamOf([3, 0, 100])
  const host = new RecordingHost()
  const link = linkTo(host)
  for (let at = 0; at < bytes.length; at++) deliver(link, bytes.subarray(at, at + 1))
  expect(host.packets).toEqual(packets)
})

test('the end of a chunk is told once, also when a packet was completed in it', () => {
  const { bytes } = streamOf([50, 50])
  const host = new RecordingHost()
  const link = linkTo(host)
  deliver(link, bytes.subarray(0, 30))
  deliver(link, bytes.subarray(30))
  expect(host.chunkCount).toBe(2)
})

test('a packet longer than the limit closes the link, whether its length comes at once or in pieces', () => {
  const out = new ByteWriter()
  writeDataPacket(out, QuorumPacketType.proposal, 1, new Uint8Array(LENGTH_MAX + 1), 0, LENGTH_MAX + 1)
  for (const firstCut of [14, 100]) {
    const host = new RecordingHost()
    const link = linkTo(host)
    deliver(link, out.written().subarray(0, firstCut))
    deliver(link, out.written().subarray(firstCut, 200))
    expect(host.reasons).toEqual([expect.stringContaining('it sent what no server sends')])
    expect(link.isOpen).toBe(false)
  }
})

test('a link whose other side does not read closes when more waits than may, and its host hears of it afterwards', () => {
  const host = new RecordingHost()
  const { link, connection, world } = linkToSleeper(host)
  writeBytes(link, 500)
  writeBytes(link, WAITING_MAX)
  expect(link.isOpen).toBe(true)
  writeBytes(link, 1)
  expect(link.isOpen).toBe(false)
  expect(connection.isClosed).toBe(true)
  expect(host.reasons).toEqual([])
  world.settle()
  expect(host.reasons).toEqual(['it does not read: more than 1001 bytes wait for it'])
  // What is written to a link that is closed is kept by nobody.
  expect(connection.written).toHaveLength(1)
  expect(link.out.position).toBe(0)
})

test('a host that closes such a link itself hears nothing of it', () => {
  const host = new RecordingHost()
  const { link, world } = linkToSleeper(host)
  writeBytes(link, 1)
  writeBytes(link, WAITING_MAX + 1)
  link.close()
  world.settle()
  expect(host.reasons).toEqual([])
})

test('a side that reads from time to time is never cut off, however much it gets', () => {
  const host = new RecordingHost()
  const { link, connection } = linkToSleeper(host)
  for (let round = 0; round < 20; round++) {
    writeBytes(link, WAITING_MAX)
    connection.release()
    connection.hold()
  }
  expect(link.isOpen).toBe(true)
  connection.release()
  expect(connection.written.reduce((sum, bytes) => sum + bytes.length, 0)).toBe(20 * WAITING_MAX)
})

test('behind a stream as much more may wait as the other side has taken of it', () => {
  const host = new RecordingHost()
  const { link, connection, world } = linkToSleeper(host)
  connection.release()
  let piecesLeft = 3
  let aborted = 0
  const pump = (out: ByteWriter): boolean => {
    out.writeBytes(new Uint8Array(700))
    return --piecesLeft === 0
  }
  link.stream(pump, () => aborted++)
  link.flush()
  connection.hold()
  link.flush()
  // Two pieces are with the connection, which holds the second.
  expect(piecesLeft).toBe(1)
  writeBytes(link, WAITING_MAX + 1400)
  expect(link.isOpen).toBe(true)
  connection.release()
  world.settle()
  expect(connection.written.reduce((sum, bytes) => sum + bytes.length, 0)).toBe(WAITING_MAX + 1400 + 3 * 700)

  // The stream is over, and so is what it allowed.
  connection.hold()
  writeBytes(link, 1)
  writeBytes(link, WAITING_MAX + 1)
  expect(link.isOpen).toBe(false)
  expect(aborted).toBe(0)
})

test('a stream that the other side does not read is given up when too much waits behind it', () => {
  const host = new RecordingHost()
  const { link, world } = linkToSleeper(host)
  let aborted = 0
  link.stream(
    (out) => {
      out.writeBytes(new Uint8Array(10))
      return false
    },
    () => aborted++,
  )
  link.flush()
  writeBytes(link, WAITING_MAX + 11)
  expect(aborted).toBe(1)
  world.settle()
  expect(host.reasons).toHaveLength(1)
})
