import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { ByteReader, ByteWriter, DecodeError } from '../../src/server.ts'
import { recordCodecs } from '../record-codecs.ts'

describe.each(recordCodecs)('$name', (codec) => {
  test('what was written is read back, to the last byte', () => {
    fc.assert(
      fc.property(codec.arbitrary, (value) => {
        const bytes = codec.encode(value)
        const input = new ByteReader(bytes)
        expect(codec.read(input)).toEqual(value)
        expect(input.remaining()).toBe(0)
      }),
    )
  })

  test('bytes cut anywhere are refused with a DecodeError', () => {
    fc.assert(
      fc.property(codec.arbitrary, (value) => {
        const bytes = codec.encode(value)
        for (let length = 0; length < bytes.length; length++) {
          // Without its optional last field, a record is whole.
          if (codec.hasOptionalField && length === bytes.length - 1 && value['readOnly'] !== null) continue
          expect(() => codec.decode(bytes.subarray(0, length))).toThrow(DecodeError)
        }
      }),
      { numRuns: 20 },
    )
  })

  test('damaged bytes give a record or a DecodeError, and never reach beyond the end', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(codec.arbitrary, damage, (value, changes) => {
        const record = codec.encode(value)
        // Bytes of a neighbour follow: a reader that trusted a length could run into them.
        const bytes = new Uint8Array(record.length + 64).fill(0x41)
        bytes.set(record)
        for (const [position, byte] of changes) bytes[position % record.length] = byte
        const input = new ByteReader(bytes)
        input.end = record.length
        try {
          codec.read(input)
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError)
        }
        expect(input.position).toBeLessThanOrEqual(record.length)
      }),
    )
  })
})

const HOSTILE_LENGTHS = [0x7fffffff, 0x7ffffffe, 0x10000000, 0xffff, -2, -0x80000000]

describe.each(recordCodecs.filter(({ fields }) => fields.some(([, type]) => ['ustring', 'text', 'buffer'].includes(type))))(
  '$name',
  (codec) => {
    test.each(HOSTILE_LENGTHS)('a string or buffer of %i bytes is refused before anything is allocated for it', (length) => {
      const first = codec.fields.findIndex(([, type]) => ['ustring', 'text', 'buffer'].includes(type))
      const out = new ByteWriter()
      for (const [, type] of codec.fields.slice(0, first)) writeZero(out, type)
      const at = out.position
      out.writeInt(length)
      for (let i = 0; i < 32; i++) out.writeByte(0)
      const bytes = out.toBytes()
      const slice = vi.spyOn(bytes, 'slice')
      const subarray = vi.spyOn(bytes, 'subarray')

      const error = thrownBy(() => codec.decode(bytes))

      expect(error).toBeInstanceOf(DecodeError)
      expect([at, at + 4]).toContain((error as DecodeError).offset)
      expect(slice).not.toHaveBeenCalled()
      expect(subarray).not.toHaveBeenCalled()
    })
  },
)

function writeZero(out: ByteWriter, type: string): void {
  if (type === 'byte' || type === 'boolean') out.writeByte(0)
  else if (type === 'int') out.writeInt(0)
  else if (type === 'long' || type === 'number') out.writeLong(0n)
  else if (type === 'Stat') for (let i = 0; i < 68; i++) out.writeByte(0)
  else out.writeInt(-1)
}

function thrownBy(action: () => unknown): unknown {
  try {
    action()
  } catch (error) {
    return error
  }
  return null
}
