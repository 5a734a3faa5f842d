import { expect, test } from 'vitest'
import { type CpuProfile, stageTimes } from '../../src/compare/stage-times.ts'

function frame(functionName: string, url = ''): CpuProfile['nodes'][number]['callFrame'] {
  return { functionName, url }
}

test('time counts for the nearest caller with a stage, and idle time for nobody', () => {
  const profile: CpuProfile = {
    nodes: [
      { id: 1, callFrame: frame('(root)'), children: [2, 6, 7] },
      { id: 2, callFrame: frame('onData', 'file:///p/packages/server/dist/quorum/quorum-link.js'), children: [3, 5] },
      { id: 3, callFrame: frame('append', 'file:///p/packages/server/dist/storage/txn-log.js'), children: [4] },
      { id: 4, callFrame: frame('writeSync', 'node:fs') },
      { id: 5, callFrame: frame('writeInt', 'file:///p/packages/protocol/dist/byte-writer.js') },
      { id: 6, callFrame: frame('(idle)') },
      { id: 7, callFrame: frame('(garbage collector)') },
    ],
    samples: [4, 3, 5, 6, 7, 1],
    timeDeltas: [10, 20, 40, 1000, 5, 3],
  }
  expect(Object.fromEntries(stageTimes(profile))).toEqual({
    'log: entries, writes, syncs': 30,
    'links between servers': 40,
    collector: 5,
    'Node: event loop, start': 3,
  })
})
