import { expect, test } from 'vitest'
import { SeededRandom } from '../../src/lib/seeded-random.ts'

function draw(seed: number, count: number): number[] {
  const random = new SeededRandom(seed)
  return Array.from({ length: count }, () => random.next32())
}

test('the same seed gives the same numbers', () => {
  expect(draw(42, 100)).toEqual(draw(42, 100))
})

test('a recorded run can be repeated for ever: the numbers of a seed do not change', () => {
  expect(draw(1, 4)).toEqual([2960784618, 3533934159, 1749803239, 804215923])
})

test('neighbouring seeds, and seeds that differ only above 32 bits, give unrelated numbers', () => {
  for (const [left, right] of [
    [1, 2],
    [0, 4294967296],
    [5, -5],
  ] as const) {
    const common = draw(left, 100).filter((value, index) => draw(right, 100)[index] === value)
    expect(common.length).toBeLessThan(2)
  }
})

test('numbers fill their range evenly', () => {
  const random = new SeededRandom(7)
  const counts = new Array<number>(10).fill(0)
  for (let index = 0; index < 100_000; index++) {
    const value = random.below(10)
    counts[value] = (counts[value] ?? 0) + 1
  }
  // 10,000 are expected in each of 10 cells, with a standard deviation of 95.
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500)
})

test('fractions are at least 0 and below 1, and whole numbers below their limit', () => {
  const random = new SeededRandom(3)
  for (let index = 0; index < 10_000; index++) {
    const fraction = random.next()
    const whole = random.below(4294967296)
    if (!(fraction >= 0 && fraction < 1)) expect.unreachable(`${fraction} is no fraction`)
    if (!(Number.isInteger(whole) && whole >= 0 && whole < 4294967296)) expect.unreachable(`${whole} is out of range`)
  }
  expect(random.below(1)).toBe(0)
})

test('each bit is set half of the time', () => {
  const values = draw(11, 20_000)
  for (let bit = 0; bit < 32; bit++) {
    const set = values.filter((value) => ((value >>> bit) & 1) === 1).length
    expect(Math.abs(set - 10_000)).toBeLessThan(500)
  }
})
