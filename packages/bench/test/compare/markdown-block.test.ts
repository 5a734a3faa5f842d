import { expect, test } from 'vitest'
import { ENSEMBLE_BLOCK, replaceBlock, SERVER_BLOCK } from '../../src/compare/markdown-block.ts'

const BEGIN = SERVER_BLOCK.begin
const END = SERVER_BLOCK.end

test('only the text between the marks is replaced, and replacing it again changes nothing', () => {
  const page = `# Title\n\n${BEGIN}\nold\n${END}\n\nThe end.\n`
  const once = replaceBlock(page, 'new\n', SERVER_BLOCK)
  expect(once).toBe(`# Title\n\n${BEGIN}\n\nnew\n\n${END}\n\nThe end.\n`)
  expect(replaceBlock(once, 'new', SERVER_BLOCK)).toBe(once)
})

test('a page without marks gets them, in a chapter at its end', () => {
  const once = replaceBlock('# Title\n', 'new', SERVER_BLOCK)
  expect(once).toBe(`# Title\n\n## Figures\n\n${BEGIN}\n\nnew\n\n${END}\n`)
  expect(replaceBlock(once, 'new', SERVER_BLOCK)).toBe(once)
})

test('a page with the marks the wrong way round, or only one of them, is refused', () => {
  expect(() => replaceBlock(`${END}\n${BEGIN}\n`, 'new', SERVER_BLOCK)).toThrow('in this order')
  expect(() => replaceBlock(`${END}\n`, 'new', SERVER_BLOCK)).toThrow('in this order')
  expect(() => replaceBlock(`${BEGIN}\n`, 'new', SERVER_BLOCK)).toThrow('in this order')
})

test('a page holds the figures of servers and of ensembles beside each other', () => {
  const page = replaceBlock(replaceBlock('# Title\n', 'servers', SERVER_BLOCK), 'ensembles', ENSEMBLE_BLOCK)
  const again = replaceBlock(replaceBlock(page, 'ensembles, too', ENSEMBLE_BLOCK), 'new servers', SERVER_BLOCK)
  expect(again).toBe(page.replace('\nensembles\n', '\nensembles, too\n').replace('\nservers\n', '\nnew servers\n'))
})
