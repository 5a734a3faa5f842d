// A server that does not keep to the protocol, by mistake or on purpose. Whatever it sends, the client neither crashes nor hangs: each
// promise settles, with a result or with a `ZooKeeperError`, nothing is left behind when the client is closed, and the next connection
// to a good server works.

import { ByteWriter, Op } from '@tskeeper/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isZooKeeperError, type ZooKeeper } from '../../src/portable.ts'
import { type FakeConnection, type Received, writeEvent, writeReply, writeStatOf } from '../fake-server.ts'
import { type Outcome, outcomeOf, VirtualWorld } from '../virtual-world.ts'

const HOST = 'a:2181'

/** What a good server answers. */
const BODIES: Readonly<Record<number, (out: ByteWriter) => void>> = {
  [Op.create2]: (out) => {
    out.writeString('/made')
    writeStatOf(out)
  },
  [Op.exists]: (out) => writeStatOf(out),
  [Op.setData]: (out) => writeStatOf(out),
  [Op.setACL]: (out) => writeStatOf(out),
  [Op.getData]: writeNode,
  [Op.reconfig]: writeNode,
  [Op.getChildren]: (out) => writeStrings(out, 'one', 'two'),
  [Op.getEphemerals]: (out) => writeStrings(out, '/one', '/two'),
  [Op.getChildren2]: (out) => {
    writeStrings(out, 'one', 'two')
    writeStatOf(out)
  },
  [Op.getACL]: (out) => {
    out.writeInt(1)
    out.writeInt(31)
    out.writeString('world')
    out.writeString('anyone')
    writeStatOf(out)
  },
  [Op.whoAmI]: (out) => {
    out.writeInt(1)
    out.writeString('ip')
    out.writeString('127.0.0.1')
  },
  [Op.getAllChildrenNumber]: (out) => out.writeInt(7),
  [Op.sync]: (out) => out.writeString('/'),
  [Op.multi]: (out) => {
    writePartHeader(out, Op.create)
    out.writeString('/made')
    writePartHeader(out, Op.setData)
    writeStatOf(out)
    writePartHeader(out, Op.check)
    writePartHeader(out, -1, true)
  },
  [Op.multiRead]: (out) => {
    writePartHeader(out, Op.getData)
    writeNode(out)
    writePartHeader(out, Op.getChildren)
    writeStrings(out, 'one')
    writePartHeader(out, -1, true)
  },
}

function writeNode(out: ByteWriter): void {
  out.writeBuffer(new TextEncoder().encode('some data'))
  writeStatOf(out)
}

function writeStrings(out: ByteWriter, ...strings: readonly string[]): void {
  out.writeInt(strings.length)
  for (const text of strings) out.writeString(text)
}

function writePartHeader(out: ByteWriter, type: number, isEnd = false): void {
  out.writeInt(type)
  out.writeBoolean(isEnd)
  out.writeInt(isEnd ? -1 : 0)
}

/** A good reply to a request, with its length in front. */
function replyTo(request: Received, xid: number = request.xid, err = 0): Uint8Array {
  const out = new ByteWriter()
  out.writeInt(0)
  writeReply(out, xid, 5n, err, err === 0 ? (BODIES[request.op] ?? (() => undefined)) : () => undefined)
  out.view.setInt32(0, out.position - 4)
  return out.toBytes()
}

/** Everything that an application may ask for. */
const CALLS: readonly ((client: ZooKeeper) => Promise<unknown>)[] = [
  (client) => client.get('/a', { watch: () => undefined }),
  (client) => client.exists('/a', { watch: () => undefined }),
  (client) => client.set('/a', 'x'),
  (client) => client.create('/a', 'x'),
  (client) => client.delete('/a'),
  (client) => client.children('/a', { watch: () => undefined }),
  (client) => client.childrenWithStat('/a'),
  (client) => client.getAcl('/a'),
  (client) => client.setAcl('/a', [{ perms: 31, scheme: 'world', id: 'anyone' }]),
  (client) => client.sync(),
  (client) => client.getEphemerals(),
  (client) => client.getAllChildrenNumber('/a'),
  (client) => client.whoAmI(),
  (client) => client.reconfig({ leaving: ['3'] }),
  (client) => client.transaction().create('/made').set('/a', 'x').check('/a', 1).commit(),
  (client) =>
    client.multiRead([
      { type: 'get', path: '/a' },
      { type: 'children', path: '/a' },
    ]),
  (client) => client.addWatch('/a', 'persistent-recursive', () => undefined),
  (client) => client.removeWatches('/a'),
]

