import { expect, test } from 'vitest'
import { javaDateText } from '../../src/admin/java-date.ts'

const NOVEMBER = Date.UTC(2026, 10, 20, 15, 55, 5)
const JUNE = Date.UTC(2026, 5, 21, 0, 0, 0)

test.each([
  ['UTC', 'Fri Nov 20 15:55:05 UTC 2026', 'Sun Jun 21 00:00:00 UTC 2026'],
  ['Europe/Berlin', 'Fri Nov 20 16:55:05 CET 2026', 'Sun Jun 21 02:00:00 CEST 2026'],
  ['America/New_York', 'Fri Nov 20 10:55:05 EST 2026', 'Sat Jun 20 20:00:00 EDT 2026'],
  ['Europe/London', 'Fri Nov 20 15:55:05 GMT 2026', 'Sun Jun 21 01:00:00 BST 2026'],
  ['Asia/Kolkata', 'Fri Nov 20 21:25:05 IST 2026', 'Sun Jun 21 05:30:00 IST 2026'],
  ['Australia/Sydney', 'Sat Nov 21 02:55:05 AEDT 2026', 'Sun Jun 21 10:00:00 AEST 2026'],
])('a date in %s reads as Java prints it, in winter and in summer', (zone, november, june) => {
  expect(javaDateText(NOVEMBER, zone)).toBe(november)
  expect(javaDateText(JUNE, zone)).toBe(june)
})

test('a zone without a short name shows its offset', () => {
  expect(javaDateText(NOVEMBER, 'Asia/Tokyo')).toBe('Sat Nov 21 00:55:05 GMT+9 2026')
})

test('day and hour have two digits, and midnight is 00', () => {
  expect(javaDateText(Date.UTC(2026, 0, 2, 0, 3, 4, 999), 'UTC')).toBe('Fri Jan 02 00:03:04 UTC 2026')
})

test('without a zone the zone of the machine is taken', () => {
  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone
  expect(javaDateText(NOVEMBER, null)).toBe(javaDateText(NOVEMBER, zone))
})
