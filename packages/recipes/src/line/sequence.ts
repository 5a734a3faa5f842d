// The number that a server appends to the name of a sequential node, and the order of such numbers.
//
// The number is the parent's counter of children ever created: a signed 32-bit integer, printed with at least ten
// characters. After 2147483647 comes -2147483648 ("-2147483648", eleven characters), and then "-2147483647" and so on up
// to "-000000001" and "0000000000". Names must therefore not be sorted as text, nor the numbers as numbers: what counts is
// which of two came first on that ring. That is well defined while the oldest living node is less than 2^31 creations
// behind the newest.
//
// Servers mostly refuse to go past 2147483647: the counter stays there, and all further names end in the same number.
// `compareSequence` gives 0 then, and the caller must decide by the nodes' creation zxids (see line.ts).

const SUFFIX = /^(?:\d{10}|-\d{9,10})$/

/** What a sequential node's name says. */
export interface SequentialName {
  /** The node's own name, without its parent's path. */
  readonly name: string
  /** The marker that stands before the number, for example `lock-`. */
  readonly kind: string
  /** The number, in the range of a signed 32-bit integer. */
  readonly sequence: number
}

/**
 * Reads the number behind `kind` at the end of `name`; null if the name does not end in `kind` and a number. The kind must
 * be given, since without it `lock-` followed by `1234567890` and `lock` followed by `-1234567890` are the same text.
 */
export function parseSequence(name: string, kind: string): number | null {
  const start = name.lastIndexOf(kind)
  if (start < 0) return null
  const suffix = name.slice(start + kind.length)
  if (!SUFFIX.test(suffix)) return null
  const sequence = Number(suffix)
  return sequence === (sequence | 0) ? sequence : null
}

/**
 * Negative if `left` was handed out before `right`, positive if after it, 0 if they are the same number. The difference is
 * taken modulo 2^32, so that the order goes on past 2147483647.
 */
export function compareSequence(left: number, right: number): number {
  return (left - right) | 0
}

/** The first of `kinds` that fits the end of `name`, with the number behind it; null if none does. */
export function parseSequentialName(name: string, kinds: readonly string[]): SequentialName | null {
  for (const kind of kinds) {
    const sequence = parseSequence(name, kind)
    if (sequence !== null) return { name, kind, sequence }
  }
  return null
}
