// Writes src/generated. Run it after a change of the schema: npm run generate

import { mkdirSync, writeFileSync } from 'node:fs'
import { schemaFiles } from '../schema/index.ts'
import { emitAll } from './emit.ts'

const directory = new URL('../src/generated/', import.meta.url)
mkdirSync(directory, { recursive: true })
for (const [name, text] of emitAll(schemaFiles)) writeFileSync(new URL(name, directory), text)
