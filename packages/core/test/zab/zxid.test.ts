import { expect, test } from 'vitest'
import { counterOf, EPOCH_MAX, epochOf, epochStart, hexZxid, isEpochStart, isSuccessor } from '../../src/zab/zxid.ts'
import { ZxidQueue } from '../../src/zab/zxid-queue.ts'
import { zxidOf } from './transactions.ts'

test('a zxid comes apart into epoch and counter, up to the largest', () => {
  const largest = zxidOf(EPOCH_MAX, 0xffffffff)

  expect(largest).toBe(Number.MAX_SAFE_INTEGER)
  expect([epochOf(largest), counterOf(largest)]).toEqual([EPOCH_MAX, 0xffffffff])
  expect([epochOf(0), counterOf(0), epochOf(-1)]).toEqual([0, 0, -1])
  expect(epochStart(3)).toBe(zxidOf(3, 0))
})

test.each([
  ['1.5', '1.6', true],
  ['1.5', '1.7', false],
  ['1.5', '1.5', false],
  ['1.5', '2.1', true],
  ['1.5', '4.1', true],
  ['1.5', '2.2', false],
  ['2.5', '1.1', false],
  ['2.0', '2.1', true],
  ['0.0', '1.1', true],
])('after %s can come %s: %s', (previous, next, expected) => {
  const [before, after] = [previous, next].map((text) => {
    const [epoch = 0, counter = 0] = text.split('.').map(Number)
    return zxidOf(epoch, counter)
  })

  expect(isSuccessor(before ?? 0, after ?? 0)).toBe(expected)
})

test('the beginning of an epoch follows nothing', () => {
  expect(isSuccessor(zxidOf(1, 0xffffffff), zxidOf(2, 0))).toBe(false)
  expect(isEpochStart(zxidOf(2, 0))).toBe(true)
})

test('zxids are printed as operators know them', () => {
  expect(hexZxid(zxidOf(1, 10))).toBe('10000000a')
})

test('a queue of zxids gives them back in order while it grows', () => {
  const queue = new ZxidQueue()
  for (let zxid = 1; zxid <= 40; zxid++) queue.push(zxid)
  for (let zxid = 1; zxid <= 30; zxid++) expect(queue.shift()).toBe(zxid)
  for (let zxid = 41; zxid <= 300; zxid++) queue.push(zxid)

  expect([queue.size, queue.peek(), queue.at(5), queue.at(270)]).toEqual([270, 31, 36, null])
  for (let zxid = 31; zxid <= 300; zxid++) expect(queue.shift()).toBe(zxid)
  expect(() => queue.shift()).toThrow('a queue that has one')
})
