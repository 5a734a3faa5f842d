import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByteReader, ByteWriter } from '../src/server.ts'

test('it grows, and keeps what was written', () => {
  const out = new ByteWriter(0)
  for (let i = 0; i < 1000; i++) out.writeInt(i)
  const input = new ByteReader(out.toBytes())
  expect(Array.from({ length: 1000 }, () => input.readInt())).toEqual(Array.from({ length: 1000 }, (_, i) => i))
  expect(input.remaining()).toBe(0)
})

test('it grows for one value that is larger than twice what it has', () => {
  const out = new ByteWriter(8)
  const large = new Uint8Array(1_000_000).fill(7)
  out.writeByte(1)
  out.writeBuffer(large)
  const input = new ByteReader(out.written())
  input.readByte()
  expect(Buffer.compare(input.readBuffer() as Uint8Array, large)).toBe(0)
})

test('a copy of what was written does not change when the writer is used again', () => {
  const out = new ByteWriter()
  out.writeInt(1)
  const copy = out.toBytes()
  const view = out.written()
  out.reset()
  out.writeInt(2)
  expect(copy).toEqual(new Uint8Array([0, 0, 0, 1]))
  expect(view).toEqual(new Uint8Array([0, 0, 0, 2]))
})

test('null and empty are different strings and buffers', () => {
  const out = new ByteWriter()
  out.writeString(null)
  out.writeString('')
  out.writeBuffer(null)
  out.writeBuffer(new Uint8Array())
  expect(Buffer.from(out.toBytes()).toString('hex')).toBe('ffffffff00000000ffffffff00000000')
})

test('values of any kind one after the other are read back', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.maxSafeInteger(), fc.string({ unit: 'binary' }), fc.uint8Array())), (rows) => {
      const out = new ByteWriter(1)
      for (const [truth, number, text, bytes] of rows) {
        out.writeBoolean(truth)
        out.writeNumber(number)
        out.writeString(text)
        out.writeBuffer(bytes)
      }
      const input = new ByteReader(out.toBytes())
      const read = rows.map(() => [input.readBoolean(), input.readNumber(), input.readString(), input.readBuffer()])
      expect(read).toEqual(rows)
    }),
  )
})
