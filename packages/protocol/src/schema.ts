// The records as data, for what is not done for every message: documentation, tools that show records,
// and messages about records that cannot be read.

import { type ByteReader, DecodeError } from './byte-reader.ts'
import { recordSchemas } from './generated/record-schemas.ts'

export { type RecordSchema, recordSchemas } from './generated/record-schemas.ts'

/**
 * The field at which a record cannot be read, such as `CreateRequest.acl[1].scheme`, or null when it can.
 * The generated readers do not keep track of it, so whoever reports a `DecodeError` asks here, with a
 * reader that is back at the record's first byte.
 */
export function unreadableField(recordName: string, input: ByteReader): string | null {
  const place = [recordName]
  try {
    skip(recordName, input, place)
    return null
  } catch (error) {
    if (error instanceof DecodeError) return place.join('')
    throw error
  }
}

/** Reads a value of the type. When that throws, `place` says where. */
function skip(type: string, input: ByteReader, place: string[]): void {
  const schema = recordSchemas[type]
  const element = /^vector<(.+)>$/.exec(type)?.[1]
  if (schema !== undefined) {
    for (const [name, fieldType] of Object.entries(schema)) {
      place.push(`.${name}`)
      skip(fieldType, input, place)
      place.pop()
    }
  } else if (element !== undefined) {
    const count = input.readCount(1)
    for (let i = 0; i < count; i++) {
      place.push(`[${i}]`)
      skip(element, input, place)
      place.pop()
    }
  } else skipPrimitive(type, input)
}

function skipPrimitive(type: string, input: ByteReader): void {
  if (type.endsWith('?') && input.remaining() === 0) return
  switch (type.replace('?', '')) {
    case 'byte':
    case 'boolean':
      input.readByte()
      return
    case 'int':
      input.readInt()
      return
    case 'long':
    case 'number':
      input.readLong()
      return
    case 'ustring':
    case 'text':
    case 'buffer':
      input.readSlice()
      return
    default:
      throw new Error(`the schema has the unknown type ${type}`)
  }
}
