// What each word of the schema's language means in TypeScript: its type, how it is read and written,
// and how many bytes it takes.

import type { FieldDefinition, RecordDefinition, SchemaFile } from '../schema/definition.ts'

interface Primitive {
  readonly typescript: string
  readonly method: string
  /** Bytes that every value takes, or null when it depends on the value. */
  readonly size: number | null
  readonly sizeMin: number
}

const primitives: Readonly<Record<string, Primitive>> = {
  byte: { typescript: 'number', method: 'Byte', size: 1, sizeMin: 1 },
  boolean: { typescript: 'boolean', method: 'Boolean', size: 1, sizeMin: 1 },
  int: { typescript: 'number', method: 'Int', size: 4, sizeMin: 4 },
  long: { typescript: 'bigint', method: 'Long', size: 8, sizeMin: 8 },
  number: { typescript: 'number', method: 'Number', size: 8, sizeMin: 8 },
  ustring: { typescript: 'string | null', method: 'String', size: null, sizeMin: 4 },
  text: { typescript: 'string', method: 'String', size: null, sizeMin: 4 },
  buffer: { typescript: 'Uint8Array | null', method: 'Buffer', size: null, sizeMin: 4 },
}

/** A field's type, understood. */
export type FieldType =
  | { readonly kind: 'primitive'; readonly name: string; readonly primitive: Primitive; readonly isOptional: boolean }
  | { readonly kind: 'record'; readonly name: string }
  | { readonly kind: 'vector'; readonly element: FieldType }

/** Knows every record, so that types and sizes of nested ones can be looked up. */
export class Schema {
  readonly #records = new Map<string, RecordDefinition>()
  readonly #fileNames = new Map<string, string>()

  constructor(files: readonly SchemaFile[]) {
    for (const file of files) {
      for (const record of file.records) {
        if (this.#records.has(record.name)) throw new Error(`the record ${record.name} is declared twice`)
        this.#records.set(record.name, record)
        this.#fileNames.set(record.name, file.name)
      }
    }
  }

  /** The file that a record is generated into. */
  fileName(recordName: string): string {
    const fileName = this.#fileNames.get(recordName)
    if (fileName === undefined) throw new Error(`no record is called ${recordName}`)
    return fileName
  }

  parse(word: string): FieldType {
    const vector = /^vector<(.+)>$/.exec(word)
    if (vector !== null) {
      const element = this.parse(vector[1] ?? '')
      if (this.sizeMin(element) === 0) throw new Error(`the count of ${word} would not be bounded by the bytes`)
      return { kind: 'vector', element }
    }
    const isOptional = word.endsWith('?')
    const name = isOptional ? word.slice(0, -1) : word
    const primitive = primitives[name]
    if (primitive !== undefined) return { kind: 'primitive', name, primitive, isOptional }
    if (isOptional) throw new Error(`only primitives can be optional, not ${name}`)
    this.fileName(name)
    return { kind: 'record', name }
  }

  typescript(type: FieldType): string {
    switch (type.kind) {
      case 'primitive':
        return type.isOptional ? `${type.primitive.typescript} | null` : type.primitive.typescript
      case 'record':
        return type.name
      case 'vector': {
        const element = this.typescript(type.element)
        return `readonly ${element.includes('|') ? `(${element})` : element}[] | null`
      }
    }
  }

  /** Fewest bytes that a value of the type takes. */
  sizeMin(type: FieldType): number {
    switch (type.kind) {
      case 'primitive':
        return type.isOptional ? 0 : type.primitive.sizeMin
      case 'record':
        return this.fields(type.name).reduce((sum, field) => sum + this.sizeMin(field.type), 0)
      case 'vector':
        return 4
    }
  }

  /** Bytes that every value of the type takes, or null when it depends on the value. */
  size(type: FieldType): number | null {
    switch (type.kind) {
      case 'primitive':
        return type.isOptional ? null : type.primitive.size
      case 'record':
        return this.fields(type.name).reduce<number | null>((sum, field) => {
          const size = this.size(field.type)
          return sum === null || size === null ? null : sum + size
        }, 0)
      case 'vector':
        return null
    }
  }

  fields(recordName: string): readonly { name: string; word: string; about: string | null; type: FieldType }[] {
    const record = this.#records.get(recordName)
    if (record === undefined) throw new Error(`no record is called ${recordName}`)
    return Object.entries(record.fields).map(([name, definition], index, all) => {
      const { word, about } = split(definition)
      const type = this.parse(word)
      if (word.endsWith('?') && index < all.length - 1)
        throw new Error(`${recordName}.${name}: only the last field can be optional`)
      return { name, word, about, type }
    })
  }
}

function split(definition: FieldDefinition): { word: string; about: string | null } {
  return typeof definition === 'string' ? { word: definition, about: null } : { word: definition[0], about: definition[1] }
}
