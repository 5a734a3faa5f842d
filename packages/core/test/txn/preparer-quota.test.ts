// Quotas while a request is prepared: which limit counts, what is refused and what is only reported.

import { ErrorCode, Op } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import type { QuotaExcess } from '../../src/tree/quota-table.ts'
import { bytesOf, codesOf, openAcl, Workbench } from './workbench.ts'

interface Limited {
  readonly bench: Workbench
  /** What was reported as exceeded, in its order. */
  readonly reports: QuotaExcess[]
}

/** A tree with these limits on /q, where /q itself with two bytes of data is what is used. */
function limited(limits: string, isQuotaEnforced = true): Limited {
  const reports: QuotaExcess[] = []
  const bench = new Workbench({}, { isQuotaEnforced, onQuotaExcess: (excess) => reports.push(excess) })
  bench.apply(bench.create('/q', 'xx'), bench.create('/zookeeper/quota/q', null))
  bench.apply(bench.create('/zookeeper/quota/q/zookeeper_limits', limits))
  bench.apply(bench.create('/zookeeper/quota/q/zookeeper_stats', 'count=0,bytes=0'))
  return { bench, reports }
}

const usage = (bench: Workbench): string | null => bench.data('/zookeeper/quota/q/zookeeper_stats')

test('A195: a soft limit is reported and lets the request pass', () => {
  const { bench, reports } = limited('count=2,bytes=5')
  expect(bench.run(bench.create('/q/a', 'yyy'))).toBe(0)
  expect(reports).toEqual([])
  expect(bench.run(bench.create('/q/b', ''))).toBe(0)
  expect(reports).toEqual([{ path: '/q', what: 'count', isHard: false, limit: 2, usage: 3 }])
  expect(bench.run(bench.setData('/q/b', 'z'))).toBe(0)
  expect(reports.at(-1)).toEqual({ path: '/q', what: 'bytes', isHard: false, limit: 5, usage: 6 })
  expect(usage(bench)).toBe('count=3,bytes=6')
})

test('A195: a hard limit refuses what would go beyond it, and takes what just reaches it', () => {
  const { bench, reports } = limited('count=-1,bytes=-1=;byteHardLimit=5;countHardLimit=3')
  expect(bench.run(bench.create('/q/a', 'yyy'))).toBe(0)
  expect(bench.run(bench.create('/q/b', 'z'))).toBe(ErrorCode.QUOTA_EXCEEDED)
  expect(reports.at(-1)).toEqual({ path: '/q', what: 'bytes', isHard: true, limit: 5, usage: 6 })
  expect(bench.run(bench.create('/q/b', ''))).toBe(0)
  expect(bench.run(bench.create('/q/c', null))).toBe(ErrorCode.QUOTA_EXCEEDED)
  expect(reports.at(-1)).toMatchObject({ what: 'count', isHard: true, limit: 3, usage: 4 })
  expect(bench.run(bench.setData('/q/b', 'z'))).toBe(ErrorCode.QUOTA_EXCEEDED)
  expect(bench.run(bench.setData('/q/a', 'zzz'))).toBe(0)
  expect(bench.run(bench.delete('/q/b'))).toBe(0)
  expect(bench.run(bench.create('/q/c', ''))).toBe(0)
})

test('the hard limit counts where there is one, the soft one beside it does not', () => {
  const { bench, reports } = limited('count=1,bytes=1=;byteHardLimit=100;countHardLimit=100')
  expect(bench.run(bench.create('/q/a', 'yyy'))).toBe(0)
  expect(reports).toEqual([])
})

test('of a soft limit on the count and a hard one on the bytes, the hard one decides', () => {
  const { bench, reports } = limited('count=1,bytes=-1=;byteHardLimit=3')
  expect(bench.create('/q/a', 'yy').code).toBe(ErrorCode.QUOTA_EXCEEDED)
  expect(reports).toEqual([{ path: '/q', what: 'bytes', isHard: true, limit: 3, usage: 4 }])
  expect(bench.create('/q/a', '').code).toBe(0)
  expect(reports.at(-1)).toMatchObject({ what: 'count', isHard: false })
})

