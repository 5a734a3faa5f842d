// The preparer runs ahead of the tree by any number of transactions. The naive model server, which does one request after
// the other, says what the codes and the tree must be; so it does not matter how far ahead the preparer ran.

import { Op } from '@tskeeper/protocol/server'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { describeDatabase, describeModel, expectSound } from '../tree/tree-description.ts'
import { arbitrarySteps, type Step } from './arbitrary-writes.ts'
import { ModelServer } from './model-server.ts'
import { codesOf, type Prepared, Workbench } from './workbench.ts'

/** Runs the steps; `aheadMax` transactions may wait before the oldest is applied. */
function run(steps: readonly Step[], bench: Workbench, aheadMax: number): number[][] {
  const waiting: Prepared[] = []
  const codes: number[][] = []
  const applyDownTo = (count: number): void => {
    while (waiting.length > count) bench.apply(waiting.shift() as Prepared)
  }
  for (const step of steps) {
    bench.timeMs += 7
    if (step.kind === 'apply') {
      applyDownTo(Math.max(waiting.length - step.count, 0))
      continue
    }
    const prepared = prepareStep(bench, step)
    codes.push(codesOf(prepared))
    waiting.push(prepared)
    applyDownTo(aheadMax)
  }
  applyDownTo(0)
  return codes
}

function prepareStep(bench: Workbench, step: Exclude<Step, { readonly kind: 'apply' }>): Prepared {
  switch (step.kind) {
    case 'write':
      bench.identities = [...step.identities]
      return bench.write(step.write, step.sessionId)
    case 'createSession':
      return bench.createSession(step.sessionId, step.timeoutMs)
    case 'closeSession':
      return bench.closeSession(step.sessionId)
    case 'deleteContainer':
      return bench.deleteContainer(step.path)
  }
}

function runModel(steps: readonly Step[], server: ModelServer): number[][] {
  let timeMs = 1000
  const codes: number[][] = []
  for (const step of steps) {
    timeMs += 7
    if (step.kind === 'write') codes.push(server.write(step.write, step.sessionId, step.identities, timeMs))
    else if (step.kind === 'deleteContainer') codes.push([server.deleteContainer(step.path)])
    else if (step.kind === 'createSession') {
      server.createSession(step.sessionId, step.timeoutMs)
      codes.push([0])
    } else if (step.kind === 'closeSession') {
      server.closeSession(step.sessionId)
      codes.push([0])
    }
  }
  return codes
}

test('however far the preparer runs ahead, codes, tree and digests are those of one request after the other', () => {
  fc.assert(
    fc.property(arbitrarySteps(60), fc.constantFrom(0, 1, 5, 1000), (steps, aheadMax) => {
      const bench = new Workbench()
      const server = new ModelServer()
      const codes = run(steps, bench, aheadMax)
      expect(codes).toEqual(runModel(steps, server))
      expect(describeDatabase(bench.database)).toEqual(describeModel(server.model))
      expectSound(bench.database)
      // Every digest that was predicted came true, and nothing is left of what was pending.
      expect(bench.database.digestMismatchCount).toBe(0)
      expect(bench.preparer.view.digest.toBigInt()).toBe(bench.treeDigest())
      expect(bench.preparer.view.size).toBe(0)
      expect(bench.database.lastZxid).toBe(server.lastZxid)
    }),
    { numRuns: 400 },
  )
})

test('the generated histories reach what they are meant to reach', () => {
  const seen = new Map<number, number>()
  let failedMultis = 0
  let goodMultis = 0
  for (const steps of fc.sample(arbitrarySteps(60), { numRuns: 150, seed: 1 })) {
    const codes = runModel(steps, new ModelServer())
    const requests = steps.filter((step) => step.kind !== 'apply')
    codes.forEach((parts, index) => {
      for (const code of parts) seen.set(code, (seen.get(code) ?? 0) + 1)
      const step = requests[index]
      if (step?.kind !== 'write' || step.write.op !== Op.multi || parts.length < 2) return
      if (parts.every((code) => code === 0)) goodMultis++
      else if (parts[0] === 0) failedMultis++
    })
  }
  const wanted = [0, -2, -8, -101, -102, -103, -108, -110, -111, -114]
  for (const code of wanted) expect([code, (seen.get(code) ?? 0) > 10]).toEqual([code, true])
  expect(goodMultis).toBeGreaterThan(10)
  expect(failedMultis).toBeGreaterThan(20)
})

test('without digests the same histories give the same trees, and no digest is written or computed', () => {
  fc.assert(
    fc.property(arbitrarySteps(40), fc.constantFrom(0, 1000), (steps, aheadMax) => {
      const bench = new Workbench({ isDigestEnabled: false })
      const server = new ModelServer()
      expect(run(steps, bench, aheadMax)).toEqual(runModel(steps, server))
      expect(describeDatabase(bench.database)).toEqual({ ...describeModel(server.model), digest: 0n })
    }),
    { numRuns: 60 },
  )
})

test('when everything is deleted again, ACL table, slabs and records are as they were in the beginning', () => {
  fc.assert(
    fc.property(arbitrarySteps(60), fc.constantFrom(0, 1000), (steps, aheadMax) => {
      const bench = new Workbench()
      const { tree, acls } = bench.database
      const usedBytes = tree.nodes.slabs.usedBytes
      run(steps, bench, aheadMax)
      bench.identities = [{ scheme: 'super', id: '' }]
      for (const sessionId of tree.ephemerals.keys()) bench.apply(bench.closeSession(sessionId))
      const paths = Object.keys(describeDatabase(bench.database).nodes).sort().reverse()
      for (const path of paths) {
        if (path !== '/' && path !== '/zookeeper' && !path.startsWith('/zookeeper/q') && path !== '/zookeeper/config')
          expect(bench.run(bench.delete(path))).toBe(0)
      }
      for (const path of ['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config']) bench.apply(bench.setData(path, ''))
      bench.apply(bench.setAcl('/', [{ perms: 31, scheme: 'world', id: 'anyone' }]))
      bench.apply(bench.setAcl('/zookeeper', [{ perms: 31, scheme: 'world', id: 'anyone' }]))
      bench.apply(bench.setAcl('/zookeeper/config', [{ perms: 1, scheme: 'world', id: 'anyone' }]))
      expect(acls.size).toBe(1)
      expect(tree.nodes.slabs.usedBytes).toBe(usedBytes)
      expect([tree.nodeCount, tree.ephemeralCount]).toEqual([4, 0])
      expect([tree.ephemerals.size, tree.containers.size, tree.ttlNodes.size]).toEqual([0, 0, 0])
      expect(bench.database.digestMismatchCount).toBe(0)
    }),
    { numRuns: 100 },
  )
})
