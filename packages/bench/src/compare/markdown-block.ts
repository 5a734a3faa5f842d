/** One block of figures in a page: the marks around the text that `--markdown` replaces, and the heading of a new one. */
export interface MarkdownBlock {
  readonly begin: string
  readonly end: string
  readonly heading: string
}

/** The figures of single servers. */
export const SERVER_BLOCK: MarkdownBlock = {
  begin: '<!-- bench:compare begin -->',
  end: '<!-- bench:compare end -->',
  heading: '## Figures',
}

/** The figures of ensembles. */
export const ENSEMBLE_BLOCK: MarkdownBlock = {
  begin: '<!-- bench:compare ensemble begin -->',
  end: '<!-- bench:compare ensemble end -->',
  heading: '## Figures of ensembles',
}

/**
 * The page with the text between its two marks replaced, everything else as it was. A page without marks, which has no
 * figures yet, gets a chapter for them at its end.
 */
export function replaceBlock(page: string, text: string, marks: MarkdownBlock): string {
  const begin = page.indexOf(marks.begin)
  const end = page.indexOf(marks.end)
  const block = `${marks.begin}\n\n${text.trim()}\n\n${marks.end}`
  if (begin < 0 && end < 0) return `${page.trimEnd()}\n\n${marks.heading}\n\n${block}\n`
  if (begin < 0 || end < begin) throw new Error(`the page needs ${marks.begin} and ${marks.end}, in this order, or neither`)
  return page.slice(0, begin) + block + page.slice(end + marks.end.length)
}
