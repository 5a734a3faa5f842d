import type { Stat } from '@tskeeper/client'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { dateText, hexadecimal, statLines } from '../../../src/shell/text/stat-text.ts'

const stat: Stat = {
  czxid: 2n,
  ctime: Date.UTC(2026, 10, 20, 15, 52, 26),
  mzxid: 5n,
  mtime: Date.UTC(2026, 10, 2, 5, 2, 9),
  pzxid: 0x1_0000_0008n,
  cversion: 1,
  version: 2,
  aversion: 0,
  ephemeralOwner: 0n,
  dataLength: 9,
  numChildren: 1,
}

beforeEach(() => vi.stubEnv('TZ', 'UTC'))
afterEach(() => vi.unstubAllEnvs())

test('A170: the eleven lines of a Stat, in the order that everybody knows', () => {
  expect(statLines(stat)).toEqual([
    'cZxid = 0x2',
    'ctime = Fri Nov 20 15:52:26 UTC 2026',
    'mZxid = 0x5',
    'mtime = Mon Nov 02 05:02:09 UTC 2026',
    'pZxid = 0x100000008',
    'cversion = 1',
    'dataVersion = 2',
    'aclVersion = 0',
    'ephemeralOwner = 0x0',
    'dataLength = 9',
    'numChildren = 1',
  ])
})

test('owners with the highest bit are printed without a sign', () => {
  expect(hexadecimal(-(1n << 63n))).toBe('0x8000000000000000')
})

test('the beginning of time is a date, too', () => {
  expect(dateText(0)).toBe('Thu Jan 01 00:00:00 UTC 1970')
})
