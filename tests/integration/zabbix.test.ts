// The items of the zabbix-agent's file, asked as the agent asks: the command of the item, with the words in brackets in place of $1 to $3.

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { fourLetterWord, freePort } from '../support/server-process.ts'
import { TestServer } from './test-server.ts'

const FILE = fileURLToPath(new URL('../../conf/zabbix/userparameter_tskeeper.conf', import.meta.url))

interface Answer {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** The item's value, as the agent gets it. */
function ask(item: string, ...words: readonly (string | number)[]): Promise<Answer> {
  const lines = readFileSync(FILE, 'utf8').split('\n')
  const line = lines.find((each) => each.startsWith(`UserParameter=${item}[*],`))
  if (line === undefined) throw new Error(`${FILE} has no item ${item}`)
  const command = line
    .slice(line.indexOf(',') + 1)
    .replace('/opt/tskeeper/conf/zabbix', dirname(FILE))
    .replaceAll(/\$(\d)/g, (_, index: string) => String(words[Number(index) - 1] ?? ''))
  return new Promise((resolve) => {
    execFile('sh', ['-c', command], (error, stdout, stderr) => {
      resolve({ exitCode: typeof error?.code === 'number' ? error.code : 0, stdout, stderr })
    })
  })
}

test('A255: an agent gets each value of mntr by its key, with exit code 0', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/a', 'text')
  const keys = (await fourLetterWord(server.port, 'mntr')).split('\n').map((line) => line.split('\t')[0] ?? '')
  expect(keys).toContain('zk_znode_count')
  for (const key of [
    'zk_version',
    'zk_server_state',
    'zk_avg_latency',
    'zk_outstanding_requests',
    'zk_znode_count',
    'zk_watch_count',
  ]) {
    expect(keys).toContain(key)
    expect(await ask('tskeeper.mntr', '127.0.0.1', server.port, key)).toMatchObject({ exitCode: 0, stderr: '' })
  }
  const nodes = /^zk_znode_count\t(\d+)$/m.exec(await fourLetterWord(server.port, 'mntr'))?.[1]
  expect((await ask('tskeeper.mntr', '127.0.0.1', server.port, 'zk_znode_count')).stdout).toBe(`${nodes}\n`)
  expect(await ask('tskeeper.mntr', '127.0.0.1', server.port, 'zk_server_state')).toMatchObject({ stdout: 'standalone\n' })
  expect(await ask('tskeeper.ruok', '127.0.0.1', server.port)).toEqual({ exitCode: 0, stdout: 'imok\n', stderr: '' })
})

test('A255: a key that does not exist, a word that is not allowed and a server that is away are told apart from values', async () => {
  await using server = await TestServer.start({ '4lw.commands.whitelist': 'mntr' })
  expect(await ask('tskeeper.mntr', '127.0.0.1', server.port, 'zk_nothing')).toMatchObject({ exitCode: 1, stdout: '' })
  const refused = await ask('tskeeper.ruok', '127.0.0.1', server.port)
  expect(refused).toMatchObject({ exitCode: 1, stdout: '' })
  expect(refused.stderr).toMatch(/not in the whitelist/)
  expect(await ask('tskeeper.mntr', '127.0.0.1', await freePort(), 'zk_version')).toMatchObject({ exitCode: 1, stdout: '' })
})
