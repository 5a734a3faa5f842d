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
