import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FrameSplitter } from '../../src/session/frame-splitter.ts'

/** Frames with these payloads, one behind the other. */
function framed(payloads: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(payloads.reduce((length, payload) => length + 4 + payload.length, 0))
  let at = 0
  for (const payload of payloads) {
    new DataView(bytes.buffer).setInt32(at, payload.length)
    bytes.set(payload, at + 4)
    at += 4 + payload.length
  }
  return bytes
}

test('frames come out whole and in order, wherever the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 30 }),
      (payloads, sizes) => {
        const received: Uint8Array[] = []
        const splitter = new FrameSplitter(1_000, (bytes, view, start, end) => {
          expect(view.byteLength).toBe(bytes.byteLength)
          received.push(bytes.slice(start, end))
          return true
        })
        const stream = framed(payloads)
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          // Each chunk comes in an array that is longer than what was read, and is written over afterwards.
          const size = Math.min(sizes[turn % sizes.length] ?? 1, stream.length - at)
          const chunk = new Uint8Array(size + 7).fill(0xff)
          chunk.set(stream.subarray(at, at + size))
          splitter.push(chunk, new DataView(chunk.buffer), size)
          chunk.fill(0xee)
          at += size
        }
        expect(received).toEqual(payloads)
      },
    ),
  )
})

test('nothing is given after the receiver has had enough', () => {
  let count = 0
  const splitter = new FrameSplitter(1_000, () => ++count < 2)
  const stream = framed([Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)])
  splitter.push(stream, new DataView(stream.buffer), stream.length)
  expect(count).toBe(2)
})

test.each([-1, 1_001])('a length of %d is refused as soon as it is there', (length) => {
  const splitter = new FrameSplitter(1_000, () => true)
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setInt32(0, length)
  splitter.push(bytes, new DataView(bytes.buffer), 3)
  const rest = bytes.slice(3)
  expect(() => splitter.push(rest, new DataView(rest.buffer), 1)).toThrow(/0 to 1000 are accepted/)
})
