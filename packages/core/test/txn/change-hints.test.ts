// What the preparer hands on to who applies: it must say what the tree would find out itself, and must not be
// believed where it is wrong.

import { CreateMode, Op } from '@tskeeper/protocol/server'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CONTENT_CRC } from '../../src/tree/node-fields.ts'
import { ChangeHints } from '../../src/txn/change-hints.ts'
import { describeDatabase } from '../tree/tree-description.ts'
import { type Prepared, Workbench } from './workbench.ts'

test('the CRC that the preparer hands on is the one that the tree would compute', () => {
  const bench = new Workbench()
  const prepared = [
    bench.create('/a', 'x'.repeat(100)),
    bench.setData('/a', 'yy'),
    bench.setData('/a', null),
    bench.setData('/', 'r'),
  ]
  for (const transaction of prepared) {
    bench.apply({ ...transaction, hints: null })
    const { tree, node } = bench.database
    const crc = tree.nodes.getInt(tree.expand(node), CONTENT_CRC)
    expect(transaction.hints?.contentCrc(0)).toBe(crc)
  }
  expect(bench.database.digestMismatchCount).toBe(0)
})

test('creates, deletes and setDatas have a hint each, also in a multi; what fails and what ends a session has none', () => {
  const bench = new Workbench()
  const set = { op: Op.setData, request: { path: '/a', data: null, version: -1 } } as const
  const check = { op: Op.check, request: { path: '/a', version: -1 } } as const
  const missing = { op: Op.check, request: { path: '/missing', version: -1 } } as const
  const counts = [
    bench.create('/a'),
    bench.setData('/a', 'x'),
    bench.multi(set, check, set, { op: Op.delete, request: { path: '/a', version: -1 } }),
    bench.multi(),
    bench.create('/b', '', CreateMode.ephemeral, 5n),
    bench.multi({ ...set, request: { ...set.request, path: '/b' } }, missing),
    bench.delete('/missing'),
    bench.closeSession(5n),
    bench.delete('/b'),
  ].map(({ hints }) => hints?.count)
  expect(counts).toEqual([1, 1, 3, 0, 1, 0, 0, 0, 0])
})

test('a hint names the place of a node that the tree has, and none for one that is still to come', () => {
  const bench = new Workbench()
  bench.apply(bench.create('/old'))
  const { tree } = bench.database
  const place = bench.database.find('/old')
  const made = bench.create('/new')
  expect(bench.setData('/old', 'x').hints?.place(0)).toBe(place)
  expect(bench.create('/old/child').hints?.place(0)).toBe(place)
  expect(bench.create('/new/child').hints?.place(0)).toBe(0)
  expect(bench.setData('/new', 'x').hints?.place(0)).toBe(0)
  expect(made.hints?.place(0)).toBe(tree.root)
  expect([bench.delete('/old/child'), bench.delete('/old')].map(({ hints }) => hints?.place(0))).toEqual([0, place])
  // Deleted and made again: the old place is no place for it.
  const again = bench.create('/old')
  expect([again.code, bench.setData('/old', 'y').hints?.place(0)]).toEqual([0, 0])
})

test('places that are wrong are not believed', () => {
  const names = ['/a', '/a/b', '/c', '/zookeeper']
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 3 }), fc.nat({ max: 12 })), { maxLength: 40 }), (steps) => {
      const [hinted, plain] = [new Workbench(), new Workbench()]
      for (const [action, name, place] of steps) {
        const path = names[name] as string
        const run = (bench: Workbench): Prepared =>
          action === 0 ? bench.create(path, 'x') : action === 1 ? bench.delete(path) : bench.setData(path, `${action}`)
        const [first, second] = [run(hinted), run(plain)]
        const misleading = new ChangeHints()
        const { hints } = first
        for (let i = 0; i < (hints?.count ?? 0); i++) misleading.add(place, hints?.hash(i) ?? 0, hints?.contentCrc(i) ?? 0)
        hinted.apply({ ...first, hints: misleading })
        plain.apply({ ...second, hints: null })
        expect(first.code).toBe(second.code)
      }
      expect(describeDatabase(hinted.database)).toEqual(describeDatabase(plain.database))
      expect(hinted.database.digestMismatchCount).toBe(0)
    }),
  )
})

test('many hints are kept in their order', () => {
  const [one, all] = [new ChangeHints(), new ChangeHints()]
  for (let i = 1; i <= 100; i++) one.add(i, -i, i * 3)
  all.add(7, 8, 9)
  all.addAll(one)
  expect([all.count, all.place(0), all.place(100), all.hash(50), all.contentCrc(99)]).toEqual([101, 7, 100, -50, 297])
  all.clear()
  expect(all.count).toBe(0)
})
