// The text of a quota's nodes. Limits of `count=1,bytes=10=;byteHardLimit=20;countHardLimit=3`: the odd `=` keeps older readers working, which
// stop at the second pair. -1 is no limit.

/** What a quota allows. */
export interface QuotaLimits {
  readonly count: number
  readonly bytes: number
  readonly countHardLimit: number
  readonly byteHardLimit: number
}

/** What is used. */
export interface QuotaUsage {
  readonly count: number
  readonly bytes: number
}

export const NO_LIMITS: QuotaLimits = { count: -1, bytes: -1, countHardLimit: -1, byteHardLimit: -1 }

/** Reads the limits; what is missing is -1. */
export function parseLimits(text: string): QuotaLimits {
  const number = readNumbers(text)
  return {
    count: number.get('count') ?? -1,
    bytes: number.get('bytes') ?? -1,
    countHardLimit: number.get('countHardLimit') ?? -1,
    byteHardLimit: number.get('byteHardLimit') ?? -1,
  }
}

/** Writes the limits as every release reads them. */
export function formatLimits(limits: QuotaLimits): string {
  const { count, bytes, countHardLimit, byteHardLimit } = limits
  return `count=${count},bytes=${bytes}=;byteHardLimit=${byteHardLimit};countHardLimit=${countHardLimit}`
}

/** Reads what is used; what is missing is 0. */
export function parseUsage(text: string): QuotaUsage {
  const number = readNumbers(text)
  return { count: number.get('count') ?? 0, bytes: number.get('bytes') ?? 0 }
}

/** `count=2,bytes=0`. */
export function formatUsage(usage: QuotaUsage): string {
  return `count=${usage.count},bytes=${usage.bytes}`
}

function readNumbers(text: string): Map<string, number> {
  return new Map([...text.matchAll(/(\w+)=(-?\d+)/g)].map((match) => [match[1] ?? '', Number(match[2])]))
}
