import { expect, test } from 'vitest'
import { AssertionError, assert } from '../../src/lib/assert.ts'

test('an assertion that holds does nothing', () => {
  expect(() => assert(true, 'true is true')).not.toThrow()
})

test('an assertion that fails throws an AssertionError that says what must hold', () => {
  const fail = (): void => assert(false, 'a queue is never negative')
  expect(fail).toThrow(AssertionError)
  expect(fail).toThrow('a queue is never negative')
})
