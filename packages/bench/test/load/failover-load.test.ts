// The load that goes through failures, against servers in memory: it must forgive what a crash does, and nothing else.

import { expect, test } from 'vitest'
import { FailoverLoad, type FailoverOutcome } from '../../src/load/failover-load.ts'
import { FakeServer, type FakeServerOptions } from './fake-server.ts'

const PLAN = { connections: 4, window: 3, payloadBytes: 64, resumesSessions: true, root: '/f' } as const

interface Run {
  readonly server: FakeServer
  readonly outcome: FailoverOutcome
}

/** Lets the sessions write until so many sets were answered in all, or none will be any more. */
async function untilSets(server: FakeServer, load: FailoverLoad, count: number): Promise<void> {
  while ((server.ordinals.get(5) ?? 0) < count && !load.hasFailed) await new Promise((resolve) => setImmediate(resolve))
}

async function runWithCrash(
  options: FakeServerOptions,
  plan: Partial<typeof PLAN> | { resumesSessions: false } = {},
  atCrash: (server: FakeServer) => void = () => {},
): Promise<Run> {
  const server = new FakeServer({ serverCount: 3, ...options })
  const load = new FailoverLoad(server, { ...PLAN, ...plan })
  try {
    await load.start()
    await untilSets(server, load, 100)
    load.observe()
    server.crash(1)
    atCrash(server)
    await untilSets(server, load, 400)
    return { server, outcome: await load.finish([0, 2]) }
  } finally {
    load.destroy()
  }
}

test('a session whose server dies goes on at the next one, and what was acknowledged is there', async () => {
  const { server, outcome } = await runWithCrash({})
  expect(outcome.lostConnections).toBe(1)
  expect(outcome.acknowledgedWrites).toBeGreaterThanOrEqual(400 - PLAN.connections * PLAN.window)
  expect(outcome.longestGapMs).toBeGreaterThanOrEqual(0)
  expect(server.events).toContain('resume 2')
  expect([...server.nodes.keys()]).toEqual(['/'])
})

test('writes that were under way when the server died count as neither done nor lost', async () => {
  const { outcome } = await runWithCrash({})
  expect(outcome.unknownWrites).toBeGreaterThan(0)
  expect(outcome.unknownWrites).toBeLessThanOrEqual(PLAN.window)
})

test('without leave to go on elsewhere a lost connection fails the run', async () => {
  await expect(runWithCrash({}, { resumesSessions: false })).rejects.toThrow('the server is gone')
})

test('an ensemble that forgets an acknowledged write is caught when the session goes on', async () => {
  const forget = (server: FakeServer): void => {
    for (const node of server.nodes.values()) node.version = 0
  }
  await expect(runWithCrash({}, {}, forget)).rejects.toMatchObject({ name: 'Violation', kind: 'version order' })
})

test('a server that shows less than was acknowledged is caught at the end', async () => {
  const cheat = ({ type, frame }: { type: number; frame: Buffer }): Buffer[] => {
    // The version in the Stat at the end of the data that the inspection reads.
    if (type === 4) frame.writeInt32BE(1, frame.length - 68 + 32)
    return [frame]
  }
  await expect(runWithCrash({ cheat })).rejects.toMatchObject({ name: 'Violation', kind: 'final state' })
})
