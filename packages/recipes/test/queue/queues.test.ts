import { CREATOR_ALL_ACL, decodeText, type ZooKeeper } from '@tskeeper/client'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { DelayQueue, FifoQueue, PriorityQueue, type TakenEntry, type TakeSide } from '../../src/index.ts'
import { compareEntries, entryKind, parseEntryName } from '../../src/queue/entry-name.ts'
import { Opcode, until, World } from '../support/test-world.ts'

const PATH = '/queues/one'

function textOf(entry: TakenEntry | null | undefined): string | null {
  return entry === null || entry === undefined ? null : decodeText(entry.data)
}

async function drain(queue: TakeSide): Promise<string[]> {
  const texts: string[] = []
  for (let entry = await queue.poll(); entry !== null; entry = await queue.poll()) {
    texts.push(decodeText(entry.data))
    await entry.acknowledge()
  }
  return texts
}

async function names(zk: ZooKeeper, folder: string): Promise<string[]> {
  return (await zk.exists(`${PATH}/${folder}`)) === null ? [] : zk.children(`${PATH}/${folder}`)
}

test('entries come out in the order in which they went in, and stay until they are acknowledged', async () => {
  await using world = await World.start()
  const zk = await world.client()
  const queue = new FifoQueue(zk, PATH)
  for (const text of ['a', 'b', 'c']) await queue.put(text)
  const first = await queue.take()
  expect([textOf(first), await queue.size()]).toEqual(['a', 3])
  const second = await queue.take()
  expect(textOf(second)).toBe('b')
  await first.release()
  await second.acknowledge()
  expect(await drain(queue)).toEqual(['a', 'c'])
  expect([await queue.size(), await names(zk, 'taken')]).toEqual([0, []])
})

test('whoever waits gets the next entry, in the order of asking', async () => {
  await using world = await World.start()
  const [zk, other] = [await world.client(), await world.client()]
  const [queue, far] = [new FifoQueue(zk, PATH), new FifoQueue(other, PATH)]
  const order: string[] = []
  const waiting: Promise<TakenEntry>[] = []
  for (const [index, side] of [queue, far, queue].entries()) {
    waiting.push(side.take())
    void waiting[index]?.then((entry) => order.push(`${index}${decodeText(entry.data)}`))
    await until(async () => (await names(zk, 'waiting')).length === index + 1)
  }
  for (const [index, text] of ['x', 'y', 'z'].entries()) {
    await queue.put(text)
    await until(() => order.length === index + 1)
  }
  expect(order).toEqual(['0x', '1y', '2z'])
  for (const entry of waiting) await (await entry).acknowledge()
  await until(async () => (await names(zk, 'waiting')).length === 0)
})

test('the entry of a taker that loses its session goes to somebody else, and the late one cannot acknowledge it', async () => {
  await using world = await World.start()
  const [zk, other] = [await world.client(), await world.client({ renewSession: true })]
  const queue = new FifoQueue(zk, PATH)
  await queue.put('work')
  const late = await new FifoQueue(other, PATH).take()
  expect(await queue.poll()).toBeNull()
  const waiting = queue.take()
  await world.expire(other)
  const taken = await waiting
  expect(late.signal.aborted).toBe(true)
  expect(taken.fencingToken).toBeGreaterThan(late.fencingToken)
  await expect(late.acknowledge()).rejects.toMatchObject({ code: 'SESSION_EXPIRED' })
  await late.release()
  expect(await names(zk, 'taken')).toHaveLength(1)
  await taken.acknowledge()
  expect(await queue.size()).toBe(0)
})

test('an entry is put once when the answer to that is lost, and its path is found', async () => {
  await using world = await World.start()
  const zk = await world.proxied()
  const queue = new FifoQueue(zk, PATH)
  await queue.put('first')
  const lost = world.proxy.loseReplyTo(Opcode.multi)
  const path = await queue.put('second')
  await lost
  expect((await names(zk, 'entries')).map((name) => `${PATH}/entries/${name}`)).toContain(path)
  expect(await drain(queue)).toEqual(['first', 'second'])
})

test('an entry that is taken and done before its putter can look for it is not put again', async () => {
  await using world = await World.start()
  const [zk, other] = [await world.proxied(), await world.client()]
  const queue = new FifoQueue(zk, PATH)
  await queue.put('first')
  const lost = world.proxy.loseReplyTo(Opcode.multi)
  const putting = queue.put('second')
  await lost
  world.proxy.close()
  expect(await drain(new FifoQueue(other, PATH))).toEqual(['first', 'second'])
  world.proxy.open()
  expect(await putting).toBeNull()
  expect(await queue.size()).toBe(0)
  await queue.put('third')
  expect(await drain(queue)).toEqual(['third'])
})

