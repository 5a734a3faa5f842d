import { expect, test } from 'vitest'
import { ByteWriter, beginFrame, endFrame } from '../src/index.ts'

test('a frame is its length and its bytes', () => {
  const out = new ByteWriter(1)
  for (const payload of [[7, 8, 9], [], [1]]) {
    const start = beginFrame(out)
    out.writeBytes(Uint8Array.from(payload))
    endFrame(out, start)
  }
  expect([...out.toBytes()]).toEqual([0, 0, 0, 3, 7, 8, 9, 0, 0, 0, 0, 0, 0, 0, 1, 1])
})

test('a frame that outgrows the writer has its length all the same', () => {
  const out = new ByteWriter(8)
  const start = beginFrame(out)
  out.writeBytes(new Uint8Array(1000))
  endFrame(out, start)
  expect(new DataView(out.toBytes().buffer).getInt32(0)).toBe(1000)
})
