// The language that the schema files are written in. A field's type is one word:
//
//   byte boolean int    fixed size, numbers (and truth values)
//   long                64 bits, all of them used: a bigint (session ids, owners, digests)
//   number              64 bits that hold a safe integer: a number (zxids, times, counts)
//   ustring buffer      length-prefixed, null is length -1
//   text                a ustring that is never null here: null on the wire reads as ''
//   vector<T>           count-prefixed, null is count -1
//   T?                  only as the last field: null when the bytes end before it
//   SomeRecord          another record, inlined

/** A field's type, or its type and what the type alone does not say. */
export type FieldDefinition = string | readonly [type: string, about: string]

/** One record: its fields in the order of the wire. */
export interface RecordDefinition {
  readonly name: string
  readonly about: string
  readonly fields: Readonly<Record<string, FieldDefinition>>
}

/** The records of one generated file. */
export interface SchemaFile {
  /** File name of the output, without extension. */
  readonly name: string
  readonly about: string
  readonly records: readonly RecordDefinition[]
}

/** Declares a record. */
export function record(name: string, about: string, fields: Readonly<Record<string, FieldDefinition>>): RecordDefinition {
  return { name, about, fields }
}
