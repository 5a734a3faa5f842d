import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SeededRandom } from '../../src/lib/seeded-random.ts'
import { PathIndex } from '../../src/tree/path-index.ts'

/** All nodes that the index has under this hash. */
function nodesAt(index: PathIndex, hash: number): number[] {
  const nodes: number[] = []
  for (let node = index.first(hash); node !== 0; node = index.next(hash)) nodes.push(node)
  return nodes.sort((left, right) => left - right)
}

class Model {
  readonly byHash = new Map<number, number[]>()

  add(hash: number, node: number): void {
    this.byHash.set(
      hash,
      [...(this.byHash.get(hash) ?? []), node].sort((left, right) => left - right),
    )
  }

  remove(hash: number, node: number): void {
    const left = (this.byHash.get(hash) ?? []).filter((other) => other !== node)
    if (left.length === 0) this.byHash.delete(hash)
    else this.byHash.set(hash, left)
  }
}

test('every node is found under its hash while others with equal and neighbouring hashes come and go', () => {
  // Few distinct hashes: runs in a segment touch each other and wrap around its end.
  const hash = fc.oneof(
    fc.integer({ min: 1020, max: 1030 }),
    fc.integer({ min: -3, max: 3 }),
    fc.constantFrom(0x7fffffff, -0x80000000),
  )
  const step = fc.record({ isAdd: fc.boolean(), hash, which: fc.nat() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
      const index = new PathIndex()
      const model = new Model()
      const entries: [number, number][] = []
      steps.forEach(({ isAdd, hash, which }, position) => {
        if (isAdd || entries.length === 0) {
          index.add(hash, position + 1)
          model.add(hash, position + 1)
          entries.push([hash, position + 1])
        } else {
          const [[goneHash, goneNode] = [0, 0]] = entries.splice(which % entries.length, 1)
          index.remove(goneHash, goneNode)
          model.remove(goneHash, goneNode)
        }
        expect(index.size).toBe(entries.length)
      })
      for (const [hash, nodes] of model.byHash) expect(nodesAt(index, hash)).toEqual(nodes)
      for (const hash of [0, 1023, 1024, 5, -1]) expect(nodesAt(index, hash)).toEqual(model.byHash.get(hash) ?? [])
    }),
  )
})

test('an index that grows through many splits and shrinks again finds what is in it and nothing else', () => {
  const random = new SeededRandom(1)
  const index = new PathIndex()
  const hashes: number[] = []
  const size = 30_000
  for (let node = 1; node <= size; node++) {
    const hash = random.below(0x100000000) | 0
    hashes.push(hash)
    index.add(hash, node)
  }
  expect(index.size).toBe(size)
  hashes.forEach((hash, i) => {
    if (!has(index, hash, i + 1)) throw new Error(`node ${i + 1} is not found under its hash ${hash}`)
  })
  // Every other node goes; nodes that share a hash with one that went must stay.
  for (let node = 1; node <= size; node += 2) index.remove(hashes[node - 1] as number, node)
  expect(index.size).toBe(size / 2)
  for (let node = 1; node <= size; node++) {
    if (has(index, hashes[node - 1] as number, node) !== (node % 2 === 0))
      throw new Error(`node ${node} is found or missing wrongly`)
  }
  for (let node = 2; node <= size; node += 2) index.remove(hashes[node - 1] as number, node)
  expect(index.size).toBe(0)
  for (const hash of hashes) expect(index.first(hash)).toBe(0)
  index.add(5, 7)
  expect(nodesAt(index, 5)).toEqual([7])
})

/** Without an assertion for each node, of which there are too many. */
function has(index: PathIndex, hash: number, wanted: number): boolean {
  let node = index.first(hash)
  while (node !== 0 && node !== wanted) node = index.next(hash)
  return node === wanted
}

test('hashes that agree in many top bits only split their segment as often as it takes', () => {
  const index = new PathIndex()
  // 2,000 hashes that differ in the low 16 bits only: one segment splits until its halves are no longer too full.
  const hashes = Array.from({ length: 2000 }, (_, i) => 0x12340000 | (i * 32 + (i % 32)))
  hashes.forEach((hash, i) => index.add(hash, i + 1))
  hashes.forEach((hash, i) => expect(nodesAt(index, hash)).toEqual([i + 1]))
})

test('hundreds of nodes with one and the same hash are all found', () => {
  const index = new PathIndex()
  for (let node = 1; node <= 700; node++) index.add(99, node)
  expect(nodesAt(index, 99)).toHaveLength(700)
  for (let node = 1; node <= 700; node++) index.remove(99, node)
  expect(nodesAt(index, 99)).toEqual([])
})

test('more nodes with one and the same hash than a segment holds are refused with an error, not with all the memory', () => {
  const index = new PathIndex()
  const addAll = (): void => {
    for (let node = 1; node <= 1000; node++) index.add(99, node)
  }
  expect(addAll).toThrow('share a hash')
  expect(nodesAt(index, 99)).toHaveLength(768)
})