test('an entry whose request was lost is put on the next connection, and in the next session', async () => {
  await using world = await World.start()
  const zk = await world.proxied({ renewSession: true })
  const queue = new FifoQueue(zk, PATH)
  await queue.put('first')
  const lost = world.proxy.loseRequest(Opcode.multi)
  await queue.put('second')
  await lost
  await world.expire(zk)
  await queue.put('third')
  expect(await drain(queue)).toEqual(['first', 'second', 'third'])
})

test('an entry is found in the next session when the answer was lost with the session', async () => {
  await using world = await World.start()
  const [zk, other] = [await world.proxied({ renewSession: true }), await world.client()]
  const queue = new FifoQueue(zk, PATH)
  await queue.put('first')
  const lost = world.proxy.loseReplyTo(Opcode.multi)
  const putting = queue.put('second')
  await lost
  world.proxy.close()
  await world.expireUnreachable(zk)
  world.proxy.open()
  expect(await putting).toMatch(/^\/queues\/one\/entries\/_c_/)
  expect(await drain(new FifoQueue(other, PATH))).toEqual(['first', 'second'])
})

test.each([true, false])(
  'when the answer is lost with the session and the entry is not there, putting says that it does not know (renewSession %s)',
  async (renewSession) => {
    await using world = await World.start()
    const [zk, other] = [await world.proxied({ renewSession }), await world.client()]
    const queue = new FifoQueue(zk, PATH)
    await queue.put('first')
    const lost = world.proxy.loseReplyTo(Opcode.multi)
    const putting = queue.put('second')
    const outcome = expect(putting).rejects.toMatchObject({ code: 'SESSION_EXPIRED', mayHaveBeenApplied: true })
    await lost
    world.proxy.close()
    expect(await drain(new FifoQueue(other, PATH))).toEqual(['first', 'second'])
    await world.expireUnreachable(zk)
    world.proxy.open()
    await outcome
    expect(await names(other, 'entries')).toEqual([])
    if (renewSession) await queue.put('third')
    expect(await drain(new FifoQueue(other, PATH))).toEqual(renewSession ? ['third'] : [])
  },
)

test('what one client puts without waiting is added in the order of the calls, a few transactions for all, once although connections are cut', async () => {
  await using world = await World.start()
  const zk = await world.proxied()
  const texts = Array.from({ length: 200 }, (_, index) => String(index))
  const lost = [
    world.proxy.loseReplyTo(Opcode.multi),
    world.proxy.loseReplyTo(Opcode.multi),
    world.proxy.loseRequest(Opcode.multi),
  ]
  const paths = await Promise.all(texts.map((text) => new FifoQueue(zk, PATH).put(text)))
  await Promise.all(lost)
  expect(new Set(paths).size).toBe(texts.length)
  const stats = await Promise.all(paths.map((path) => zk.exists(path ?? '')))
  expect(new Set(stats.map((stat) => stat?.czxid)).size).toBeLessThan(10)
  expect(await drain(new FifoQueue(zk, PATH))).toEqual(texts)
  expect(await names(zk, 'receipts')).toHaveLength(1)
})

test('large entries do not go together', async () => {
  await using world = await World.start()
  const zk = await world.client()
  const queue = new FifoQueue(zk, PATH)
  const data = new Uint8Array(300_000)
  const paths = await Promise.all(Array.from({ length: 8 }, () => queue.put(data)))
  const stats = await Promise.all(paths.map((path) => zk.exists(path ?? '')))
  expect(new Set(stats.map((stat) => stat?.czxid)).size).toBe(8)
})

test('what one list of rights is refused for concerns no entry with another list', async () => {
  await using world = await World.start()
  const zk = await world.client()
  const queue = new FifoQueue(zk, PATH)
  // The client has not said who it is, and so has no rights to give.
  const nobody = new FifoQueue(zk, PATH, { acl: CREATOR_ALL_ACL })
  const outcomes = await Promise.allSettled([queue.put('a'), nobody.put('b'), queue.put('c')])
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(await drain(queue)).toEqual(['a', 'c'])
})

