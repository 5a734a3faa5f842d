// The usage below a quota's path, kept up with every change and counted anew when it is set or loaded.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DATA_LENGTH } from '../../src/tree/node-fields.ts'
import { parseLimits } from '../../src/tree/quota-table.ts'
import { arbitrarySteps } from '../txn/arbitrary-writes.ts'
import { Workbench } from '../txn/workbench.ts'

const nothing = { count: -1, bytes: -1, countHardLimit: -1, byteHardLimit: -1 }

test.each([
  ['count=3,bytes=-1=;byteHardLimit=20;countHardLimit=3', { count: 3, bytes: -1, countHardLimit: 3, byteHardLimit: 20 }],
  ['count=5,bytes=7', { ...nothing, count: 5, bytes: 7 }],
  ['', nothing],
  ['bytes=7', { ...nothing, bytes: 7 }],
  ['count=,bytes=', nothing],
  [',,count=1;;,bytes=2,', { ...nothing, count: 1, bytes: 2 }],
  ['count=1=2=3', { ...nothing, count: 1 }],
  ['unknown=4,count=1', { ...nothing, count: 1 }],
])('the limits %j are understood', (text, limits) => {
  expect(parseLimits(text)).toEqual(limits)
})

test.each(['count', 'count=x', 'count=1.5', 'count=1,bytes', '=', 'count= 1'])('the limits %j are not understood', (text) => {
  if (text === '=') expect(parseLimits(text)).toEqual(nothing)
  else expect(parseLimits(text)).toBeNull()
})

function setQuota(bench: Workbench, path: string, limits: string): void {
  let parent = '/zookeeper/quota'
  for (const name of path.split('/').slice(1)) {
    parent += `/${name}`
    if (!bench.exists(parent)) bench.apply(bench.create(parent, null))
  }
  bench.apply(bench.create(`${parent}/zookeeper_limits`, limits), bench.create(`${parent}/zookeeper_stats`, ''))
}

const usage = (bench: Workbench, path: string): string | null => bench.data(`/zookeeper/quota${path}/zookeeper_stats`)

test('the usage is counted when the node for it is created: all nodes with the path’s own, and all their data', () => {
  const bench = new Workbench()
  bench.apply(bench.create('/a', 'xx'), bench.create('/a/b', 'yyy'), bench.create('/a/b/c', null), bench.create('/ab', 'z'))
  setQuota(bench, '/a', 'count=1,bytes=1')
  expect(usage(bench, '/a')).toBe('count=3,bytes=5')
  setQuota(bench, '/none', 'count=1,bytes=1')
  expect(usage(bench, '/none')).toBe('count=0,bytes=0')
})

test('the usage follows creates, deletes and changes below its path, without a version, zxid or digest', () => {
  const bench = new Workbench()
  bench.apply(bench.create('/a', 'xx'))
  setQuota(bench, '/a', 'count=100,bytes=100')
  const stat = bench.stat('/zookeeper/quota/a/zookeeper_stats')
  const steps: [() => number, string][] = [
    [() => bench.run(bench.create('/a/b', 'yyy')), 'count=2,bytes=5'],
    [() => bench.run(bench.create('/a/b/c', null)), 'count=3,bytes=5'],
    [() => bench.run(bench.setData('/a/b', 'y')), 'count=3,bytes=3'],
    [() => bench.run(bench.setData('/a', null)), 'count=3,bytes=1'],
    [() => bench.run(bench.create('/ab', 'zzz')), 'count=3,bytes=1'],
    [() => bench.run(bench.delete('/a/b/c')), 'count=2,bytes=1'],
    [() => bench.run(bench.delete('/a/b')), 'count=1,bytes=0'],
  ]
  for (const [step, expected] of steps) {
    expect(step()).toBe(0)
    expect(usage(bench, '/a')).toBe(expected)
  }
  expect(bench.stat('/zookeeper/quota/a/zookeeper_stats')).toEqual({ ...stat, dataLength: 'count=1,bytes=0'.length })
  expect(bench.database.digestMismatchCount).toBe(0)
})

