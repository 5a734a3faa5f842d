import { ConfigError, notANumber, parseWholeNumber } from '@tskeeper/core'

const HEXADECIMAL = /^[+-]?0[xX][0-9a-fA-F]+$/

/** A whole number as `parseWholeNumber` reads it, or hexadecimal digits after `0x`, as a Java system property allows. */
export function parseWholeNumberOrHex(text: string, minimum: number, maximum: number, remedy: string): number {
  if (!HEXADECIMAL.test(text)) return parseWholeNumber(text, minimum, maximum, remedy)
  const value = text.startsWith('-') ? -Number(text.slice(1)) : Number(text.startsWith('+') ? text.slice(1) : text)
  if (!(value >= minimum && value <= maximum)) throw new ConfigError(notANumber(text), remedy)
  return value
}
