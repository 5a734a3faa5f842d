// The generator against a server in memory that is right, and against one that cheats in a single reply: an
// honest run must pass, however the bytes are cut, and every way of cheating must end the run.

import { describe, expect, test } from 'vitest'
import { type LoadOptions, parseLoadOptions } from '../../src/load/load-options.ts'
import { type LoadReport, loadLine, runLoad } from '../../src/load/load-run.ts'
import type { ViolationKind } from '../../src/load/violation.ts'
import { type FakeReply, FakeServer, type FakeServerOptions } from './fake-server.ts'

const HEADER = 20

function options(...argv: string[]): LoadOptions {
  return parseLoadOptions(['--quiet', '--root', '/t', '--payload', '64', '--keys', '20', '--operations', '200', ...argv])
}

function run(server: FakeServerOptions, ...argv: string[]): Promise<LoadReport> {
  return runLoad(options(...argv), new FakeServer(server))
}

/** Changes the replies of one type from the `first` on; returns the cheat. */
function forge(type: number, first: number, change: (frame: Buffer) => Buffer[]): (reply: FakeReply) => Buffer[] {
  return (reply) => (reply.type === type && reply.ordinal >= first ? change(Buffer.from(reply.frame)) : [reply.frame])
}

function patch(change: (frame: Buffer) => void): (frame: Buffer) => Buffer[] {
  return (frame) => {
    change(frame)
    return [frame]
  }
}

async function expectCaught(kind: ViolationKind, cheat: (reply: FakeReply) => Buffer[], ...argv: string[]): Promise<void> {
  await expect(run({ cheat }, ...argv)).rejects.toMatchObject({ name: 'Violation', kind })
}

describe('against a server that is right', () => {
  const workloads: readonly (readonly string[])[] = [
    ['get', '--connections', '3', '--window', '4'],
    ['exists', '--connections', '3', '--window', '4'],
    ['set', '--connections', '3', '--window', '4'],
    ['mix', '--connections', '3', '--window', '4', '--read-share', '0.5'],
    ['create-delete', '--connections', '3', '--window', '4'],
    ['ephemeral', '--connections', '3', '--window', '4'],
    ['multi', '--connections', '3', '--window', '4', '--multi-size', '5'],
    ['children', '--connections', '3', '--window', '2', '--children', '30'],
    ['sync-get', '--connections', '3', '--window', '4'],
    ['connect', '--connections', '3'],
    ['load', '--connections', '3', '--window', '4'],
  ]

  test.each(workloads)('%s counts every operation', async (...argv) => {
    const report = await run({}, '--workload', ...argv)
    expect(report.outcome.operations).toBe(200)
    expect(report.outcome.latencyUs.count).toBe(200)
    expect(loadLine(report)).toContain('replies verified')
  })

  test.each([1, 3, 7, 61])('replies cut into pieces of %i bytes are put together', async (pieceBytes) => {
    const report = await run({ pieceBytes }, '--workload', 'mix', '--connections', '2', '--window', '8', '--read-share', '0.5')
    expect(report.outcome.verifiedReplies).toBe(200)
  })

  test('sessions are spread over the servers, and none reads from a server that has not caught up', async () => {
    for (const workload of ['get', 'watch']) {
      const server = new FakeServer({ serverCount: 3 })
      await runLoad(options('--workload', workload, '--connections', '6', '--operations', '6'), server)
      for (const number of [0, 1, 2]) {
        expect(server.events.filter((event) => event === `read ${number}`).length).toBeGreaterThanOrEqual(2)
      }
      for (const number of [1, 2]) {
        const synced = server.events.indexOf(`sync ${number}`)
        expect(synced).toBeGreaterThan(0)
        expect(server.events.indexOf(`read ${number}`)).toBeGreaterThan(synced)
      }
    }
  })

  test('watch tells how long each round took', async () => {
    const report = await run({}, '--workload', 'watch', '--connections', '20', '--operations', '4')
    expect(report.allToldMs).toHaveLength(4)
    expect(report.outcome.operations).toBe(80)
  })

  test('an open loop issues what is due and counts all of it', async () => {
    const report = await run({}, '--workload', 'get', '--connections', '2', '--window', '2', '--rate', '50000')
    expect(report.outcome.operations).toBe(200)
    expect(report.outcome.notIssued).toBe(0)
  })

  test('a measured interval ends by itself, after the warm-up', async () => {
    const timed = { ...options('--workload', 'mix'), operations: null, warmupMs: 10, durationMs: 40 }
    const report = await runLoad(timed, new FakeServer())
    expect(report.outcome.seconds).toBeCloseTo(0.04)
    expect(report.outcome.operations).toBe(report.outcome.latencyUs.count)
    expect(report.outcome.operations).toBeLessThanOrEqual(report.outcome.verifiedReplies)
  })

  test('the nodes of a run are gone afterwards, unless they are to stay', async () => {
    const server = new FakeServer()
    await runLoad(options('--workload', 'create-delete'), server)
    expect([...server.nodes.keys()]).toEqual(['/'])
    await runLoad(options('--workload', 'load', '--keep'), server)
    expect(server.nodes.size).toBe(1 + 1 + 1 + 200)
  })
})