test('only the deepest quota above a node counts it', () => {
  const bench = new Workbench()
  bench.apply(bench.create('/a'), bench.create('/a/b'))
  setQuota(bench, '/a', 'count=9,bytes=9')
  setQuota(bench, '/a/b', 'count=9,bytes=9')
  expect([usage(bench, '/a'), usage(bench, '/a/b')]).toEqual(['count=2,bytes=0', 'count=1,bytes=0'])
  bench.apply(bench.create('/a/b/c', 'xxx'), bench.create('/a/d', 'y'))
  expect([usage(bench, '/a'), usage(bench, '/a/b')]).toEqual(['count=3,bytes=1', 'count=2,bytes=3'])
})

test('when the limits go, the usage is no longer kept up, and the quota is no longer listed', () => {
  const bench = new Workbench()
  bench.apply(bench.create('/a'))
  setQuota(bench, '/a', 'count=9,bytes=9')
  const { quotas } = bench.database.tree
  expect([...quotas.all()]).toEqual([{ path: '/a', limits: { ...nothing, count: 9, bytes: 9 }, usage: { count: 1, bytes: 0 } }])
  bench.apply(bench.delete('/zookeeper/quota/a/zookeeper_limits'), bench.create('/a/b', 'x'))
  expect(usage(bench, '/a')).toBe('count=1,bytes=0')
  expect([...quotas.all()]).toEqual([])
  expect(quotas.isEmpty()).toBe(true)
})

test('without the node for the usage nothing is counted, and nothing goes wrong', () => {
  const bench = new Workbench()
  bench.apply(bench.create('/a'))
  setQuota(bench, '/a', 'count=9,bytes=9')
  bench.apply(bench.delete('/zookeeper/quota/a/zookeeper_stats'))
  expect(bench.run(bench.create('/a/b'))).toBe(0)
  expect([...bench.database.tree.quotas.all()]).toMatchObject([{ path: '/a', usage: { count: 0, bytes: 0 } }])
})

test('limits at the top of /zookeeper/quota are no quota: the root never has one', () => {
  const bench = new Workbench()
  bench.apply(bench.create('/zookeeper/quota/zookeeper_limits', 'count=1,bytes=1'))
  expect(bench.database.tree.quotas.isEmpty()).toBe(true)
  expect(bench.run(bench.create('/a'))).toBe(0)
})

test('a quota whose limits cannot be understood is not listed', () => {
  const bench = new Workbench()
  bench.apply(bench.create('/a'))
  setQuota(bench, '/a', 'nonsense')
  expect([...bench.database.tree.quotas.all()]).toEqual([])
})

test('whatever happens below it, the usage is what counting would find', () => {
  fc.assert(
    fc.property(arbitrarySteps(40), (steps) => {
      const bench = new Workbench({}, { isQuotaEnforced: false })
      setQuota(bench, '/a', 'count=1,bytes=1')
      for (const step of steps) {
        if (step.kind === 'write') bench.apply(bench.write(step.write, step.sessionId))
        else if (step.kind === 'closeSession') bench.apply(bench.closeSession(step.sessionId))
        else if (step.kind === 'deleteContainer') bench.apply(bench.deleteContainer(step.path))
      }
      const { tree } = bench.database
      const top = bench.database.find('/a')
      let count = 0
      let bytes = 0
      for (let node = top; node !== 0; node = tree.nextInPreorder(node, top)) {
        count++
        bytes += tree.nodes.getInt(node, DATA_LENGTH)
      }
      expect(usage(bench, '/a')).toBe(`count=${count},bytes=${bytes}`)
      tree.quotas.rebuild()
      expect(usage(bench, '/a')).toBe(`count=${count},bytes=${bytes}`)
    }),
    { numRuns: 100 },
  )
})
