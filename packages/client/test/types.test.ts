import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import './types.ts'

const FOLDER = dirname(fileURLToPath(import.meta.url))
const COMPILER = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')

test('A262: illegal options of create, unknown codes and wrong callbacks do not compile', () => {
  const { status, stdout } = spawnSync(process.execPath, [COMPILER, '--project', FOLDER], { encoding: 'utf8' })
  expect(stdout).toBe('')
  expect(status).toBe(0)
}, 120_000)
