import { expect, test } from 'vitest'
import { sortLine } from '../../src/line/place.ts'
import { ManualTimers, manualClient, statOf } from '../support/manual-client.ts'

const LINE = { directory: '/l', kinds: ['lock-'] }

test('a line is sorted by its numbers across the wrap, and what does not belong to it is left out', async () => {
  const names = ['a-lock--2147483647', 'b-lock-2147483647', 'stranger', 'c-lock--2147483648', 'd-latch-0000000000']
  const line = await sortLine(manualClient(new ManualTimers()), LINE, names, null)
  expect(line.map(({ name }) => name)).toEqual(['b-lock-2147483647', 'c-lock--2147483648', 'a-lock--2147483647'])
})

test('nodes with the same number go by the zxids of their creation, and those that have gone are left out', async () => {
  const created = new Map([
    ['/l/z-lock-2147483646', 3n],
    ['/l/y-lock-2147483647', 4n],
    ['/l/a-lock-2147483647', 9n],
    ['/l/m-lock-2147483647', 7n],
  ])
  const zk = manualClient(new ManualTimers(), {
    exists: (path) => {
      const czxid = created.get(path)
      return Promise.resolve(czxid === undefined ? null : statOf(czxid))
    },
  })
  const names = [...created.keys(), '/l/gone-lock-2147483647'].map((path) => path.slice(3)).sort()
  const line = await sortLine(zk, LINE, names, null)
  expect(line.map(({ name }) => name[0]).join('')).toBe('zyma')
})
