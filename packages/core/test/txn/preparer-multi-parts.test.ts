import { CreateMode, Op } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { openAcl, transactionOf, Workbench } from './workbench.ts'

/** Parts that Apache's servers write and can replay; a log with any other would be half lost on them. */
const partTypesOfApache: readonly number[] = [
  Op.create,
  Op.createTTL,
  Op.createContainer,
  Op.delete,
  Op.setData,
  Op.check,
  Op.error,
]

test('the parts of a multi are logged under the types that Apache can replay: create2 becomes create', () => {
  const bench = new Workbench()
  const request = { data: null, acl: openAcl, flags: CreateMode.persistent }
  const prepared = bench.multi(
    { op: Op.create2, request: { ...request, path: '/a' } },
    { op: Op.create2, request: { ...request, path: '/a/s-', flags: CreateMode.ephemeralSequential } },
    { op: Op.create2, request: { ...request, path: '/box', flags: CreateMode.container } },
  )
  const { body } = transactionOf(prepared)
  const types = body.type === Op.multi ? body.parts.map((part) => part.type) : []
  expect(types).toEqual([Op.create, Op.create, Op.createContainer])
  expect(types.every((type) => partTypesOfApache.includes(type))).toBe(true)
})
