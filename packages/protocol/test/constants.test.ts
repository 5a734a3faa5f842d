import { expect, test } from 'vitest'
import { CreateMode, isCreateMode, isEphemeralMode, isSequentialMode, isTtlMode } from '../src/index.ts'

test('the create modes are 0 to 6', () => {
  const flags = Array.from({ length: 20 }, (_, i) => i - 10)
  expect(flags.filter(isCreateMode)).toEqual([0, 1, 2, 3, 4, 5, 6])
})

test.each([
  [CreateMode.persistent, false, false, false],
  [CreateMode.ephemeral, true, false, false],
  [CreateMode.persistentSequential, false, true, false],
  [CreateMode.ephemeralSequential, true, true, false],
  [CreateMode.container, false, false, false],
  [CreateMode.persistentWithTtl, false, false, true],
  [CreateMode.persistentSequentialWithTtl, false, true, true],
])('mode %i: ephemeral %s, sequential %s, with a TTL %s', (mode, isEphemeral, isSequential, hasTtl) => {
  expect([isEphemeralMode(mode), isSequentialMode(mode), isTtlMode(mode)]).toEqual([isEphemeral, isSequential, hasTtl])
})