test('a receipt that somebody deletes is made again, and none stays of a client that is gone', async () => {
  await using world = await World.start()
  const [zk, other] = [await world.client(), await world.client()]
  const queue = new FifoQueue(zk, PATH)
  await queue.put('first')
  for (const name of await names(other, 'receipts')) await other.delete(`${PATH}/receipts/${name}`)
  await queue.put('second')
  for (const name of await names(other, 'receipts')) await other.set(`${PATH}/receipts/${name}`, 'scribbled')
  await queue.put('third')
  expect(await drain(queue)).toEqual(['first', 'second', 'third'])
  await zk.close()
  await until(async () => (await names(other, 'receipts')).length === 0)
})

test('a client that puts into many queues keeps few receipts', async () => {
  await using world = await World.start()
  const zk = await world.client()
  const paths = Array.from({ length: 80 }, (_, index) => `/queues/${index}`)
  for (const path of paths) await new FifoQueue(zk, path).put('work')
  const receipts = async (): Promise<number> =>
    (await Promise.all(paths.map(async (path) => zk.children(`${path}/receipts`)))).flat().length
  await until(async () => (await receipts()) === 64)
  // The first queue has lost its receipt and gets another.
  await new FifoQueue(zk, '/queues/0').put('more')
  expect(await drain(new FifoQueue(zk, '/queues/0'))).toEqual(['work', 'more'])
})

test('a lost answer to a claim or to an acknowledgement is found out', async () => {
  await using world = await World.start()
  const zk = await world.proxied()
  const queue = new FifoQueue(zk, PATH)
  await queue.put('first')
  await (await queue.take()).acknowledge()
  await queue.put('second')
  const lostClaim = world.proxy.loseReplyTo(Opcode.multi)
  const entry = await queue.take()
  await lostClaim
  const lostAcknowledgement = world.proxy.loseReplyTo(Opcode.multi)
  await entry.acknowledge()
  await lostAcknowledgement
  expect([await queue.size(), await names(zk, 'taken')]).toEqual([0, []])
})

test('every entry is worked on, and none by two at a time, by many takers while connections are cut', async () => {
  await using world = await World.start()
  const producer = await world.proxied()
  const texts = Array.from({ length: 60 }, (_, index) => String(index))
  const queue = new FifoQueue(producer, PATH)
  const acknowledged: string[] = []
  const underWay = new Set<string>()
  const stop = new AbortController()
  const consume = async (zk: ZooKeeper): Promise<void> => {
    const side = new FifoQueue(zk, PATH)
    while (acknowledged.length < texts.length) {
      const entry = await side.take({ signal: stop.signal })
      const text = decodeText(entry.data)
      expect(underWay.has(text)).toBe(false)
      underWay.add(text)
      if (acknowledged.length % 15 === 7) world.proxy.cut()
      underWay.delete(text)
      await entry.acknowledge()
      acknowledged.push(text)
    }
    stop.abort()
  }
  const consumers = await Promise.all(Array.from({ length: 5 }, () => world.proxied()))
  const consuming = consumers.map((zk) => consume(zk).catch((error: unknown) => expect(error).toMatchObject({ code: 'ABORTED' })))
  for (const text of texts) await queue.put(text)
  await Promise.all(consuming)
  expect(acknowledged.toSorted()).toEqual(texts.toSorted())
  const observer = await world.client()
  expect(await names(observer, 'entries')).toEqual([])
  await until(async () => (await names(observer, 'waiting')).length === 0)
})

test('every entry is acknowledged in the end, although takers lose their sessions while they work', async () => {
  await using world = await World.start()
  const texts = Array.from({ length: 30 }, (_, index) => String(index))
  const queue = new FifoQueue(await world.client(), PATH)
  for (const text of texts) await queue.put(text)
  const acknowledged: string[] = []
  const tokens = new Map<string, bigint>()
  const consume = async (zk: ZooKeeper): Promise<void> => {
    const side = new FifoQueue(zk, PATH)
    for (let turn = 1; acknowledged.length < texts.length; turn += 1) {
      const entry = await side.poll()
      if (entry === null) continue
      const text = decodeText(entry.data)
      // Whoever takes an entry again has a larger token.
      expect(entry.fencingToken).toBeGreaterThan(tokens.get(text) ?? 0n)
      tokens.set(text, entry.fencingToken)
      const isLost = turn % 5 === 0
      if (isLost) await world.expire(zk)
      const outcome = await entry.acknowledge().then(
        () => 'done',
        (error: unknown) => error,
      )
      if (isLost) expect(outcome).toMatchObject({ code: 'SESSION_EXPIRED', mayHaveBeenApplied: false })
      else acknowledged.push(text)
      await entry.release()
    }
  }
  const consumers = await Promise.all(Array.from({ length: 3 }, () => world.client({ renewSession: true })))
  await Promise.all(consumers.map(consume))
  expect(acknowledged.toSorted()).toEqual(texts.toSorted())
  expect([await queue.size(), tokens.size]).toEqual([0, texts.length])
})

