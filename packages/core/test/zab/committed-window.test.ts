import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CommittedWindow } from '../../src/zab/committed-window.ts'
import { zxidOf } from './transactions.ts'

function fill(window: CommittedWindow, from: number, to: number, size = 10): void {
  for (let counter = from; counter <= to; counter++) {
    const bytes = new Uint8Array(size).fill(counter)
    window.append(zxidOf(1, counter), bytes, 0, size)
  }
}

test('an empty window has no zxids', () => {
  const window = new CommittedWindow()

  expect([window.minCommitted, window.maxCommitted, window.lastZxid, window.size]).toEqual([null, null, null, 0])
})

test('at least 500 committed transactions are kept, and older ones leave', () => {
  const window = new CommittedWindow()
  fill(window, 1, 700)

  window.commit(zxidOf(1, 600))

  expect(window.minCommitted).toBe(zxidOf(1, 101))
  expect(window.maxCommitted).toBe(zxidOf(1, 600))
  expect(window.lastZxid).toBe(zxidOf(1, 700))
})

test('what is proposed stays however much it is', () => {
  const window = new CommittedWindow(2, 50)

  fill(window, 1, 3000)

  expect(window.size).toBe(3000)
  expect(window.bytes).toBe(30_000)
})

test('bytes bound the window before the number does', () => {
  const window = new CommittedWindow(500, 1000)
  fill(window, 1, 20, 100)

  window.commit(zxidOf(1, 20))

  expect(window.size).toBe(10)
  expect(window.bytes).toBe(1000)
})

test('one transaction is kept even if it is larger than all that the window may hold', () => {
  const window = new CommittedWindow(500, 1000)
  fill(window, 1, 2, 5000)

  window.commit(zxidOf(1, 2))

  expect(window.minCommitted).toBe(zxidOf(1, 2))
})

test('a gap inside an epoch is a broken invariant', () => {
  const window = new CommittedWindow()
  fill(window, 1, 3)

  expect(() => fill(window, 5, 5)).toThrow('no gap inside an epoch')
})

test('a later epoch begins with its first transaction', () => {
  const window = new CommittedWindow()
  fill(window, 1, 3)

  window.append(zxidOf(4, 1), new Uint8Array(1), 0, 1)

  expect(window.lastZxid).toBe(zxidOf(4, 1))
})

test('a transaction that is there already is passed over', () => {
  const window = new CommittedWindow()
  fill(window, 1, 3)

  fill(window, 2, 4)

  expect(window.size).toBe(4)
})

test('the window has copies: what was appended may be overwritten', () => {
  const window = new CommittedWindow()
  const bytes = new Uint8Array([9, 1, 2, 3, 9])

  window.append(zxidOf(1, 1), bytes, 1, 4)
  bytes.fill(7)

  expect([...window.chunkAt(0).subarray(window.startAt(0), window.endAt(0))]).toEqual([1, 2, 3])
})

test('transactions larger than what entries share have bytes of their own', () => {
  const window = new CommittedWindow()
  const large = new Uint8Array(300_000).fill(5)

  fill(window, 1, 1)
  window.append(zxidOf(1, 2), large, 0, large.length)
  fill(window, 3, 3)

  const contents = [0, 1, 2].map((index) => window.chunkAt(index).subarray(window.startAt(index), window.endAt(index)))
  expect(contents.map((content) => [content.length, content[0]])).toEqual([
    [10, 1],
    [300_000, 5],
    [10, 3],
  ])
})

test('memory is used again: however much passes through, few pieces of it serve', () => {
  const window = new CommittedWindow(500)
  const pieces = new Set<Uint8Array>()

  for (let counter = 1; counter <= 20_000; counter++) {
    fill(window, counter, counter, 1024)
    pieces.add(window.chunkAt(window.size - 1))
    if (counter % 1000 === 0) window.commit(zxidOf(1, counter))
  }

  // At most 1,500 entries at a time, and each piece has room for 256.
  expect(pieces.size).toBeLessThanOrEqual(8)
})

interface Entry {
  readonly zxid: number
  readonly mark: number
}

const change = fc.oneof(
  fc.record({ kind: fc.constant('append' as const), amount: fc.integer({ min: 1, max: 900 }) }),
  fc.record({ kind: fc.constant('epoch' as const), amount: fc.constant(1) }),
  fc.record({ kind: fc.constant('commit' as const), amount: fc.integer({ min: 0, max: 900 }) }),
  fc.record({ kind: fc.constant('truncate' as const), amount: fc.integer({ min: 0, max: 60 }) }),
)

/** The plainest window: arrays. */
class PlainWindow {
  entries: Entry[] = []
  committed = 0
  epoch = 1
  counter = 0

  next(mark: number): Entry {
    this.counter++
    const entry = { zxid: zxidOf(this.epoch, this.counter), mark }
    this.entries.push(entry)
    return entry
  }

  commit(amount: number, entriesMax: number): number {
    this.committed = Math.min(this.entries.length, this.committed + amount)
    const zxid = this.entries[this.committed - 1]?.zxid ?? 0
    while (this.committed > entriesMax) {
      this.entries.shift()
      this.committed--
    }
    return zxid
  }

  truncate(amount: number): number {
    this.entries.length = Math.max(1, this.entries.length - amount)
    this.committed = Math.min(this.committed, this.entries.length)
    const last = this.entries.at(-1)?.zxid ?? 0
    this.epoch = Math.floor(last / 4294967296)
    this.counter = last % 4294967296
    return last
  }
}

test('a window holds what plain arrays would hold', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 20 }), (changes) => {
      const window = new CommittedWindow(500)
      const plain = new PlainWindow()
      let mark = 0
      for (const { kind, amount } of changes) {
        if (kind === 'append') {
          for (let count = 0; count < amount; count++) {
            const entry = plain.next(mark++ % 256)
            window.append(entry.zxid, new Uint8Array([0, entry.mark, 0]), 1, 2)
          }
        } else if (kind === 'epoch') {
          plain.epoch++
          plain.counter = 0
        } else if (kind === 'commit') window.commit(plain.commit(amount, 500))
        else if (plain.entries.length > 0) window.truncate(plain.truncate(amount))

        expect(window.size).toBe(plain.entries.length)
        expect(window.committedCount).toBe(plain.committed)
        expect(window.bytes).toBe(plain.entries.length)
      }
      for (const [index, entry] of plain.entries.entries()) {
        if (window.endAt(index) !== window.startAt(index) + 1) expect(window.endAt(index)).toBe(window.startAt(index) + 1)
        if (window.zxidAt(index) !== entry.zxid) expect(window.zxidAt(index)).toBe(entry.zxid)
        if (window.chunkAt(index)[window.startAt(index)] !== entry.mark) {
          expect(window.chunkAt(index)[window.startAt(index)]).toBe(entry.mark)
        }
        if (window.indexAfter(entry.zxid) !== index + 1) expect(window.indexAfter(entry.zxid)).toBe(index + 1)
      }
    }),
    { numRuns: 60 },
  )
})
