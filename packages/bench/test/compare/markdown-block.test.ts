import { expect, test } from 'vitest'
import { BLOCK_BEGIN, BLOCK_END, replaceBlock } from '../../src/compare/markdown-block.ts'

test('only the text between the marks is replaced, and replacing it again changes nothing', () => {
  const page = `# Title\n\n${BLOCK_BEGIN}\nold\n${BLOCK_END}\n\nThe end.\n`
  const once = replaceBlock(page, 'new\n')
  expect(once).toBe(`# Title\n\n${BLOCK_BEGIN}\n\nnew\n\n${BLOCK_END}\n\nThe end.\n`)
  expect(replaceBlock(once, 'new')).toBe(once)
})

test('a page without marks gets them, in a chapter at its end', () => {
  const once = replaceBlock('# Title\n', 'new')
  expect(once).toBe(`# Title\n\n## Figures\n\n${BLOCK_BEGIN}\n\nnew\n\n${BLOCK_END}\n`)
  expect(replaceBlock(once, 'new')).toBe(once)
})

test('a page with the marks the wrong way round, or only one of them, is refused', () => {
  expect(() => replaceBlock(`${BLOCK_END}\n${BLOCK_BEGIN}\n`, 'new')).toThrow('in this order')
  expect(() => replaceBlock(`${BLOCK_END}\n`, 'new')).toThrow('in this order')
  expect(() => replaceBlock(`${BLOCK_BEGIN}\n`, 'new')).toThrow('in this order')
})