test('whoever gives up while a queue is being read hears of it once, and no rejection is left without a handler', async () => {
  await using world = await World.start()
  const zk = await world.client()
  const queue = new FifoQueue(zk, PATH)
  const stop = new AbortController()
  const unhandled: unknown[] = []
  const note = (error: unknown): void => void unhandled.push(error)
  process.on('unhandledRejection', note)
  try {
    const children = zk.children.bind(zk)
    const reading = vi.spyOn(zk, 'children').mockImplementation((path) => {
      // Both reads are on their way then, and no answer can have come.
      if (reading.mock.calls.length === 2) queueMicrotask(() => stop.abort())
      return children(path)
    })
    await expect(queue.take({ signal: stop.signal })).rejects.toMatchObject({ code: 'ABORTED' })
    // Rejections are reported before the event loop goes on.
    await new Promise((resolve) => setImmediate(resolve))
    expect(reading).toHaveBeenCalledTimes(2)
    expect(unhandled).toEqual([])
  } finally {
    process.off('unhandledRejection', note)
  }
})

test('giving up waiting leaves nothing in the line', async () => {
  await using world = await World.start()
  const zk = await world.client()
  const queue = new FifoQueue(zk, PATH)
  await expect(queue.take({ deadlineMs: 20 })).rejects.toMatchObject({ code: 'TIMEOUT' })
  await until(async () => (await names(zk, 'waiting')).length === 0)
  await queue.put('later')
  expect(await drain(queue)).toEqual(['later'])
})

test('the most urgent entry comes first, and equals in their order', async () => {
  await using world = await World.start()
  const zk = await world.client()
  const queue = new PriorityQueue(zk, PATH)
  for (const [text, priority] of [
    ['low', 9],
    ['high', 1],
    ['middle', 5],
    ['high too', 1],
  ] as const) {
    await queue.put(text, { priority })
  }
  expect(await drain(queue)).toEqual(['high', 'high too', 'middle', 'low'])
  expect(() => queue.put('x', { priority: -1 })).toThrow(/whole number from 0/)
})

test('a delayed entry is not taken before it is due, and wakes the one who waits then', async () => {
  await using world = await World.start()
  const zk = await world.client()
  const queue = new DelayQueue(zk, PATH)
  const dueMs = zk.runtime.clock.nowMs() + 80
  await queue.putAt('later', { dueMs })
  await queue.put('never mind', { delayMs: 60_000_000 })
  const waiting = queue.take()
  const polled = await queue.poll()
  // On a machine that stands still the entry may be due by now: only then may it have been taken.
  if (polled !== null) expect(zk.runtime.clock.nowMs()).toBeGreaterThanOrEqual(dueMs)
  await polled?.release()
  const entry = await waiting
  expect(textOf(entry)).toBe('later')
  expect(zk.runtime.clock.nowMs()).toBeGreaterThanOrEqual(dueMs)
  await entry.acknowledge()
  await queue.put('now', { delayMs: 0 })
  expect(textOf(await queue.take())).toBe('now')
})

test('names of entries sort by rank and then by number, across the wrap of the number', () => {
  const name = (rank: number, suffix: string): string => `_c_x-${entryKind(rank)}${suffix}`
  const sorted = [name(1, '2147483647'), name(1, '-2147483648'), name(2, '0000000000'), name(1_700_000_000_000, '0000000007')]
  const parsed = sorted.toReversed().flatMap((text) => parseEntryName(text) ?? [])
  expect(parsed.sort(compareEntries).map((entry) => entry.name)).toEqual(sorted)
  expect(parseEntryName('entry-1-0000000001')).toBeNull()
})

test('every rank is read back from a name', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10 ** 15 - 1 }), fc.nat({ max: 2_147_483_647 }), (rank, sequence) => {
      const parsed = parseEntryName(`_c_u-${entryKind(rank)}${String(sequence).padStart(10, '0')}`)
      expect(parsed).toMatchObject({ rank, sequence })
    }),
  )
})
