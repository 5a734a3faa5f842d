import { ConfigError } from './config-error.ts'

const DECIMAL = /^[+-]?\d+$/

/** Smallest and largest value of a 32-bit integer, the type of nearly all settings. */
export const INTEGER_MIN: number = -(2 ** 31)
export const INTEGER_MAX: number = 2 ** 31 - 1

/**
 * The whole number that a text spells: an optional sign and decimal digits, nothing else, between the limits.
 * `remedy` ends the message when it does not.
 */
export function parseWholeNumber(text: string, minimum: number, maximum: number, remedy: string): number {
  const value = DECIMAL.test(text) ? Number(text) : Number.NaN
  if (!(value >= minimum && value <= maximum)) throw new ConfigError(notANumber(text), remedy)
  return value
}

/** What Java says about a text that is not a number; operators know the words. */
export function notANumber(text: string): string {
  return `For input string: "${text}"`
}
