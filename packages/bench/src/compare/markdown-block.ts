/** What stands before and after the text that `--markdown` replaces. */
export const BLOCK_BEGIN = '<!-- bench:compare begin -->'
/** See `BLOCK_BEGIN`. */
export const BLOCK_END = '<!-- bench:compare end -->'

/** The page with the text between its two marks replaced, everything else as it was. */
export function replaceBlock(page: string, text: string): string {
  const begin = page.indexOf(BLOCK_BEGIN)
  const end = page.indexOf(BLOCK_END)
  if (begin < 0 || end < begin) throw new Error(`the page needs the lines ${BLOCK_BEGIN} and ${BLOCK_END}, in this order`)
  return `${page.slice(0, begin + BLOCK_BEGIN.length)}\n\n${text.trim()}\n\n${page.slice(end)}`
}
