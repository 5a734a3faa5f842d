import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AssertionError } from '../../src/lib/assert.ts'
import { Ring } from '../../src/lib/ring.ts'

interface Item {
  readonly value: number
}

test('a ring gives objects back in the order in which they came', () => {
  const ring = new Ring<Item>()
  ring.push({ value: 1 })
  ring.push({ value: 2 })
  expect(ring.peek()).toEqual({ value: 1 })
  expect(ring.shift()).toEqual({ value: 1 })
  expect(ring.shift()).toEqual({ value: 2 })
  expect(ring.shift()).toBeNull()
  expect(ring.peek()).toBeNull()
  expect(ring.size).toBe(0)
})

test('a ring that wraps around and grows behaves as an array that shifts', () => {
  const push = fc.nat(1000).map((value) => ({ kind: 'push' as const, value }))
  const shift = fc.constant({ kind: 'shift' as const })
  const clear = fc.constant({ kind: 'clear' as const })
  const steps = fc.array(
    fc.oneof({ arbitrary: push, weight: 60 }, { arbitrary: shift, weight: 40 }, { arbitrary: clear, weight: 1 }),
    {
      maxLength: 300,
      size: 'max',
    },
  )
  fc.assert(
    fc.property(steps, (schedule) => {
      const ring = new Ring<Item>(1)
      const model: Item[] = []
      for (const step of schedule) {
        if (step.kind === 'push') {
          const item = { value: step.value }
          ring.push(item)
          model.push(item)
        } else if (step.kind === 'shift') {
          expect(ring.shift()).toBe(model.shift() ?? null)
        } else {
          ring.clear()
          model.length = 0
        }
        expect(ring.size).toBe(model.length)
        expect(ring.peek()).toBe(model[0] ?? null)
      }
      for (const [index, item] of model.entries()) expect(ring.at(index)).toBe(item)
    }),
  )
})

test('reading a ring outside of its size breaks an invariant', () => {
  const ring = new Ring<Item>()
  ring.push({ value: 1 })
  expect(() => ring.at(1)).toThrow(AssertionError)
  expect(() => ring.at(-1)).toThrow(AssertionError)
})
