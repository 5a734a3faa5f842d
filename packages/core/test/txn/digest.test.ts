// The synthetic history of the digest's definition: each value was computed by hand from the definition.

import { ByteReader, readTxnDigest } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { type Prepared, Workbench } from './workbench.ts'

const digestOf = ({ entry }: Prepared): bigint => readTxnDigest(new ByteReader(entry.slice(-12))).treeDigest

test('the digest of each transaction is predicted and equals that of the tree after it', () => {
  const bench = new Workbench()
  expect(bench.treeDigest()).toBe(1371985504n)
  const owner = 0x0100000d7af30000n
  const steps: [() => Prepared, bigint][] = [
    [() => bench.createSession(owner), 1371985504n],
    [() => ((bench.timeMs = 1000), bench.create('/a', 'x')), 2622883378n],
    [() => ((bench.timeMs = 2000), bench.setData('/a', 'yy')), 3567647380n],
    [() => ((bench.timeMs = 3000), bench.create('/e', null, 1, owner)), 7868498524n],
    [() => bench.closeSession(owner), 5846728581n],
    [() => ((bench.timeMs = 4000), bench.create('/c', '', 4)), 6601769064n],
    [() => ((bench.timeMs = 5000), bench.createTtl('/t', '', 60000)), 11747528352n],
  ]
  // All are prepared before the first is applied: the pending view alone must foresee them.
  const prepared = steps.map(([step, digest]) => {
    const transaction = step()
    expect(transaction.code).toBe(0)
    expect(digestOf(transaction)).toBe(digest)
    return transaction
  })
  prepared.forEach((transaction, index) => {
    bench.apply(transaction)
    expect(bench.treeDigest()).toBe(steps[index]?.[1])
  })
  expect(bench.database.digestMismatchCount).toBe(0)
  expect(bench.preparer.view.size).toBe(0)
})
