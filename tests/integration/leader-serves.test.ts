import { expect, test } from 'vitest'
import { fourLetterWord } from '../support/server-process.ts'
import { TestEnsemble } from './test-ensemble.ts'

test('A leader with leaderServes=no takes no clients, and carries the writes of the others', async () => {
  await using ensemble = await TestEnsemble.prepare(3, { properties: { leaderServes: 'no' } })
  await Promise.all(ensemble.ids.map((id) => ensemble.startServer(id)))
  const followers = await ensemble.eventually('two follow', async () => {
    const modes = await Promise.all(ensemble.ids.map((id) => ensemble.mode(id)))
    const following = ensemble.ids.filter((_, index) => modes[index] === 'follower')
    return following.length === 2 ? following : null
  })
  const [one = 0, two = 0] = followers
  const leader = ensemble.ids.find((id) => !followers.includes(id)) ?? 0
  expect(ensemble.logger(leader).linesWith('LEADING in epoch')).toHaveLength(1)

  const writer = await ensemble.connect(one)
  await writer.create('/written', 'over a follower')
  const reader = await ensemble.connect(two)
  await reader.sync('/')
  expect(await reader.getText('/written')).toBe('over a follower')

  await expect(ensemble.connect(leader)).rejects.toThrow()
  expect(await fourLetterWord(ensemble.clientPort(leader), 'srvr')).toContain('not currently serving requests')
})
