// Malformed frames by the hundred thousand. The server may refuse them and close the connection;
// it may not crash, hang, grow, slow down for others, or change anything outside of what the fuzzers
// were allowed to touch.

import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { RawClient } from '../support/raw-client.ts'
import { openAcl, type RawAcl, RawErrorName } from '../support/raw-records.ts'
import { fourLetterWord, removeServerDirectory, type ServerProcess, startServer } from '../support/server-process.ts'
import { Canary } from './canary.ts'
import { type FuzzConnection, fuzzConnection } from './frame-fuzzer.ts'
import type { ShownNode } from './oracle.ts'
import { delay, eventually, expect, type FaultContext, FaultFound, type FaultSuite } from './suite.ts'
import { walkTree } from './tree-walk.ts'

const CONCURRENCY = 48
const BATCH_FRAMES = 5000
const TICK_MS = 500
/** Whatever a fuzzer asks for, its session is soon gone. */
const SESSION_TIMEOUT_MAX_MS = 3000
/** No answer for so long: the server waits for the rest of a frame, or has nothing to say. */
const IDLE_MS = 200
/** How long the server may take to end a connection whose client has closed its sending side. */
const CLOSE_MAX_MS = 10_000
const CANARY_MAX_MS = 2000
const GROWTH_MAX_MIB = { ours: 50, apache: 350 }
/** Apache's server logs each bad frame at length, and answers too late for fuzzers that do not wait. */
const ANSWERED_SHARE_MIN = { ours: 0.5, apache: 0.1 }
/** Garbage that happens to be a createSession gives a session of Apache's 3.8 a time-out of weeks. */
const SESSIONS_LEFT_MAX = { ours: 0, apache: 10 }
const SUPER_USER = 'super:fuzz'
/** What others may do with the nodes that must not change: read them. */
const protectedAcl: readonly RawAcl[] = [{ perms: 1, scheme: 'world', id: 'anyone' }]

export const fuzzSuite: FaultSuite = {
  name: 'fuzz',
  cases: [{ name: '100,000 malformed frames: no crash, no hang, no growth, others served, nothing else changed', run: fuzz }],
}

async function fuzz(context: FaultContext): Promise<string> {
  const framesWanted = context.rounds ?? (context.size === 'quick' ? 15_000 : 100_000)
  const server = await startServer({
    target: context.target,
    config: {
      tickTime: TICK_MS,
      maxSessionTimeout: SESSION_TIMEOUT_MAX_MS,
      'DigestAuthenticationProvider.superDigest': digestOf(SUPER_USER),
    },
  })
  try {
    const figures = await new FuzzRun(context, server).run(framesWanted)
    removeServerDirectory(server.directory)
    return figures
  } finally {
    await server.kill()
  }
}

class FuzzRun {
  readonly #context: FaultContext
  readonly #server: ServerProcess
  /** Connections that are open now, for the report about a crash. */
  readonly #open = new Map<number, FuzzConnection>()
  #connections = 0
  #frames = 0
  #replies = 0

  constructor(context: FaultContext, server: ServerProcess) {
    this.#context = context
    this.#server = server
  }

