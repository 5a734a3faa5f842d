import { expect, test } from 'vitest'
import { ErrorCode, errorEntry, errorName, errorTable } from '../src/index.ts'

test('codes and names are unique', () => {
  expect(new Set(errorTable.map(({ code }) => code)).size).toBe(errorTable.length)
  expect(new Set(errorTable.map(({ name }) => name)).size).toBe(errorTable.length)
})

test('ErrorCode has every row of the table, and nothing else', () => {
  expect(Object.entries(ErrorCode)).toEqual(errorTable.map(({ code, name }) => [name, code]))
})

test.each([
  [ErrorCode.OK, 0, 'OK', 'Ok'],
  [ErrorCode.NO_NODE, -101, 'NO_NODE', 'NoNode'],
  [ErrorCode.MARSHALLING_ERROR, -5, 'MARSHALLING_ERROR', 'MarshallingError'],
  [ErrorCode.SESSION_EXPIRED, -112, 'SESSION_EXPIRED', 'Session expired'],
  [ErrorCode.THROTTLED_OP, -127, 'THROTTLED_OP', 'Op throttled due to high load'],
])('the code %i is %i, %s, and %s in the texts of Apache', (constant, code, name, apacheName) => {
  expect(constant).toBe(code)
  expect(errorName(code)).toBe(name)
  expect(errorEntry(code)).toMatchObject({ code, name, apacheName })
})

test('a code that nobody assigned has no row', () => {
  expect(errorEntry(-126)).toBeUndefined()
  expect(errorName(-126)).toBe('UNKNOWN(-126)')
})
