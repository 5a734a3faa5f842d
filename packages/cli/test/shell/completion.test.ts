import { expect, test } from 'vitest'
import { type CompletionSource, completeLine } from '../../src/shell/completion.ts'

const source: CompletionSource = {
  commandNames: ['get', 'getAcl', 'ls'],
  children: async (path) => (path === '/' ? ['zoo', 'app', 'apple'] : path === '/app' ? ['b', 'a'] : []),
}

test.each([
  ['ge', ['get', 'getAcl'], 'ge'],
  ['', ['get', 'getAcl', 'ls'], ''],
  ['get /', ['/app', '/apple', '/zoo'], '/'],
  ['get /ap', ['/app', '/apple'], '/ap'],
  ['get -s /app/', ['/app/a', '/app/b'], '/app/'],
  ['ls /nothing/x', [], '/nothing/x'],
])('%j is completed to %j', async (line, hits, word) => {
  expect(await completeLine(line, source)).toEqual([hits, word])
})
