// A way to the server that breaks at moments drawn from a seed, while operations flow: every promise settles, what was acknowledged is there,
// what was refused as "not carried out" is not, and observers end with the last value.

import { decodeText, isZooKeeperError, retries, type ZooKeeper } from '@tskeeper/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ClientTarget } from './client-target.ts'
import type { TcpProxy } from './tcp-proxy.ts'

const SEED = 20_261
/** TSKEEPER_OPERATIONS=100000 makes it a long run. */
const OPERATIONS = Number(process.env['TSKEEPER_OPERATIONS'] ?? 4_000)
const FAULTS = 25
const RUN_MS_MAX = 60_000 + OPERATIONS * 5

let target: ClientTarget

beforeAll(async () => {
  target = await ClientTarget.start()
}, 60_000)

afterAll(() => target[Symbol.asyncDispose]())

/** What is known of each node after its create was answered, one way or another. */
type Fate = 'created' | 'unknown' | 'absent'

function lehmer(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

/** Breaks the connection in one of the ways in which networks do. */
async function breakNow(proxy: TcpProxy, chance: number): Promise<void> {
  if (chance < 0.1) proxy.stall()
  else if (chance < 0.3) proxy.halfClose()
  else {
    // In one half of the cases the server carries out what it got, and nobody hears of it.
    proxy.swallowsReplies = chance < 0.6
    await new Promise((resolve) => setImmediate(resolve))
    proxy.cut()
    proxy.swallowsReplies = false
  }
}

async function createOne(zk: ZooKeeper, path: string): Promise<Fate> {
  try {
    await zk.create(path, path)
    return 'created'
  } catch (error) {
    if (!isZooKeeperError(error, 'CONNECTION_LOSS')) throw error
    return error.mayHaveBeenApplied ? 'unknown' : 'absent'
  }
}

test(
  'no acknowledged write is missing and no refused one is there, however often the connection breaks',
  async () => {
    const proxy = await target.proxy()
    const zk = await target.connectThrough(proxy, { sessionTimeoutMs: 2_000 })
    const sure = await target.connect()
    await sure.create('/cuts')
    const next = lehmer(SEED)
    const fates = new Map<string, Promise<Fate>>()
    for (let index = 0; index < OPERATIONS; index++) {
      const path = `/cuts/${index}`
      fates.set(path, createOne(zk, path))
      if (index % 200 === 0) await zk.exists('/cuts', { retry: retries.forever })
      if (next() < FAULTS / OPERATIONS) await breakNow(proxy, next())
    }
    const settled = await Promise.all([...fates].map(async ([path, fate]) => [path, await fate] as const))
    await sure.sync('/')
    const there = new Set((await sure.children('/cuts')).map((name) => `/cuts/${name}`))
    const counts = { created: 0, unknown: 0, absent: 0 }
    for (const [path, fate] of settled) {
      counts[fate] += 1
      if (fate !== 'unknown') expect([path, there.has(path)]).toEqual([path, fate === 'created'])
    }
    expect(proxy.count).toBeGreaterThan(5)
    expect(counts.created).toBeGreaterThan(OPERATIONS / 4)
    expect(counts.unknown + counts.absent).toBeGreaterThan(0)
  },
  RUN_MS_MAX,
)

test(
  'protected creates make one node each, however often the connection breaks',
  async () => {
    const proxy = await target.proxy()
    const zk = await target.connectThrough(proxy, { sessionTimeoutMs: 2_000 })
    const sure = await target.connect()
    await sure.create('/protected')
    const next = lehmer(SEED + 1)
    const paths: Promise<string>[] = []
    for (let index = 0; index < 300; index++) {
      paths.push(zk.create('/protected/n-', String(index), { mode: 'persistent-sequential', protected: true }))
      if (index % 10 === 0) await zk.exists('/', { retry: retries.forever })
      if (next() < 0.04) await breakNow(proxy, next())
    }
    const created = await Promise.all(paths)
    await sure.sync('/')
    expect((await sure.children('/protected')).map((name) => `/protected/${name}`).toSorted()).toEqual(created.toSorted())
  },
  RUN_MS_MAX,
)

test(
  'an observer ends with the last value, and says of every gap that there was one',
  async () => {
    const proxy = await target.proxy()
    const zk = await target.connectThrough(proxy, { sessionTimeoutMs: 2_000 })
    const writer = await target.connect()
    await writer.create('/observed', '0')
    const last = 400
    const seen: number[] = []
    const observing = (async () => {
      for await (const { value, gap } of zk.observe('/observed')) {
        const number = Number(decodeText(value?.data ?? new Uint8Array(0)))
        const previous = seen.at(-1)
        if (previous !== undefined) expect([previous, number, gap]).toEqual([previous, number, number !== previous + 1])
        seen.push(number)
        if (number === last) return
      }
    })()
    const next = lehmer(SEED + 2)
    for (let number = 1; number <= last; number++) {
      await writer.set('/observed', String(number))
      if (next() < 0.05) await breakNow(proxy, next())
    }
    await observing
    expect(seen.at(-1)).toBe(last)
    expect(seen).toEqual(seen.toSorted((a, b) => a - b))
  },
  RUN_MS_MAX,
)
