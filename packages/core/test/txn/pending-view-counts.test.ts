import { expect, test } from 'vitest'
import { Workbench } from './workbench.ts'

test('each change of a node is counted when it is prepared, and waits until it is applied', () => {
  const bench = new Workbench()
  const { view } = bench.preparer
  // /a and its parent.
  const created = bench.create('/a')
  expect([view.preparedCount, view.waitingCount]).toEqual([2, 2])
  const changed = bench.setData('/a', 'x')
  expect([view.preparedCount, view.waitingCount]).toEqual([3, 3])
  bench.apply(created)
  expect([view.preparedCount, view.waitingCount]).toEqual([3, 1])
  bench.apply(changed)
  expect([view.preparedCount, view.waitingCount]).toEqual([3, 0])
})

test('changes that are given up wait no more', () => {
  const bench = new Workbench()
  const { view } = bench.preparer
  view.beginMulti()
  bench.create('/a')
  view.undoMulti()
  expect([view.preparedCount, view.waitingCount]).toEqual([2, 0])
})
