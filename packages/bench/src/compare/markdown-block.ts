/** What stands before and after the text that `--markdown` replaces. */
export const BLOCK_BEGIN = '<!-- bench:compare begin -->'
/** See `BLOCK_BEGIN`. */
export const BLOCK_END = '<!-- bench:compare end -->'

const HEADING = '## Figures'

/**
 * The page with the text between its two marks replaced, everything else as it was. A page without marks, which has no
 * figures yet, gets a chapter for them at its end.
 */
export function replaceBlock(page: string, text: string): string {
  const begin = page.indexOf(BLOCK_BEGIN)
  const end = page.indexOf(BLOCK_END)
  const block = `${BLOCK_BEGIN}\n\n${text.trim()}\n\n${BLOCK_END}`
  if (begin < 0 && end < 0) return `${page.trimEnd()}\n\n${HEADING}\n\n${block}\n`
  if (begin < 0 || end < begin) throw new Error(`the page needs ${BLOCK_BEGIN} and ${BLOCK_END}, in this order, or neither`)
  return page.slice(0, begin) + block + page.slice(end + BLOCK_END.length)
}
