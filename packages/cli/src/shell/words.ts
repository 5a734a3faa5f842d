// How a line is cut into words: at blanks, with the quotes of old.

const BLANK = /\s/

/**
 * The words of a line. A word that begins with `"` or `'` goes on to the next such quote, blanks included, and loses both. An opening quote that
 * is never closed is dropped, and a quote inside a word is an ordinary character. A backslash is no escape.
 */
export function splitWords(line: string): string[] {
  const words: string[] = []
  let at = 0
  while (at < line.length) {
    const first = line.charAt(at)
    if (BLANK.test(first)) {
      at++
      continue
    }
    if (first === '"' || first === "'") {
      const close = line.indexOf(first, at + 1)
      if (close >= 0) {
        words.push(line.slice(at + 1, close))
        at = close + 1
        continue
      }
      at++
    }
    const end = wordEnd(line, at)
    if (end > at) words.push(line.slice(at, end))
    at = end
  }
  return words
}

function wordEnd(line: string, start: number): number {
  let end = start
  while (end < line.length && !BLANK.test(line.charAt(end))) end++
  return end
}
