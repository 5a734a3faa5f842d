/** Options of a command as `util.parseArgs` returns them. */
export type OptionValues = Readonly<Record<string, string | boolean | undefined>>

/** What a numeric option admits. */
export interface NumberRange {
  readonly min: number
  readonly max: number
  readonly isInteger: boolean
}

/** A mistake in how a command was called: printed without a stack. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

/** A whole number of at least `min`. */
export function wholeFrom(min: number): NumberRange {
  return { min, max: Number.MAX_SAFE_INTEGER, isInteger: true }
}

/** Any number of at least `min`. */
export function realFrom(min: number): NumberRange {
  return { min, max: Number.MAX_VALUE, isInteger: false }
}

/** The option as a number, or the fallback without it. */
export function numberOption<T extends number | null>(
  values: OptionValues,
  name: string,
  fallback: T,
  range: NumberRange,
): number | T {
  const text = values[name]
  if (text === undefined) return fallback
  const value = typeof text === 'string' && text.trim() !== '' ? Number(text) : Number.NaN
  const isGood =
    Number.isFinite(value) && value >= range.min && value <= range.max && (!range.isInteger || Number.isInteger(value))
  if (!isGood) {
    const kind = range.isInteger ? 'a whole number' : 'a number'
    const limit = range.max < Number.MAX_SAFE_INTEGER ? `from ${range.min} to ${range.max}` : `of at least ${range.min}`
    throw new UsageError(`--${name} ${String(text)}: ${kind} ${limit} is expected`)
  }
  return value
}

/** The option as text, or the fallback without it. */
export function textOption<T extends string | null>(values: OptionValues, name: string, fallback: T): string | T {
  const value = values[name]
  return typeof value === 'string' ? value : fallback
}

/** Arguments as they are typed into a shell. */
export function shellWords(words: readonly string[]): string {
  return words.map((word) => (/^[\w./:=+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ')
}