describe('a server that cheats is caught', () => {
  test('when it swaps two replies', async () => {
    let held: Buffer | null = null
    const cheat = (reply: FakeReply): Buffer[] => {
      if (reply.type !== 4 || reply.ordinal < 50) return [reply.frame]
      if (held === null) {
        held = reply.frame
        return []
      }
      const earlier = held
      held = null
      return [reply.frame, earlier]
    }
    await expectCaught('reply order', cheat, '--workload', 'get', '--window', '4')
  })

  test('when it drops a reply', async () => {
    const cheat = (reply: FakeReply): Buffer[] => (reply.type === 4 && reply.ordinal === 50 ? [] : [reply.frame])
    await expectCaught('reply order', cheat, '--workload', 'get', '--window', '4')
  })

  test('when it drops the last reply and falls silent', async () => {
    const cheat = (reply: FakeReply): Buffer[] => (reply.type === 4 && reply.ordinal >= 50 ? [] : [reply.frame])
    await expect(run({ cheat }, '--workload', 'get', '--stall', '0.25')).rejects.toThrow(
      'stalled: no reply for 250 ms, 1 operations outstanding',
    )
  })

  test('when it sends a reply twice', async () => {
    await expectCaught(
      'unexpected reply',
      forge(4, 50, (frame) => [frame, frame]),
      '--workload',
      'get',
    )
  })

  test('when it answers with an error', async () => {
    await expectCaught(
      'error code',
      forge(
        4,
        50,
        patch((frame) => frame.writeInt32BE(-101, 16)),
      ),
      '--workload',
      'get',
    )
  })

  test('when its zxid goes back', async () => {
    await expectCaught(
      'zxid order',
      forge(
        5,
        50,
        patch((frame) => frame.writeBigInt64BE(3n, 8)),
      ),
      '--workload',
      'set',
    )
  })

  test.each([0, 5, 9, 13, 40, 63])('when byte %i of the data is wrong', async (index) => {
    const cheat = forge(
      4,
      50,
      patch((frame) => frame.writeUInt8(frame.readUInt8(HEADER + 4 + index) ^ 1, HEADER + 4 + index)),
    )
    await expectCaught('payload', cheat, '--workload', 'get')
  })

  test('when it returns the data of another key', async () => {
    let first: Buffer | null = null
    const cheat = forge(4, 50, (frame) => {
      first ??= Buffer.from(frame.subarray(HEADER + 4, HEADER + 68))
      first.copy(frame, HEADER + 4)
      return [frame]
    })
    await expectCaught('payload', cheat, '--workload', 'get')
  })

  test('when it returns data that was replaced, under the new version', async () => {
    const stale = new Map<number, Buffer>()
    const cheat = (reply: FakeReply): Buffer[] => {
      if (reply.type !== 4) return [reply.frame]
      const frame = Buffer.from(reply.frame)
      const key = frame.readInt32BE(HEADER + 4)
      const old = stale.get(key)
      if (old === undefined) stale.set(key, Buffer.from(frame.subarray(HEADER + 4, HEADER + 68)))
      else old.copy(frame, HEADER + 4)
      return [frame]
    }
    await expectCaught('payload', cheat, '--workload', 'mix', '--read-share', '0.5')
  })

  test('when a session sees an old state again', async () => {
    const stale = new Map<number, Buffer>()
    const cheat = (reply: FakeReply): Buffer[] => {
      if (reply.type !== 4) return [reply.frame]
      const frame = Buffer.from(reply.frame)
      const key = frame.readInt32BE(HEADER + 4)
      const old = stale.get(key)
      if (old === undefined) stale.set(key, Buffer.from(frame.subarray(HEADER)))
      else old.copy(frame, HEADER)
      return [frame]
    }
    await expectCaught('stale read', cheat, '--workload', 'mix', '--read-share', '0.5')
  })

  test('when a set gets a version that was given before', async () => {
    const cheat = forge(
      5,
      100,
      patch((frame) => frame.writeInt32BE(1, HEADER + 32)),
    )
    await expectCaught('version order', cheat, '--workload', 'set', '--keys', '1')
  })

  test('when the mzxid of a set is not its zxid', async () => {
    const cheat = forge(
      5,
      50,
      patch((frame) => frame.writeBigInt64BE(frame.readBigInt64BE(HEADER + 8) - 1n, HEADER + 8)),
    )
    await expectCaught('stat', cheat, '--workload', 'set')
  })

  test('when the data length of a Stat is wrong', async () => {
    await expectCaught(
      'stat',
      forge(
        3,
        50,
        patch((frame) => frame.writeInt32BE(65, HEADER + 52)),
      ),
      '--workload',
      'exists',
    )
  })

  test.each([
    [4, 'get'],
    [3, 'exists'],
    [5, 'set'],
    [1, 'load'],
    [14, 'multi'],
    [9, 'sync-get'],
    [8, 'children'],
  ] as const)('when the body of a reply to type %i has a byte too many', async (type, workload) => {
    const cheat = forge(type, 5, (frame) => {
      const longer = Buffer.concat([frame, Buffer.alloc(1)])
      longer.writeInt32BE(frame.length - 4 + 1, 0)
      return [longer]
    })
    await expectCaught('frame length', cheat, '--workload', workload, '--window', '2')
  })

  test('when a length announces an absurd frame', async () => {
    await expectCaught(
      'frame length',
      forge(
        4,
        50,
        patch((frame) => frame.writeInt32BE(0x7fffffff, 0)),
      ),
      '--workload',
      'get',
    )
  })

  test('when it creates another path than it was asked for', async () => {
    const cheat = forge(
      1,
      50,
      patch((frame) => frame.writeUInt8(frame.readUInt8(frame.length - 1) ^ 1, frame.length - 1)),
    )
    await expectCaught('path', cheat, '--workload', 'load')
  })

  test('when it acknowledges a delete that it did not do', async () => {
    const server = new FakeServer({
      cheat: (reply) => {
        if (reply.type === 2 && reply.ordinal === 50) server.nodes.get('/t/d000000')?.children.add('lost')
        return [reply.frame]
      },
    })
    await expect(runLoad(options('--workload', 'create-delete', '--keep'), server)).rejects.toMatchObject({ kind: 'final state' })
  })

  test('when a version is more than the acknowledged sets', async () => {
    const server = new FakeServer({
      cheat: (reply) => {
        const node = server.nodes.get('/t/k000003')
        if (reply.type === 5 && reply.ordinal === 199 && node !== undefined) node.version += 1
        return [reply.frame]
      },
    })
    await expect(runLoad(options('--workload', 'set'), server)).rejects.toMatchObject({ kind: 'final state' })
  })

  test('when a child is named twice', async () => {
    const cheat = forge(
      8,
      5,
      patch((frame) => frame.copy(frame, HEADER + 4, HEADER + 4 + 11, HEADER + 4 + 22)),
    )
    await expectCaught('children', cheat, '--workload', 'children', '--children', '30')
  })

  test('when an operation of a transaction failed', async () => {
    const cheat = forge(
      14,
      5,
      patch((frame) => frame.writeInt32BE(-103, HEADER + 5)),
    )
    await expectCaught('error code', cheat, '--workload', 'multi')
  })

  test('when a watch fires twice', async () => {
    const cheat = (reply: FakeReply): Buffer[] =>
      reply.xid === -1 && reply.ordinal === 5 ? [reply.frame, reply.frame] : [reply.frame]
    await expectCaught('watch event', cheat, '--workload', 'watch', '--connections', '5', '--operations', '3')
  })

  test('when a watch fires for another path', async () => {
    const cheat = (reply: FakeReply): Buffer[] => {
      if (reply.xid === -1) reply.frame.writeUInt8(0x78, reply.frame.length - 1)
      return [reply.frame]
    }
    await expectCaught('path', cheat, '--workload', 'watch', '--connections', '5', '--operations', '3')
  })

  test('when a watch does not fire', async () => {
    const cheat = (reply: FakeReply): Buffer[] => (reply.xid === -1 && reply.ordinal === 7 ? [] : [reply.frame])
    const load = run({ cheat }, '--workload', 'watch', '--connections', '5', '--operations', '3', '--stall', '0.25')
    await expect(load).rejects.toThrow('stalled: 1 of 5 notifications are missing')
  })

  test('when a read after a notification shows the old data', async () => {
    const cheat = forge(
      4,
      10,
      patch((frame) => frame.writeInt32BE(0, HEADER + 4 + 64 + 32)),
    )
    await expectCaught('stale read', cheat, '--workload', 'watch', '--connections', '5', '--operations', '3')
  })

  test('when it gives a session id twice', async () => {
    const server = new FakeServer({
      cheat: (reply) => {
        if (reply.type === -11 && reply.ordinal === 5) server.nextSessionId -= 3n
        return [reply.frame]
      },
    })
    await expect(runLoad(options('--workload', 'connect'), server)).rejects.toMatchObject({ kind: 'handshake' })
  })
})
