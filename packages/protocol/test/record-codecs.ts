// The generated functions by the record's name, and records made up from the schema, so that one test
// covers them all.

import fc from 'fast-check'
import { recordSchemas } from '../src/generated/record-schemas.ts'
import * as protocol from '../src/server.ts'
import { ByteReader, ByteWriter } from '../src/server.ts'

export interface RecordCodec {
  readonly name: string
  readonly fields: readonly (readonly [name: string, type: string])[]
  encode(value: unknown): Uint8Array
  decode(bytes: Uint8Array): unknown
  /** Reads one record and leaves the reader behind it. */
  read(input: ByteReader): unknown
  readonly arbitrary: fc.Arbitrary<Record<string, unknown>>
  /** Whether the last field may be missing. */
  readonly hasOptionalField: boolean
}

/** The codec of every record of the schema. */
export const recordCodecs: readonly RecordCodec[] = Object.keys(recordSchemas).map(recordCodec)

/** The codec of one record. */
export function recordCodec(name: string): RecordCodec {
  const fields = Object.entries(schemaOf(name))
  const read = exported(`read${name}`) as (input: ByteReader) => unknown
  const write = exported(`write${name}`) as (out: ByteWriter, value: unknown) => void
  return {
    name,
    fields,
    read,
    encode(value) {
      const out = new ByteWriter(1)
      write(out, value)
      return out.toBytes()
    },
    decode: (bytes) => read(new ByteReader(bytes)),
    arbitrary: fc.record(Object.fromEntries(fields.map(([field, type]) => [field, arbitrary(type)]))),
    hasOptionalField: fields.some(([, type]) => type.endsWith('?')),
  }
}

/** Every number, text, buffer and count of a value, one after the other, in the order of the wire. */
export function leaves(type: string, value: unknown): readonly unknown[] {
  if (value === null) return [null]
  const element = vectorElement(type)
  if (element !== null) {
    const elements = value as readonly unknown[]
    return [elements.length, ...elements.flatMap((each) => leaves(element, each))]
  }
  if (type in recordSchemas) {
    return Object.entries(schemaOf(type)).flatMap(([field, fieldType]) =>
      leaves(fieldType, (value as Readonly<Record<string, unknown>>)[field]),
    )
  }
  return [value]
}

function schemaOf(name: string): Readonly<Record<string, string>> {
  const schema = recordSchemas[name]
  if (schema === undefined) throw new Error(`no record is called ${name}`)
  return schema
}

function exported(name: string): unknown {
  return (protocol as Readonly<Record<string, unknown>>)[name]
}

function vectorElement(type: string): string | null {
  return /^vector<(.+)>$/.exec(type)?.[1] ?? null
}

function arbitrary(type: string): fc.Arbitrary<unknown> {
  const element = vectorElement(type)
  if (element !== null) return fc.option(fc.array(arbitrary(element), { maxLength: 4 }))
  switch (type) {
    case 'byte':
      return fc.integer({ min: -128, max: 127 })
    case 'boolean':
      return fc.boolean()
    case 'boolean?':
      return fc.option(fc.boolean())
    case 'int':
      return fc.integer({ min: -0x80000000, max: 0x7fffffff })
    case 'long':
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    case 'number':
      return fc.maxSafeInteger()
    case 'ustring':
      return fc.option(text())
    case 'text':
      return text()
    case 'buffer':
      return fc.option(fc.uint8Array({ maxLength: 40 }))
    default:
      return recordCodec(type).arbitrary
  }
}

/** Short ASCII, which is decoded byte by byte, and any characters, which are not; some longer than the threshold between them. */
function text(): fc.Arbitrary<string> {
  return fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.string({ minLength: 60, maxLength: 70 }))
}
