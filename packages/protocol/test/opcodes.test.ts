import { expect, test } from 'vitest'
import { isClientOp, isWriteOp, Op, opName } from '../src/index.ts'

const everyNumber = Array.from({ length: 400 }, (_, i) => i - 200)

test('writes are the operations that get a zxid', () => {
  expect(everyNumber.filter(isWriteOp).map(opName).sort()).toEqual([
    'closeSession',
    'create',
    'create2',
    'createContainer',
    'createSession',
    'createTTL',
    'delete',
    'deleteContainer',
    'multi',
    'reconfig',
    'setACL',
    'setData',
  ])
})

test('clients may send every operation but the internal ones and a check outside of a multi', () => {
  const refused = Object.values(Op).filter((op) => !isClientOp(op))
  expect(refused.map(opName).sort()).toEqual(['check', 'createSession', 'deleteContainer', 'error', 'notification'])
  const known: readonly number[] = Object.values(Op)
  expect(everyNumber.filter((op) => isClientOp(op) && !known.includes(op))).toEqual([])
})

test.each([-0x80000000, -17, -12, -9, 10, 23, 99, 108, 128, 0x7fffffff])('%i is no operation', (op) => {
  expect([isWriteOp(op), isClientOp(op), opName(op)]).toEqual([false, false, `unknown ${op}`])
})

test('operations have the names of the protocol', () => {
  expect([1, 14, 22, 107, -11].map(opName)).toEqual(['create', 'multi', 'multiRead', 'whoAmI', 'closeSession'])
})
