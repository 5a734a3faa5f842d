import { expect, test } from 'vitest'
import { fourLetterWord } from '../support/server-process.ts'
import { TestEnsemble } from './test-ensemble.ts'

test('Without a majority a server in read-only mode serves those who can do with reading, until there is a leader again', async () => {
  await using ensemble = await TestEnsemble.start(3, { properties: { 'readonlymode.enabled': true } })
  const leader = await ensemble.whenServing()
  const writer = await ensemble.connect(leader)
  await writer.create('/kept', 'text')
  const [alone = 0, ...others] = ensemble.ids
  const reader = await ensemble.connect(alone)
  await reader.sync('/')
  for (const id of others) await ensemble.stopServer(id)
  await ensemble.eventually('it serves readers', async () => ((await ensemble.mode(alone)) === 'read-only' ? true : null))
  expect(await fourLetterWord(ensemble.clientPort(alone), 'isro')).toBe('ro')

  const client = await ensemble.connect(alone, { readOnly: true })
  expect(client.readOnly).toBe(true)
  expect(await client.getText('/kept')).toBe('text')
  await expect(client.create('/new', '')).rejects.toMatchObject({ code: -119 })
  await expect(client.setData('/kept', '')).rejects.toMatchObject({ code: -119 })
  await expect(client.sync('/')).rejects.toMatchObject({ code: -119 })
  expect(await client.getText('/kept')).toBe('text')
  await expect(ensemble.connect(alone, { readOnly: false })).rejects.toThrow(/closed/)

  await ensemble.startServer(others[0] ?? 0)
  await ensemble.whenServing([alone, others[0] ?? 0])
  await expect.poll(() => client.isClosed).toBe(true)
  expect(await fourLetterWord(ensemble.clientPort(alone), 'isro')).toBe('rw')
  const again = await ensemble.connect(alone, { readOnly: true })
  expect(again.readOnly).toBe(false)
  await again.create('/new', '')
})
