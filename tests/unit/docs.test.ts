// Tables in docs/ that repeat what the code says.

import { readFileSync } from 'node:fs'
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