/** Calls that make requests of their own until they are content. */
const LONG_CALLS: readonly ((client: ZooKeeper) => Promise<unknown>)[] = [
  (client) => client.create('/p/a-', 'x', { protected: true, mode: 'ephemeral-sequential' }),
  (client) => client.delete('/tree', { recursive: true, deadlineMs: 20_000 }),
  (client) => client.addAuth('digest', 'u:p'),
  (client) => drain(client.observe('/a')),
  (client) => drain(client.observeChildren('/a')),
  (client) => drain(client.observeTree('/a')),
  (client) => drain(client.watch('/a', { recursive: true })),
  (client) => drain(client.states()),
]

async function drain(values: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of values);
}

/** How a good reply is spoilt. */
type Damage =
  | { readonly kind: 'none' }
  /** The body ends early, and the length in front says so. */
  | { readonly kind: 'shorten'; readonly share: number }
  /** The rest is missing, and what comes next is taken for it. */
  | { readonly kind: 'cut'; readonly share: number }
  /** Four bytes say something else: often a length or a count. */
  | { readonly kind: 'overwrite'; readonly share: number; readonly value: number }

type Act =
  | { readonly type: 'call'; readonly index: number }
  | { readonly type: 'long-call'; readonly index: number }
  | {
      readonly type: 'reply'
      readonly which: number
      readonly xidShift: number
      readonly err: number
      readonly damage: Damage
      readonly chunk: number
    }
  | { readonly type: 'special'; readonly xid: number; readonly err: number }
  | { readonly type: 'event'; readonly eventType: number; readonly path: string }
  | { readonly type: 'bytes'; readonly bytes: Uint8Array }
  | { readonly type: 'grant'; readonly timeoutMs: number; readonly sessionId: bigint; readonly isReadOnly: boolean }
  | { readonly type: 'behave'; readonly mode: 'accept' | 'refuse' | 'silent' | 'stall'; readonly answersPings: boolean }
  | { readonly type: 'break'; readonly isError: boolean }
  | { readonly type: 'wait'; readonly durationMs: number }

const share = fc.double({ min: 0, max: 1, noNaN: true })
const ODD_NUMBERS = [-1, -2, 0, 1, 0x7fffffff, -0x80000000, 0x01000000, 14] as const

const damage: fc.Arbitrary<Damage> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Damage>({ kind: 'none' }) },
  fc.record({ kind: fc.constant('shorten' as const), share }),
  fc.record({ kind: fc.constant('cut' as const), share }),
  fc.record({ kind: fc.constant('overwrite' as const), share, value: fc.constantFrom(...ODD_NUMBERS) }),
)

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ type: fc.constant('call' as const), index: fc.nat(CALLS.length - 1) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('long-call' as const), index: fc.nat(LONG_CALLS.length - 1) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant('reply' as const),
      which: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat(5)),
      xidShift: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, fc.constantFrom(1, -1, 100, -100_000)),
      err: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.constantFrom(-101, -112, -115, -124, -127, -4, -6, 3, -9_999)),
      damage,
      chunk: fc.constantFrom(1_000_000, 1, 3, 40),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('special' as const),
      xid: fc.constantFrom(-1, -2, -4, 0, -8, 77),
      err: fc.constantFrom(0, 0, -115),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('event' as const),
      eventType: fc.constantFrom(1, 2, 3, 4, -1, 0, 9),
      path: fc.constantFrom('/a', '/a/b', '', 'no path', '/'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('bytes' as const), bytes: fc.uint8Array({ maxLength: 64 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('grant' as const),
      timeoutMs: fc.constantFrom(9_000, 2_000, 0, -1, 0x7fffffff),
      sessionId: fc.constantFrom(1n, 0n, -1n),
      isReadOnly: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('behave' as const),
      mode: fc.constantFrom('accept' as const, 'accept' as const, 'refuse' as const, 'silent' as const, 'stall' as const),
      answersPings: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('break' as const), isError: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('wait' as const), durationMs: fc.constantFrom(0, 10, 500, 5_000) }) },
)

