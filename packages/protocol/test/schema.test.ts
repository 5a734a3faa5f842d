import fc from 'fast-check'
import { expect, test } from 'vitest'
import { unreadableField } from '../src/schema.ts'
import { ByteReader, ByteWriter, DecodeError } from '../src/server.ts'
import { recordCodecs } from './record-codecs.ts'

test('the field at which a create cannot be read', () => {
  const out = new ByteWriter()
  out.writeString('/a')
  out.writeBuffer(null)
  out.writeInt(2)
  for (const scheme of ['world', 'digest']) {
    out.writeInt(31)
    out.writeString(scheme)
    out.writeString('x')
  }
  out.writeInt(0)
  const bytes = out.toBytes()
  // In bytes: path 6, data 4, count 4, an entry of 4 + 9 + 5, one of 4 + 10 + 5, flags 4.
  const fieldWhenCutTo = (length: number) => unreadableField('CreateRequest', new ByteReader(bytes.subarray(0, length)))
  expect([0, 6, 10, 31, 36, 46, 51].map(fieldWhenCutTo)).toEqual([
    'CreateRequest.path',
    'CreateRequest.data',
    'CreateRequest.acl',
    'CreateRequest.acl[0].id',
    'CreateRequest.acl[1].scheme',
    'CreateRequest.acl[1].id',
    'CreateRequest.flags',
  ])
  expect(fieldWhenCutTo(bytes.length)).toBeNull()
})

test('a count that cannot be true is a fault of the vector', () => {
  const out = new ByteWriter()
  out.writeNumber(0)
  out.writeInt(0x7fffffff)
  expect(unreadableField('SetWatches', new ByteReader(out.toBytes()))).toBe('SetWatches.dataWatches')
})

test('a nested record is a part of the place', () => {
  expect(unreadableField('GetDataResponse', new ByteReader(new Uint8Array(10)))).toBe('GetDataResponse.stat.czxid')
})

test('it finds a field exactly when the record cannot be read', () => {
  for (const codec of recordCodecs) {
    fc.assert(
      fc.property(codec.arbitrary, fc.nat(), (value, cut) => {
        const whole = codec.encode(value)
        const bytes = whole.subarray(0, cut % (whole.length + 1))
        const field = unreadableField(codec.name, new ByteReader(bytes))
        if (field === null) expect(() => codec.decode(bytes)).not.toThrow()
        else expect(() => codec.decode(bytes)).toThrow(DecodeError)
      }),
      { numRuns: 30 },
    )
  }
})