  async run(framesWanted: number): Promise<string> {
    const { port } = this.#server
    const keeper = await RawClient.connect('127.0.0.1', port, { timeoutMs: 10_000 })
    await keeper.auth('digest', SUPER_USER)
    await prepareTree(keeper)
    const canary = await Canary.start(port, '/protected/canary', SUPER_USER)
    const before = await walkProtected(keeper)
    let settledMiB = Number.NaN
    while (this.#frames < framesWanted) {
      const rounds = canary.rounds
      await this.#batch(Math.min(this.#frames + BATCH_FRAMES, framesWanted))
      expect(canary.rounds > rounds, 'the canary did nothing during a batch')
      await sweep(keeper)
      compareProtected(before, await walkProtected(keeper))
      // The first batch warms the server up; what it takes from then on must stay.
      if (Number.isNaN(settledMiB)) settledMiB = await this.#settledMiB()
      this.#context.progress(`${this.#frames} of ${framesWanted} frames, resident ${this.#server.residentMiB().toFixed(0)} MiB`)
    }
    const endMiB = await this.#settledMiB()
    const growthMiB = endMiB - settledMiB
    expect(
      growthMiB < GROWTH_MAX_MIB[this.#context.target],
      `resident memory grew from ${settledMiB.toFixed(0)} to ${endMiB.toFixed(0)} MiB`,
    )
    // Frames that the server never came to look at prove nothing.
    expect(
      this.#replies > this.#frames * ANSWERED_SHARE_MIN[this.#context.target],
      `only ${this.#replies} of ${this.#frames} frames were answered`,
    )
    await this.#checkNothingLeft(keeper)
    await keeper.close()
    return (
      `${this.#frames} frames over ${this.#connections} connections, ${this.#replies} replies, resident ${settledMiB.toFixed(0)} MiB ` +
      `after the first ${BATCH_FRAMES}, ${endMiB.toFixed(0)} at the end; ${await canary.silence(CANARY_MAX_MS)}`
    )
  }

  async #batch(untilFrames: number): Promise<void> {
    const lane = async (): Promise<void> => {
      while (this.#frames < untilFrames) {
        const index = this.#connections++
        const fuzzed = fuzzConnection(this.#context.random.fork(index), this.#context.target === 'apache')
        this.#frames += fuzzed.frames
        this.#open.set(index, fuzzed)
        await this.#play(index, fuzzed)
        this.#open.delete(index)
      }
    }
    await Promise.all(Array.from({ length: CONCURRENCY }, lane))
  }

  /** Sends the connection's frames in pieces, waits for their answers, sends the last frame, and waits until the server closes. */
  #play(index: number, { bytes, ending, frames }: FuzzConnection): Promise<void> {
    return new Promise((resolve, reject) => {
      const received = new FrameCounter(this.#context.target === 'apache')
      const socket = connect({ host: '127.0.0.1', port: this.#server.port, noDelay: true })
      const fail = (what: string): void => reject(this.#failure(index, what))
      const timer = setTimeout(() => fail(`the connection is not closed ${CLOSE_MAX_MS} ms after its end`), CLOSE_MAX_MS)
      // What was sent may not even be whole: then the answers come to an end before they are complete.
      const idle = setTimeout(() => socket.end(ending), IDLE_MS)
      socket.on('data', (chunk) => {
        const violation = received.take(chunk)
        if (violation !== null) fail(violation)
        if (received.frames < frames) idle.refresh()
        else if (!socket.writableEnded) socket.end(ending)
      })
      // Sending to a connection that the server has already closed is an error here, and right there.
      socket.once('error', () => undefined)
      socket.once('connect', () => {
        const half = Math.floor(bytes.length / 2)
        socket.write(bytes.subarray(0, half))
        setImmediate(() => socket.write(bytes.subarray(half)))
      })
      socket.once('close', () => {
        clearTimeout(timer)
        clearTimeout(idle)
        this.#replies += received.frames
        if (this.#server.exitStatus !== null) fail(`the server ended: ${JSON.stringify(this.#server.exitStatus)}`)
        resolve()
      })
    })
  }

  /** Resident memory once the fuzzers' sessions have run out and the server has had time to tidy up. */
  async #settledMiB(): Promise<number> {
    await delay(SESSION_TIMEOUT_MAX_MS + 2 * TICK_MS)
    let lowestMiB = this.#server.residentMiB()
    for (let count = 0; count < 20; count++) {
      await delay(100)
      lowestMiB = Math.min(lowestMiB, this.#server.residentMiB())
    }
    return lowestMiB
  }

  /** No connection, session or watch of the fuzzers is left: only the keeper and the canary, and the word's own connection. */
  async #checkNothingLeft(keeper: RawClient): Promise<void> {
    const { port } = this.#server
    await eventually(
      async () => /^Connections: 3$/m.test(await fourLetterWord(port, 'srvr')),
      10_000,
      'the connections of the fuzzers are gone',
    )
    await eventually(
      async () => /^Total watches:0$/m.test(await fourLetterWord(port, 'wchs')),
      10_000,
      'the watches of the fuzzers are gone',
    )
    let sessions = 0
    const isGone = async (): Promise<boolean> => {
      sessions = countSessions(await fourLetterWord(port, 'dump'))
      return sessions <= 2 + SESSIONS_LEFT_MAX[this.#context.target]
    }
    await eventually(isGone, 10_000, 'the sessions of the fuzzers are gone')
    expect(sessions >= 2, 'the sessions of the keeper and the canary are gone')
    expect((await keeper.getChildren('/fuzz')).length === 0, 'nodes of the fuzzers are left')
  }

  #failure(index: number, what: string): FaultFound {
    const path = join(this.#server.directory, 'open-connections.txt')
    const open = [...this.#open].map(
      ([number, { bytes, ending }]) => `${number} ${Buffer.from(bytes).toString('hex')} ${Buffer.from(ending).toString('hex')}`,
    )
    writeFileSync(path, `${open.join('\n')}\n`)
    return new FaultFound(
      `connection ${index}: ${what}; bytes of the ${open.length} open connections in ${path}\n${this.#server.logTail()}`,
    )
  }
}

/** Counts the frames that the server sends, and looks whether each can be one. */
class FrameCounter {
  frames = 0
  readonly #isLenient: boolean
  #rest: Buffer = Buffer.alloc(0)

  /** `isLenient`: Apache's 3.8 answers a createSession inside a session, which garbage can happen to be, like a connect request. */
  constructor(isLenient: boolean) {
    this.#isLenient = isLenient
  }

  /** A sentence when the server sent what it may not. */
  take(chunk: Buffer): string | null {
    this.#rest = Buffer.concat([this.#rest, chunk])
    while (this.#rest.length >= 4) {
      const length = this.#rest.readInt32BE(0)
      if (length < 16 || length > 3_000_000) return `the server sent a frame of length ${length}`
      if (this.#rest.length < 4 + length) return null
      const payload = this.#rest.subarray(4, 4 + length)
      // The first frame answers the connect request and has no header.
      const isConnectResponse =
        (this.frames === 0 || this.#isLenient) && length <= 37 && length >= 36 && payload.readInt32BE(0) === 0
      const error = isConnectResponse ? 0 : payload.readInt32BE(12)
      if (error !== 0 && RawErrorName[error] === undefined) return `the server sent the unknown error ${error}`
      this.frames++
      this.#rest = this.#rest.subarray(4 + length)
    }
    return null
  }
}

/** How many sessions the answer to `dump` lists. */
function countSessions(answer: string): number {
  return new Set(answer.split('ephemeral nodes dump')[0]?.match(/0x[0-9a-f]+/g)).size
}

/** `/fuzz` for everybody; everything else can only be read. */
async function prepareTree(keeper: RawClient): Promise<void> {
  await keeper.create('/protected', 'untouched')
  await keeper.create('/protected/node', 'untouched')
  await keeper.create('/fuzz')
  for (const path of ['/protected/node', '/protected', '/zookeeper/quota', '/zookeeper', '/'])
    await keeper.setAcl(path, protectedAcl)
}

async function sweep(keeper: RawClient): Promise<void> {
  const remove = async (path: string): Promise<void> => {
    const children = await keeper.getChildren(path).catch(() => [])
    await Promise.all(children.map((name) => remove(`${path}/${name}`)))
    // Somebody's session may have run out and taken its node along.
    if (path !== '/fuzz') await keeper.delete(path).catch(() => undefined)
  }
  // Ephemerals of sessions that are still closing can be in the way of their parents: then it takes another turn.
  await eventually(
    async () => {
      await remove('/fuzz')
      return (await keeper.getChildren('/fuzz')).length === 0
    },
    10_000,
    'the nodes of the fuzzers can be deleted',
  )
  await keeper.setAcl('/fuzz', openAcl)
}

/** Everything but the fuzzers' nodes and the canary's, which changes by itself. */
function walkProtected(keeper: RawClient): Promise<Map<string, ShownNode>> {
  return walkTree(keeper, (path) => path === '/fuzz' || path === '/protected/canary')
}

function compareProtected(before: ReadonlyMap<string, ShownNode>, after: ReadonlyMap<string, ShownNode>): void {
  expect([...before.keys()].join() === [...after.keys()].join(), `the protected nodes are now ${[...after.keys()].join()}`)
  for (const [path, node] of before)
    expect(textOf(node) === textOf(after.get(path)), `${path} was changed: ${textOf(after.get(path))}`)
}

function textOf(node: ShownNode | undefined): string {
  return JSON.stringify(node, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
}

/** What a server stores of a user and a password. */
function digestOf(user: string): string {
  return `${user.slice(0, user.indexOf(':'))}:${createHash('sha1').update(user).digest('base64')}`
}