/** One client, and the server that it had better not trust. */
class HostileStage {
  readonly world: VirtualWorld = new VirtualWorld()
  readonly client: ZooKeeper
  readonly outcomes: Outcome<unknown>[] = []
  /** Requests that have been answered, well or badly. */
  readonly #answered = new Set<Received>()

  constructor(renewSession: boolean) {
    this.client = this.world.client(HOST, { renewSession, readOnly: true, maxReplyBytes: 1024 * 1024 })
    this.#note(this.client.connect())
  }

  async carryOut(step: Act): Promise<void> {
    const server = this.world.server(HOST)
    switch (step.type) {
      case 'call':
        this.#note(CALLS[step.index]?.(this.client))
        break
      case 'long-call':
        this.#note(LONG_CALLS[step.index]?.(this.client))
        break
      case 'wait':
        await this.world.run(step.durationMs)
        break
      case 'grant':
        server.grant = { timeoutMs: step.timeoutMs, sessionId: step.sessionId, isReadOnly: step.isReadOnly }
        break
      case 'behave':
        server.mode = step.mode
        for (const connection of server.attempts) connection.answersPings = step.answersPings
        break
      default:
        this.#send(step, server.attempts.at(-1))
    }
    await this.world.settle()
  }

  /** All that was asked for comes to an end when the client is closed. */
  async end(): Promise<void> {
    this.#note(this.client.close({ deadlineMs: 500 }))
    await this.world.run(1_000)
    for (const { isSettled, error } of this.outcomes) {
      expect(isSettled).toBe(true)
      if (error !== undefined) expect(error).toSatisfy(isZooKeeperError)
    }
    expect(this.world.timerCount).toBe(0)
  }

  #note(call: Promise<unknown> | undefined): void {
    if (call !== undefined) this.outcomes.push(outcomeOf(call))
  }

  #send(
    step: Exclude<Act, { type: 'call' | 'long-call' | 'wait' | 'grant' | 'behave' }>,
    connection: FakeConnection | undefined,
  ): void {
    if (connection === undefined || connection.isClosed) return
    switch (step.type) {
      case 'break':
        return connection.breakOff(step.isError ? new Error('reset') : null)
      case 'bytes':
        return connection.sendBytes(step.bytes)
      case 'special':
        return connection.send((out) => writeReply(out, step.xid, 5n, step.err, () => undefined))
      case 'event':
        return connection.send((out) => writeEvent(out, step.eventType, step.path, 6n))
      case 'reply': {
        const open = connection.received.filter((request) => request.xid > 0 && !this.#answered.has(request))
        const request = open[step.which % Math.max(1, open.length)]
        if (request === undefined) return
        this.#answered.add(request)
        const bytes = damaged(replyTo(request, request.xid + step.xidShift, step.err), step.damage)
        for (let at = 0; at < bytes.length; at += step.chunk) connection.sendBytes(bytes.slice(at, at + step.chunk))
      }
    }
  }
}

function damaged(reply: Uint8Array, how: Damage): Uint8Array {
  switch (how.kind) {
    case 'none':
      return reply
    case 'cut':
      return reply.slice(0, Math.floor(how.share * reply.length))
    case 'shorten':
      return shortened(reply, 4 + Math.floor(how.share * (reply.length - 4)))
    case 'overwrite':
      return overwritten(reply, Math.floor(how.share * (reply.length - 4)), how.value)
  }
}

/** The first `length` bytes, with a length in front that agrees. */
function shortened(reply: Uint8Array, length: number): Uint8Array {
  return overwritten(reply.slice(0, length), 0, length - 4)
}

function overwritten(reply: Uint8Array, at: number, value: number): Uint8Array {
  const copy = Uint8Array.from(reply)
  new DataView(copy.buffer).setInt32(at, value)
  return copy
}

test('whatever a server sends, everything that was asked for settles with a result or a typed error', async () => {
  const schedules = fc.record({ renewSession: fc.boolean(), acts: fc.array(act, { minLength: 5, maxLength: 40 }) })
  await fc.assert(
    fc.asyncProperty(schedules, async ({ renewSession, acts }) => {
      const stage = new HostileStage(renewSession)
      await stage.world.run(10)
      for (const step of acts) await stage.carryOut(step)
      await stage.end()
    }),
    { numRuns: 300 },
  )
}, 60_000)

/** A client that has asked for one thing, its server, and the good reply. */
interface Asked {
  readonly client: ZooKeeper
  readonly outcome: Outcome<unknown>
  readonly connection: FakeConnection
  readonly reply: Uint8Array
}

