// What is written for readers and repeats what stands elsewhere: tables of the code, lists of programs.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { QuorumPacketType } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'

test('A22: the page on Zab names the packets as they go over the wire, and compares it with its relatives', () => {
  const page = readFileSync(new URL('../../docs/zab.md', import.meta.url), 'utf8')
  const rows = [...page.matchAll(/^\| (\d+) \| `(\w+)` \|/gm)].map(([, type, name = '']) => [name.toLowerCase(), Number(type)])
  const types = Object.entries(QuorumPacketType).map(([name, type]) => [name.toLowerCase(), type])
  expect(rows).toEqual(types)
  const [, ...compared] = (/^\|( \| Zab .*)\|$/m.exec(page)?.[1] ?? '').split('|').map((cell) => cell.trim())
  expect(compared).toEqual(['Zab', 'Paxos', 'Raft', 'Chubby'])
})

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url))
const INTEGRATION = fileURLToPath(new URL('../integration/', import.meta.url))

/** What such services are used for, and the program that shows it. */
const USES: Readonly<Record<string, string>> = {
  naming: 'naming.mjs',
  'state synchronisation': 'barrier.mjs',
  'configuration centre': 'configuration.mjs',
  'cluster management': 'master-worker',
  'group service': 'heartbeat.mjs',
  locks: 'locks.mjs',
  'master election': 'master-election.mjs',
  'load balancing': 'load-balancing.mjs',
  'publish and subscribe': 'notification.mjs',
}

test.each(Object.entries(USES))('A20: %s has an example that is explained, and run by a test', (_use, example) => {
  expect(existsSync(`${EXAMPLES}${example}`)).toBe(true)
  expect(readFileSync(`${EXAMPLES}README.md`, 'utf8')).toContain(example)
  const named = new RegExp(`['"\`]${example.replace('.', '\\.')}['"\`/]`)
  const tests = readdirSync(INTEGRATION).filter((file) => file.endsWith('.test.ts'))
  expect(tests.filter((file) => named.test(readFileSync(`${INTEGRATION}${file}`, 'utf8')))).not.toEqual([])
})
