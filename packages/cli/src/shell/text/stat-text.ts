import type { Stat } from '@tskeeper/client'

/** The eleven lines of a Stat, labels and order as everybody's scripts expect them. */
export function statLines(stat: Stat): string[] {
  return [
    `cZxid = ${hexadecimal(stat.czxid)}`,
    `ctime = ${dateText(stat.ctime)}`,
    `mZxid = ${hexadecimal(stat.mzxid)}`,
    `mtime = ${dateText(stat.mtime)}`,
    `pZxid = ${hexadecimal(stat.pzxid)}`,
    `cversion = ${stat.cversion}`,
    `dataVersion = ${stat.version}`,
    `aclVersion = ${stat.aversion}`,
    `ephemeralOwner = ${hexadecimal(stat.ephemeralOwner)}`,
    `dataLength = ${stat.dataLength}`,
    `numChildren = ${stat.numChildren}`,
  ]
}

/** 64 bits, unsigned, lower case, without padding. */
export function hexadecimal(value: bigint): string {
  return `0x${BigInt.asUintN(64, value).toString(16)}`
}

const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `Fri Nov 20 15:52:26 UTC 2026`, in the local time zone, in English whatever the locale. */
export function dateText(timeMs: number): string {
  const date = new Date(timeMs)
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':')
  const day = `${weekdays[date.getDay()]} ${months[date.getMonth()]} ${twoDigits(date.getDate())}`
  return `${day} ${clock} ${zoneName(date)} ${String(date.getFullYear()).padStart(4, '0')}`
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}

let zoneFormat: Intl.DateTimeFormat | null = null

function zoneName(date: Date): string {
  // Making a formatter takes milliseconds, and most machines that run servers are set to this zone.
  if (process.env['TZ'] === 'UTC') return 'UTC'
  zoneFormat ??= new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' })
  return zoneFormat.formatToParts(date).find((part) => part.type === 'timeZoneName')?.value ?? 'UTC'
}
