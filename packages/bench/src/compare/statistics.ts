/** The middle of repeated measurements, and how far they lie apart. */
export interface Spread {
  readonly min: number
  readonly median: number
  readonly max: number
  readonly count: number
}

/** The spread of the values; null without any. */
export function spreadOf(values: readonly number[]): Spread | null {
  if (values.length === 0) return null
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] as number
  const median = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2
  return { min: sorted[0] as number, median, max: sorted[sorted.length - 1] as number, count: sorted.length }
}

/**
 * The ratios within pairs that were measured next to each other: the machine's speed drifts from minute to
 * minute, so a ratio of medians would compare different machines.
 */
export function ratioOf(pairs: readonly (readonly [number | null, number | null])[]): Spread | null {
  const ratios: number[] = []
  for (const [dividend, divisor] of pairs) {
    if (dividend !== null && divisor !== null && divisor > 0) ratios.push(dividend / divisor)
  }
  return spreadOf(ratios)
}

/** A number with as many digits as it deserves. */
export function short(value: number): string {
  if (Math.abs(value) >= 100) return value.toFixed(0)
  return Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2)
}

/** `median [min..max]`, or a dash. */
export function spreadText(spread: Spread | null): string {
  if (spread === null) return '-'
  return spread.count === 1 ? short(spread.median) : `${short(spread.median)} [${short(spread.min)}..${short(spread.max)}]`
}
