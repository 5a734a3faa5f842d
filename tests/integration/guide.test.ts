// docs/guide.md, run as a reader would: all of its code as one program.

import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { fromSources } from './program.ts'
import { TestServer } from './test-server.ts'

const run = promisify(execFile)
const guide = fileURLToPath(new URL('../../docs/guide.md', import.meta.url))

test("A230: the recipes' guide says what a database's key cannot do", () => {
  const recipes = readFileSync(fileURLToPath(new URL('../../docs/recipes.md', import.meta.url)), 'utf8')
  expect(recipes).toMatch(/unique row in a database\?.*does not tell you that the master died/)
})

/** Runs a program of a page. It lies beside the examples, where the workspace's packages are found. */
async function linesOf(name: string, program: string): Promise<string[]> {
  const directory = mkdtempSync(join(fileURLToPath(new URL('../../examples/', import.meta.url)), '.guide-'))
  try {
    writeFileSync(join(directory, name), program)
    const { stdout } = await run(process.execPath, [...fromSources, join(directory, name)])
    return stdout.trim().split('\n')
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

test('A251: the code of the guide does what the guide says', async () => {
  await using server = await TestServer.start({ tickTime: 200 })
  const blocks = [...readFileSync(guide, 'utf8').matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => code)
  const program = blocks.join('\n').replace('localhost:2181', `127.0.0.1:${server.port}`)
  expect(await linesOf('guide.ts', program)).toEqual([
    'connected: connected',
    'the last value: 30',
    'locked: true',
    'somebody was faster',
    'still alive: false',
  ])
})

test("the README's program for the client runs to its end", async () => {
  await using server = await TestServer.start({ tickTime: 200 })
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  const [, program = ''] = /^## The client\n\n```ts\n([\s\S]*?)^```$/m.exec(readme) ?? []
  expect(await linesOf('readme.ts', program.replace('127.0.0.1:2181', `127.0.0.1:${server.port}`))).toEqual([
    '0 false',
    'undefined false',
  ])
})
