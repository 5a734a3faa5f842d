import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { apiPages } from '../../scripts/generate-api-docs.ts'

test('the pages of docs/api are those that the doc comments give', () => {
  const pages = apiPages()
  expect([...pages.keys()]).toEqual(['client.md', 'recipes.md'])
  for (const [name, text] of pages) {
    const onDisk = readFileSync(new URL(`../../docs/api/${name}`, import.meta.url), 'utf8')
    expect(onDisk === text, `docs/api/${name} is not what npm run docs:api writes`).toBe(true)
  }
}, 60_000)

test('every exported class and function has a doc comment, and its private parts are left out', () => {
  for (const text of apiPages().values()) {
    // A heading is followed by prose, not by the code at once.
    const bare = [...text.matchAll(/^### (\w+)\n\n```ts\n(?:abstract )?(?:class|function)/gm)].map(([, name]) => name)
    expect(bare).toEqual([])
    expect(text).not.toMatch(/#private|^\s+private /m)
  }
}, 60_000)
