import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { emitAll } from '../generate/emit.ts'
import { type RecordDefinition, record } from '../schema/definition.ts'
import { schemaFiles } from '../schema/index.ts'

const directory = new URL('../src/generated/', import.meta.url)
const emitted = emitAll(schemaFiles)

test('src/generated holds the files of the schema and no others', () => {
  expect(readdirSync(directory).sort()).toEqual([...emitted.keys()].sort())
})

test.each([...emitted])('%s is what the generator makes of the schema now', (name, text) => {
  expect(readFileSync(new URL(name, directory), 'utf8')).toBe(text)
})

test.each<[string, RecordDefinition[], RegExp]>([
  ['a record that is declared twice', [record('A', 'a.', {}), record('A', 'a.', {})], /A is declared twice/],
  ['a field of an unknown type', [record('A', 'a.', { b: 'string' })], /no record is called string/],
  ['an optional field that is not the last', [record('A', 'a.', { b: 'int?', c: 'int' })], /A\.b: only the last field/],
  ['an optional record', [record('A', 'a.', { b: 'A?' })], /only primitives can be optional/],
  ['a vector of records without bytes', [record('A', 'a.', {}), record('B', 'b.', { a: 'vector<A>' })], /would not be bounded/],
])('the generator refuses %s', (_what, records, message) => {
  expect(() => emitAll([{ name: 'file', about: 'A file.', records }])).toThrow(message)
})
