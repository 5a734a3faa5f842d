// The programs of examples/, run as a reader would run them.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { TestServer } from './test-server.ts'

const run = promisify(execFile)
const examples = fileURLToPath(new URL('../../examples/', import.meta.url))

/** Node's options to take the workspace's packages from their sources, so that no build is needed. */
const fromSources = ['--import', 'tsx', '--conditions=@tskeeper/source']

test('two contenders for the lock of the first example hold it one after the other', async () => {
  await using server = await TestServer.start({})
  const env = { ...process.env, SERVERS: `127.0.0.1:${server.port}`, HOLD_MS: '50' }
  const contend = async (name: string): Promise<string[]> => {
    const { stdout } = await run(process.execPath, [`${examples}first-lock.mjs`, name], { env })
    return stdout.trim().split('\n')
  }
  const [alice, bob] = await Promise.all([contend('alice'), contend('bob')])
  for (const [name, lines] of [
    ['alice', alice],
    ['bob', bob],
  ] as const) {
    expect(lines.at(0)).toMatch(new RegExp(`^${name} queues as /lock/holder-000000000[01]$`))
    expect(lines.at(-2)).toBe(`${name} holds the lock`)
    expect(lines.at(-1)).toBe(`${name} releases the lock`)
  }
  expect(alice?.at(0)?.slice(-1)).not.toBe(bob?.at(0)?.slice(-1))
})

test('the embedded server of the second example serves and stops', async () => {
  const { stdout } = await run(process.execPath, [...fromSources, `${examples}embedded-server.mjs`])
  expect(stdout).toMatch(/^serving on 127\.0\.0\.1:\d+\nstopped\n$/)
})