test('of a hard limit on the count and a soft one on the bytes, the hard one decides', () => {
  const { bench, reports } = limited('count=-1,bytes=1=;countHardLimit=1')
  expect(bench.create('/q/a', 'yy').code).toBe(ErrorCode.QUOTA_EXCEEDED)
  expect(reports).toEqual([{ path: '/q', what: 'count', isHard: true, limit: 1, usage: 2 }])
})

test('without enforcement everything passes, and is reported', () => {
  const { bench, reports } = limited('count=-1,bytes=-1=;byteHardLimit=2;countHardLimit=1', false)
  expect(bench.run(bench.create('/q/a', 'yyy'))).toBe(0)
  expect(reports).toHaveLength(1)
})

test('a change that shrinks the data is refused while the usage stays above the hard limit', () => {
  const { bench } = limited('count=-1,bytes=-1=;byteHardLimit=4')
  bench.apply(bench.create('/q/a', 'y'))
  bench.apply(bench.setData('/zookeeper/quota/q/zookeeper_limits', 'count=-1,bytes=-1=;byteHardLimit=1'))
  expect(bench.setData('/q', 'x').code).toBe(ErrorCode.QUOTA_EXCEEDED)
  // As long as before is no difference, and so no matter for a quota.
  expect(bench.setData('/q', 'ab').code).toBe(0)
  expect(bench.setData('/q', '').code).toBe(0)
})

test('deletes and changes of ACLs are never refused', () => {
  const { bench } = limited('count=-1,bytes=-1=;byteHardLimit=0;countHardLimit=0')
  expect(bench.setAcl('/q', openAcl).code).toBe(0)
  expect(bench.delete('/q').code).toBe(0)
})

test('what counts is the usage that is applied: a multi and pipelined requests can overshoot', () => {
  const { bench } = limited('count=-1,bytes=-1=;countHardLimit=2')
  const create = (path: string) => ({ op: Op.create, request: { path, data: bytesOf(''), acl: openAcl, flags: 0 } }) as const
  const multi = bench.multi(create('/q/a'), create('/q/b'))
  const pipelined = bench.create('/q/c')
  expect([...codesOf(multi), pipelined.code]).toEqual([0, 0, 0])
  bench.apply(multi, pipelined)
  expect(usage(bench)).toBe('count=4,bytes=2')
  expect(codesOf(bench.multi(create('/x'), create('/q/d')))).toEqual([0, ErrorCode.QUOTA_EXCEEDED])
})

test('limits that cannot be understood make the request malformed, also where nothing is counted', () => {
  const bench = new Workbench({ isQuotaEnforced: true })
  bench.apply(bench.create('/a'), bench.create('/zookeeper/quota/a', null))
  bench.apply(bench.create('/zookeeper/quota/a/zookeeper_limits', 'nonsense'))
  expect(bench.run(bench.create('/a/b'))).toBe(ErrorCode.MARSHALLING_ERROR)
})

test('limits that cannot be understood make the request malformed, if quotas are enforced', () => {
  expect(limited('count=three,bytes=1').bench.create('/q/a').code).toBe(ErrorCode.MARSHALLING_ERROR)
  expect(limited('count').bench.create('/q/a').code).toBe(ErrorCode.MARSHALLING_ERROR)
  expect(limited('count=three', false).bench.create('/q/a').code).toBe(0)
})

test('where limits or usage are missing there is no quota', () => {
  const { bench } = limited('count=-1,bytes=-1=;countHardLimit=1')
  bench.apply(bench.delete('/zookeeper/quota/q/zookeeper_stats'))
  expect(bench.create('/q/a').code).toBe(0)
  const { bench: other } = limited('count=-1,bytes=-1=;countHardLimit=1')
  other.apply(other.delete('/zookeeper/quota/q/zookeeper_limits'))
  expect(other.create('/q/a').code).toBe(0)
})

test('neighbours whose names begin alike are outside of the quota', () => {
  const { bench } = limited('count=-1,bytes=-1=;countHardLimit=1')
  expect(bench.create('/quite').code).toBe(0)
  expect(bench.create('/q/a').code).toBe(ErrorCode.QUOTA_EXCEEDED)
})
