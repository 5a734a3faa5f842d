// Turns the schema into the text of the generated files, formatted as the formatter would.

import type { RecordDefinition, SchemaFile } from '../schema/definition.ts'
import { type FieldType, Schema } from './field-type.ts'

const LINE_LENGTH_MAX = 130
const MARK = '// Generated from the schema by `npm run generate`. Edit the schema instead.'

/** Text of every generated file, by file name. */
export function emitAll(files: readonly SchemaFile[]): ReadonlyMap<string, string> {
  const schema = new Schema(files)
  const texts = new Map<string, string>()
  for (const file of files) texts.set(`${file.name}.ts`, emitFile(schema, file))
  texts.set('record-schemas.ts', emitTable(schema, files))
  return texts
}

function emitFile(schema: Schema, file: SchemaFile): string {
  const body = file.records.map((record) => emitRecord(schema, record)).join('\n')
  return `${MARK}\n// ${file.about}\n\n${emitImports(schema, file, body)}\n${body}`
}

function emitImports(schema: Schema, file: SchemaFile, body: string): string {
  const lines = [
    "import type { ByteReader } from '../byte-reader.ts'",
    "import type { ByteWriter } from '../byte-writer.ts'",
    ...vectorImports(body),
    ...recordImports(schema, file),
  ]
  return `${lines.join('\n')}\n`
}

function vectorImports(body: string): readonly string[] {
  const names = ['readText', 'readUstring', 'readVector', 'writeUstring', 'writeVector']
  const used = names.filter((name) => new RegExp(`\\b${name}\\b`).test(body))
  return used.length === 0 ? [] : [importLine(used, '../vector.ts')]
}

function recordImports(schema: Schema, file: SchemaFile): readonly string[] {
  const namesByFile = new Map<string, Set<string>>()
  for (const record of file.records) {
    for (const field of schema.fields(record.name)) {
      const name = nestedRecord(field.type)
      if (name === null || schema.fileName(name) === file.name) continue
      const names = namesByFile.get(schema.fileName(name)) ?? new Set()
      for (const imported of [`type ${name}`, `read${name}`, `write${name}`]) names.add(imported)
      namesByFile.set(schema.fileName(name), names)
    }
  }
  return [...namesByFile]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([fileName, names]) => importLine([...names], `./${fileName}.ts`))
}

function nestedRecord(type: FieldType): string | null {
  if (type.kind === 'record') return type.name
  return type.kind === 'vector' ? nestedRecord(type.element) : null
}

function importLine(names: readonly string[], from: string): string {
  const sorted = names.toSorted((a, b) => sortKey(a).localeCompare(sortKey(b), 'en'))
  const line = `import { ${sorted.join(', ')} } from '${from}'`
  return line.length <= LINE_LENGTH_MAX ? line : `import {\n${sorted.map((name) => `  ${name},\n`).join('')}} from '${from}'`
}

function sortKey(imported: string): string {
  return imported.replace('type ', '').toLowerCase()
}

function emitRecord(schema: Schema, record: RecordDefinition): string {
  const { name } = record
  const fields = schema.fields(name)
  const size = schema.size({ kind: 'record', name })
  const lines = [
    ...docLines(record.about, ''),
    `export interface ${name} {`,
    ...fields.flatMap((field) => [
      ...(field.about === null ? [] : docLines(field.about, '  ')),
      `  readonly ${field.name}: ${schema.typescript(field.type)}`,
    ]),
    '}',
    '',
  ]
  if (size !== null) {
    lines.push(`/** Bytes that ${withArticle(name)} takes. */`, `export const ${screamingSnake(name)}_SIZE = ${size}`, '')
  }
  lines.push(
    `/** Writes ${withArticle(name)}. */`,
    `export function write${name}(out: ByteWriter, value: ${name}): void {`,
    ...fields.map((field) => `  ${writeStatement(field.type, `value.${field.name}`)}`),
    '}',
    '',
    `/** Reads ${withArticle(name)}. */`,
    `export function read${name}(input: ByteReader): ${name} {`,
    '  return {',
    ...fields.map((field) => `    ${field.name}: ${readExpression(schema, field.type)},`),
    '  }',
    '}',
    '',
  )
  return lines.join('\n')
}

function docLines(text: string, indent: string): readonly string[] {
  const line = `${indent}/** ${text} */`
  if (line.length > LINE_LENGTH_MAX) throw new Error(`too long for one line: ${text}`)
  return [line]
}

function writeStatement(type: FieldType, value: string): string {
  switch (type.kind) {
    case 'primitive': {
      const statement = `out.write${type.primitive.method}(${value})`
      return type.isOptional ? `if (${value} !== null) ${statement}` : statement
    }
    case 'record':
      return `write${type.name}(out, ${value})`
    case 'vector':
      return `writeVector(out, ${value}, ${elementFunction('write', type.element)})`
  }
}

function readExpression(schema: Schema, type: FieldType): string {
  switch (type.kind) {
    case 'primitive': {
      const expression = `input.read${type.primitive.method}()`
      if (type.name === 'text') return `${expression} ?? ''`
      return type.isOptional ? `input.remaining() > 0 ? ${expression} : null` : expression
    }
    case 'record':
      return `read${type.name}(input)`
    case 'vector':
      return `readVector(input, ${schema.sizeMin(type.element)}, ${elementFunction('read', type.element)})`
  }
}

function elementFunction(verb: 'read' | 'write', element: FieldType): string {
  if (element.kind === 'record') return `${verb}${element.name}`
  if (element.kind === 'primitive' && element.name === 'ustring') return `${verb}Ustring`
  if (element.kind === 'primitive' && element.name === 'text') return verb === 'read' ? 'readText' : 'writeUstring'
  throw new Error('vectors hold records or strings')
}

function withArticle(name: string): string {
  return /^[AEIOU]/.test(name) ? `an ${name}` : `a ${name}`
}

function screamingSnake(name: string): string {
  return name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '_').toUpperCase()
}

function emitTable(schema: Schema, files: readonly SchemaFile[]): string {
  const lines = [
    MARK,
    '// The schema as data: for documentation, for tools that show records, and for tests that make them up.',
    '',
    "/** A record's fields in the order of the wire: name, and type in the words of the schema. */",
    'export type RecordSchema = Readonly<Record<string, string>>',
    '',
    '/** Every record, by name. */',
    'export const recordSchemas: Readonly<Record<string, RecordSchema>> = {',
  ]
  for (const file of files) {
    for (const { name } of file.records) {
      const fields = schema.fields(name).map((field) => `${field.name}: '${field.word}'`)
      const line = `  ${name}: { ${fields.join(', ')} },`
      if (line.length <= LINE_LENGTH_MAX) lines.push(line)
      else lines.push(`  ${name}: {`, ...fields.map((field) => `    ${field},`), '  },')
    }
  }
  lines.push('}', '')
  return lines.join('\n')
}
