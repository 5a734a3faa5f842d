import { Op } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { operationWord } from '../../src/admin/operation-words.ts'

test('each operation has the word that operators know', () => {
  expect(operationWord(Op.create)).toBe('CREA')
  expect(operationWord(Op.create2)).toBe('CREA')
  expect(operationWord(Op.createContainer)).toBe('CREA')
  expect(operationWord(Op.createTTL)).toBe('CREA')
  expect(operationWord(Op.getChildren2)).toBe('GETC')
  expect(operationWord(Op.createSession)).toBe('SESS')
  expect(operationWord(Op.setWatches2)).toBe('STW2')
  expect(operationWord(Op.getAllChildrenNumber)).toBe('GETACN')
  expect(operationWord(Op.whoAmI)).toBe('HOMI')
})

test('every operation that a session can have done has a word', () => {
  const without = Object.entries(Op).filter(([, op]) => operationWord(op) === 'NA')
  expect(without.map(([name]) => name)).toEqual(['error', 'notification', 'auth', 'sasl'])
})

test('nothing done yet, and an unknown code, are NA', () => {
  expect(operationWord(null)).toBe('NA')
  expect(operationWord(99)).toBe('NA')
})