/** Lets as many clients as the reply has bytes ask for the same, each its own server; `answer` gets them with their numbers. */
async function forEachByte(
  call: (client: ZooKeeper) => Promise<unknown>,
  answer: (asked: Asked, byte: number) => void,
): Promise<Asked[]> {
  const world = new VirtualWorld()
  const ask = async (number: number): Promise<Asked> => {
    const client = world.client(`h${number}:2181`, { maxReplyBytes: 1024 * 1024 })
    await Promise.all([client.connect(), world.run(10)])
    const outcome = outcomeOf(call(client))
    await world.settle()
    const connection = world.server(`h${number}:2181`).last
    return { client, outcome, connection, reply: replyTo(connection.received[0] as Received) }
  }
  const first = await ask(0)
  const others = await Promise.all(Array.from(first.reply.subarray(1), (_, index) => ask(index + 1)))
  const asked = [first, ...others]
  asked.forEach((one, byte) => answer(one, byte))
  await world.run(100)
  // Each has a connection again, whatever became of the one before.
  expect(asked.map(({ client }) => client.state)).toEqual(asked.map(() => 'connected'))
  return asked
}

/** How the requests ended: the codes of the errors, or nothing for those that succeeded. */
function codesOf(asked: readonly Asked[]): (string | undefined)[] {
  return asked.map(({ outcome: { isSettled, error } }) => {
    if (!isSettled) return 'nobody has answered'
    return isZooKeeperError(error) ? error.code : error?.constructor.name
  })
}

const EXPECTED: ReadonlySet<string | undefined> = new Set([
  'CONNECTION_LOSS',
  'UNKNOWN_ERROR',
  'RUNTIME_INCONSISTENCY',
  undefined,
])

test('a connection that ends behind any byte of any reply leaves nobody without an answer', async () => {
  for (const call of CALLS) {
    const asked = await forEachByte(call, ({ connection, reply }, byte) => {
      connection.sendBytes(reply.slice(0, byte))
      connection.breakOff()
    })
    expect(new Set(codesOf(asked))).toEqual(new Set(['CONNECTION_LOSS']))
  }
}, 60_000)

test('a reply that ends too early at any byte is refused, or is enough', async () => {
  for (const call of CALLS) {
    const asked = await forEachByte(call, ({ connection, reply }, byte) =>
      connection.sendBytes(shortened(reply, Math.max(4, byte))),
    )
    expect(codesOf(asked).filter((code) => code !== undefined && code !== 'CONNECTION_LOSS')).toEqual([])
  }
}, 60_000)

test('any four bytes of any reply may say something else without breaking more than the connection', async () => {
  for (const call of CALLS) {
    for (const value of [-2, 0x7fffffff]) {
      const asked = await forEachByte(call, ({ connection, reply }, byte) => {
        connection.sendBytes(overwritten(reply, Math.min(byte, reply.length - 4), value))
        connection.breakOff()
      })
      // A reply with another code is an answer; one with another length or number is none.
      expect(codesOf(asked).filter((code) => !EXPECTED.has(code))).toEqual([])
    }
  }
}, 60_000)

test('a transaction that is answered with other or more parts than it has breaks the connection', async () => {
  const answers: ((out: ByteWriter) => void)[] = [
    (out) => {
      for (let count = 0; count < 3; count++) writePartHeader(out, Op.check)
    },
    (out) => writePartHeader(out, Op.delete),
    (out) => {
      for (let count = 0; count < 50_000; count++) writePartHeader(out, Op.check)
    },
    () => undefined,
  ]
  for (const answer of answers) {
    const world = new VirtualWorld()
    const client = world.client(HOST)
    await Promise.all([client.connect(), world.run(10)])
    const outcome = outcomeOf(client.transaction().check('/a', 1).check('/b', 1).commit())
    const read = outcomeOf(client.multiRead([{ type: 'get', path: '/a' }]))
    await world.settle()
    const { last } = world.server(HOST)
    last.reply(last.request(Op.multi), 5n, (out) => {
      answer(out)
      writePartHeader(out, -1, true)
    })
    await world.settle()
    expect(outcome.error).toMatchObject({ code: 'CONNECTION_LOSS', mayHaveBeenApplied: true })
    expect(read.error).toMatchObject({ code: 'CONNECTION_LOSS' })
  }
})
