// Dates as Java prints them, `Fri Nov 20 15:55:05 UTC 2026`: the form that `dump` and the scripts that read it use.
// This file formats a time that it is given and never looks at the clock.

/**
 * Which locale knows the short name of a zone differs by zone (EST in the US, CET and BST in Britain, AEDT in
 * Australia, IST in India); the others say `GMT+1`. The first that has a name is taken.
 */
const NAMING_LOCALES = ['en-US', 'en-GB', 'en-AU', 'en-IN']

const OFFSET_NAME = /^GMT[+-]/

/** Formatters by zone; making one is slow, and a server uses one zone. */
const formatters = new Map<string, DateFormatters>()

interface DateFormatters {
  readonly fields: Intl.DateTimeFormat
  readonly names: readonly Intl.DateTimeFormat[]
}

/**
 * The time, in milliseconds since 1970, as `EEE MMM dd HH:mm:ss zzz yyyy`. The zone is a name such as
 * `Europe/Berlin`; null is the zone of the machine. A zone without a known short name shows its offset, as `GMT+9`.
 */
export function javaDateText(timeMs: number, zone: string | null): string {
  const { fields, names } = formattersOf(zone)
  const parts = new Map(fields.formatToParts(timeMs).map((part) => [part.type, part.value]))
  const field = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? ''
  const time = `${field('hour')}:${field('minute')}:${field('second')}`
  return `${field('weekday')} ${field('month')} ${field('day')} ${time} ${zoneName(names, timeMs)} ${field('year')}`
}

function formattersOf(zone: string | null): DateFormatters {
  const known = formatters.get(zone ?? '')
  if (known !== undefined) return known
  const zoneOption = zone === null ? {} : { timeZone: zone }
  const made: DateFormatters = {
    fields: new Intl.DateTimeFormat('en-US', {
      ...zoneOption,
      weekday: 'short',
      month: 'short',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      year: 'numeric',
      hourCycle: 'h23',
    }),
    names: NAMING_LOCALES.map((locale) => new Intl.DateTimeFormat(locale, { ...zoneOption, timeZoneName: 'short' })),
  }
  formatters.set(zone ?? '', made)
  return made
}

function zoneName(names: readonly Intl.DateTimeFormat[], timeMs: number): string {
  let name = ''
  for (const format of names) {
    name = format.formatToParts(timeMs).find((part) => part.type === 'timeZoneName')?.value ?? ''
    if (!OFFSET_NAME.test(name)) return name
  }
  return name
}
