/** Decimals of averages, as in Apache's outputs. */
const DECIMALS_SCALE = 10_000

/** From here on a double has no decimals left, and JavaScript would begin to print exponents. */
const WHOLE_FROM = 2 ** 53

/** A whole number in plain decimal; fractions are rounded. */
export function integerText(value: number): string {
  const rounded = Math.round(value)
  return Math.abs(rounded) >= WHOLE_FROM ? BigInt(rounded).toString() : String(rounded)
}

/**
 * A double as `mntr` and `srvr` print it: rounded half up to at most four decimals, always with a point, never with
 * an exponent: `0.0`, `8.25`, `1.2317`.
 */
export function doubleText(value: number): string {
  if (Math.abs(value) >= WHOLE_FROM) return `${BigInt(value)}.0`
  const scaled = Math.floor(value * DECIMALS_SCALE + 0.5)
  const rounded = Math.abs(scaled) < WHOLE_FROM ? scaled / DECIMALS_SCALE : value
  return Number.isInteger(rounded) ? `${rounded}.0` : String(rounded)
}
