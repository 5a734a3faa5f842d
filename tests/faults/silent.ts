// Clients that fall silent in every way that a network offers: the host is gone, the process is
// stopped or killed, a frame stops half way, the sending side is closed while replies are owed. Their
// sessions end on time and take their ephemerals along, and nobody else notices.

import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { connectRequest, RawClient, requestPayload, SessionRefusedError } from '../support/raw-client.ts'
import { frame, RawConnection } from '../support/raw-connection.ts'
import { openAcl, RawCreateMode, RawOp, writeCreate } from '../support/raw-records.ts'
import {
  fourLetterWord,
  removeServerDirectory,
  type ServerConfig,
  type ServerProcess,
  startServer,
} from '../support/server-process.ts'
import { Canary } from './canary.ts'
import { delay, eventually, expect, type FaultContext, type FaultSuite } from './suite.ts'

const TICK_MS = 500
const SESSIONLESS_MS = 1000
/** Room for a machine that others use too, on the upper bounds only: nothing may ever happen too early. */
const SLACK_MS = 1000
const CANARY_MAX_MS = 2000

export const silentSuite: FaultSuite = {
  name: 'silent',
  cases: [
    { name: 'A28 A85 A91: sessions of vanished hosts expire within t and t + tick, with their ephemerals', run: vanishedHosts },
    { name: 'A28: ephemerals of a killed or stopped client process go after its time-out, not before', run: killedProcesses },
    { name: 'A75: a client that was paused past its time-out finds its session refused', run: pausedClient },
    { name: 'a session that pings outlives many time-outs, and resuming it counts as a sign of life', run: pingingClient },
    { name: 'A84: connections that never open a session are closed after the configured time', run: sessionless },
    { name: 'a frame that stops half way ends with its session, a frame in single bytes is served', run: halfFrames },
    { name: 'a client that closes its sending side gets the replies that it is owed', run: halfClose, only: 'ours' },
    { name: 'a word of four letters is answered to a client that closed its sending side', run: halfCloseWord },
    {
      name: 'a client that closes its sending side ends its connection and keeps its session until the time-out',
      run: halfCloseSession,
    },
  ],
}

/** A server, a canary that must not notice anything, and the case's work. */
async function withServer(
  context: FaultContext,
  work: (server: ServerProcess) => Promise<string>,
  config: ServerConfig = {},
): Promise<string> {
  const server = await startServer({
    target: context.target,
    config: { tickTime: TICK_MS, 'nio.sessionlessCnxnTimeout': SESSIONLESS_MS, ...config },
  })
  try {
    const canary = await Canary.start(server.port)
    const figures = await work(server)
    return `${figures}; ${await canary.silence(CANARY_MAX_MS)}`
  } finally {
    await server.kill()
    removeServerDirectory(server.directory)
  }
}

/** Watches nodes and notes when each was told to be gone. */
class DeletionWatch {
  readonly client: RawClient
  readonly #goneAtMs = new Map<string, number>()

  private constructor(client: RawClient) {
    this.client = client
  }

  static async open(port: number): Promise<DeletionWatch> {
    return new DeletionWatch(await RawClient.connect('127.0.0.1', port, { timeoutMs: 10_000 }))
  }

  async add(path: string): Promise<void> {
    expect((await this.client.exists(path, true)) !== null, `${path} is not there`)
  }

  /** When `path` went, by `performance.now()`; fails the case when it does not go before `deadlineMs`. */
  async goneAtMs(path: string, deadlineMs: number): Promise<number> {
    for (;;) {
      const goneAtMs = this.#goneAtMs.get(path)
      if (goneAtMs !== undefined) return goneAtMs
      const event = await this.client.nextEvent(Math.max(1, deadlineMs - performance.now())).catch(() => null)
      expect(event !== null, `${path} is still there ${Math.round(performance.now() - deadlineMs)} ms after the latest moment`)
      expect(event.type === 2, `an event of type ${event.type} for ${event.path}`)
      this.#goneAtMs.set(event.path, performance.now())
    }
  }
}

async function vanishedHosts(context: FaultContext): Promise<string> {
  return withServer(context, async (server) => {
    const watch = await DeletionWatch.open(server.port)
    const count = context.size === 'quick' ? 12 : 60
    const vanished: { path: string; timeoutMs: number; askedMs: number; answeredMs: number; client: RawClient }[] = []
    for (let index = 0; index < count; index++) {
      // From the shortest that this server grants to the longest that is bearable here; two ticks is the minimum.
      const asked = context.random.pick([1, 1000, 1300, 2000, 2750, 4000])
      const timeoutMs = Math.max(asked, 2 * TICK_MS)
      const client = await RawClient.connect('127.0.0.1', server.port, { timeoutMs: asked, pingIntervalMs: 0 })
      expect(client.timeoutMs === timeoutMs, `asked for ${asked} ms, got ${client.timeoutMs} ms`)
      const path = `/vanished-${index}`
      const askedMs = performance.now()
      await client.create(path, null, RawCreateMode.ephemeral)
      const answeredMs = performance.now()
      // From here on the host says nothing: no ping, no read, and no end of the connection, unless it was cut.
      if (index % 3 === 0) client.connection.pause()
      else if (index % 3 === 1) client.connection.reset()
      else client.connection.destroy()
      vanished.push({ path, timeoutMs, askedMs, answeredMs, client })
      await watch.add(path)
    }
    let earliestMs = Number.POSITIVE_INFINITY
    let latestMs = 0
    for (const { path, timeoutMs, askedMs, answeredMs } of vanished) {
      const goneAtMs = await watch.goneAtMs(path, answeredMs + timeoutMs + TICK_MS + SLACK_MS)
      expect(
        goneAtMs >= askedMs + timeoutMs,
        `${path} went ${(askedMs + timeoutMs - goneAtMs).toFixed(0)} ms before its ${timeoutMs} ms were over`,
      )
      earliestMs = Math.min(earliestMs, goneAtMs - answeredMs - timeoutMs)
      latestMs = Math.max(latestMs, goneAtMs - answeredMs - timeoutMs)
    }
    // The half-open ones: the server has closed what belonged to the session.
    for (const { client, path } of vanished) {
      client.connection.resume()
      await client.connection.waitForClose(SLACK_MS).catch(() => expect(false, `the connection of ${path} is still open`))
    }
    await watch.client.close()
    return `${count} sessions went between t + ${earliestMs.toFixed(0)} ms and t + ${latestMs.toFixed(0)} ms, tick ${TICK_MS} ms`
  })
}

async function killedProcesses(context: FaultContext): Promise<string> {
  return withServer(context, async (server) => {
    const timeoutMs = 3000
    const watch = await DeletionWatch.open(server.port)
    const holders = await Promise.all(['/killed', '/stopped'].map((path) => SessionHolder.start(server.port, timeoutMs, path)))
    await watch.add('/killed')
    await watch.add('/stopped')
    // Alive for longer than the time-out, thanks to their pings.
    await delay(timeoutMs + 2 * TICK_MS)
    expect(watch.client.events.length === 0, 'a session that pings expired')
    const fellSilentMs = performance.now()
    holders[0]?.signal('SIGKILL')
    holders[1]?.signal('SIGSTOP')
    const figures: string[] = []
    for (const path of ['/killed', '/stopped']) {
      const goneAtMs = await watch.goneAtMs(path, fellSilentMs + timeoutMs + TICK_MS + SLACK_MS)
      // The last ping came at most a third of the time-out before the end.
      const earliestMs = fellSilentMs + timeoutMs - SessionHolder.pingIntervalMs(timeoutMs)
      expect(goneAtMs >= earliestMs - 50, `${path} went ${(earliestMs - goneAtMs).toFixed(0)} ms too early`)
      figures.push(`${path} after ${(goneAtMs - fellSilentMs).toFixed(0)} ms`)
    }
    for (const holder of holders) holder.end()
    await watch.client.close()
    return `time-out ${timeoutMs} ms: ${figures.join(', ')}`
  })
}

/** A process of its own that holds a session and one ephemeral node, and pings. */
class SessionHolder {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  static pingIntervalMs(timeoutMs: number): number {
    return timeoutMs / 3
  }

  static async start(port: number, timeoutMs: number, path: string): Promise<SessionHolder> {
    const program = fileURLToPath(new URL('./session-holder.ts', import.meta.url))
    const child = spawn(process.execPath, [...process.execArgv, program, String(port), String(timeoutMs), path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    process.once('exit', () => child.kill('SIGKILL'))
    for await (const line of createInterface({ input: child.stdout })) {
      if (line === 'ready') return new SessionHolder(child)
    }
    throw new Error('the session holder ended before it was ready')
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  end(): void {
    this.#child.kill('SIGKILL')
  }
}

async function pausedClient(context: FaultContext): Promise<string> {
  return withServer(context, async (server) => {
    const client = await RawClient.connect('127.0.0.1', server.port, { timeoutMs: 1500, pingIntervalMs: 0 })
    const { sessionId, password, lastZxid } = client
    await client.create('/paused', null, RawCreateMode.ephemeral)
    client.connection.pause()
    await delay(1500 + TICK_MS + SLACK_MS)
    // It wakes up, does not know yet, and sends; the old connection is dead, and the session is refused on a new one.
    client.connection.resume()
    await client.getData('/paused').then(
      () => expect(false, 'a request of an expired session was answered'),
      () => undefined,
    )
    const refused = await RawClient.connect('127.0.0.1', server.port, {
      timeoutMs: 1500,
      sessionId,
      password,
      lastZxidSeen: lastZxid,
    }).catch((error: unknown) => error)
    expect(refused instanceof SessionRefusedError, `resuming an expired session gave ${String(refused)}`)
    return 'refused with a time-out of 0'
  })
}

async function pingingClient(context: FaultContext): Promise<string> {
  return withServer(context, async (server) => {
    const client = await RawClient.connect('127.0.0.1', server.port, { timeoutMs: 1000 })
    await client.create('/pinging', null, RawCreateMode.ephemeral)
    await delay(4000)
    expect((await client.exists('/pinging')) !== null, 'a pinging session lost its ephemeral')
    // No ping any more: only the resumptions, each on a new connection, keep the session.
    client.destroy()
    let last = client
    for (let count = 0; count < 6; count++) {
      await delay(600)
      const { sessionId, password } = last
      last = await RawClient.connect('127.0.0.1', server.port, { timeoutMs: 1000, sessionId, password, pingIntervalMs: 0 })
      last.destroy()
    }
    const { sessionId, password } = last
    last = await RawClient.connect('127.0.0.1', server.port, { timeoutMs: 1000, sessionId, password })
    const stat = await last.exists('/pinging')
    expect(stat?.ephemeralOwner === sessionId, 'a session that was resumed in time lost its ephemeral')
    await last.close()
    return '4 time-outs with pings, 4 with nothing but resumptions'
  })
}

async function sessionless(context: FaultContext): Promise<string> {
  return withServer(context, async (server) => {
    const connect = frame(connectRequest({ timeoutMs: 5000 }))
    const openings: readonly [string, Uint8Array][] = [
      ['says nothing', new Uint8Array(0)],
      ['sends two bytes of a length', connect.subarray(0, 2)],
      ['sends a length', connect.subarray(0, 4)],
      ['sends half of a connect request', connect.subarray(0, 25)],
      ['lacks one byte of a connect request', connect.subarray(0, connect.length - 1)],
      ['announces a frame of a megabyte', new Uint8Array([0, 0x0f, 0xff, 0xff])],
    ]
    const times = await Promise.all(
      openings.map(async ([name, bytes]) => {
        const startedMs = performance.now()
        const connection = await RawConnection.open('127.0.0.1', server.port)
        if (bytes.length > 0) connection.sendBytes(bytes)
        // Buckets of the configured time: the end comes between one and two of them.
        const latestMs = 2 * SESSIONLESS_MS + SLACK_MS
        await connection
          .waitForClose(latestMs)
          .catch(() => expect(false, `a connection that ${name} is open after ${latestMs} ms`))
        const tookMs = performance.now() - startedMs
        expect(tookMs >= SESSIONLESS_MS - 50, `a connection that ${name} was closed after ${tookMs.toFixed(0)} ms`)
        expect(connection.bytesReceived === 0, `a connection that ${name} was sent ${connection.bytesReceived} bytes`)
        return tookMs
      }),
    )
    // A connection whose first request is no connect request is closed, and answered nothing.
    const rude = await RawConnection.open('127.0.0.1', server.port)
    rude.sendFrame(requestPayload(1, RawOp.getData, (writer) => writer.writeString('/')))
    await rude.waitForClose(SLACK_MS)
    expect(rude.bytesReceived === 0, 'a request before the session was answered')
    return `${openings.length} closed after ${Math.min(...times).toFixed(0)} to ${Math.max(...times).toFixed(0)} ms, configured ${SESSIONLESS_MS} ms`
  })
}

async function halfFrames(context: FaultContext): Promise<string> {
  return withServer(context, async (server) => {
    const timeoutMs = 2000
    const watch = await DeletionWatch.open(server.port)
    const stalled = await RawClient.connect('127.0.0.1', server.port, { timeoutMs, pingIntervalMs: 0 })
    await stalled.create('/stalled', null, RawCreateMode.ephemeral)
    await watch.add('/stalled')
    const create = frame(requestPayload(7, RawOp.create, (writer) => writeCreate(writer, '/half', 'x'.repeat(5000), openAcl, 0)))
    const sentMs = performance.now()
    stalled.connection.sendBytes(create.subarray(0, 3000))
    const slow = await RawConnection.open('127.0.0.1', server.port)
    const bytes = Buffer.concat([
      frame(connectRequest({ timeoutMs: 10_000 })),
      frame(requestPayload(1, RawOp.create, (writer) => writeCreate(writer, '/slow', 'by the byte', openAcl, 0))),
    ])
    for (const byte of bytes) {
      slow.sendBytes(new Uint8Array([byte]))
      await delay(3)
    }
    expect((await slow.nextFrame()).length >= 36, 'a connect request in single bytes was not answered')
    expect((await slow.nextFrame()).readInt32BE(12) === 0, 'a create in single bytes failed')
    const goneAtMs = await watch.goneAtMs('/stalled', sentMs + timeoutMs + TICK_MS + SLACK_MS)
    await stalled.connection.waitForClose(SLACK_MS)
    expect((await watch.client.exists('/half')) === null, 'half a request was carried out')
    slow.destroy()
    await watch.client.close()
    return `the stalled session of ${timeoutMs} ms went after ${(goneAtMs - sentMs).toFixed(0)} ms, ${bytes.length} single bytes served`
  })
}

async function halfClose(context: FaultContext): Promise<string> {
  return withServer(context, async (server) => {
    const writer = await RawClient.connect('127.0.0.1', server.port)
    const data = context.random.bytes(200_000)
    await writer.create('/owed', data)
    const connection = await RawConnection.open('127.0.0.1', server.port)
    const requests = 200
    const frames = [frame(connectRequest({ timeoutMs: 5000 }))]
    for (let xid = 1; xid <= requests; xid++) {
      const isWrite = xid % 10 === 0
      const path = `/owed/n${xid}`
      frames.push(
        frame(
          isWrite
            ? requestPayload(xid, RawOp.create, (body) => writeCreate(body, path, 'written', openAcl, 0))
            : requestPayload(xid, RawOp.getData, (body) => {
                body.writeString('/owed')
                body.writeBoolean(false)
              }),
        ),
      )
    }
    connection.pause()
    connection.sendBytes(Buffer.concat(frames))
    connection.endWriting()
    await delay(500)
    connection.resume()
    await connection.nextFrame()
    for (let xid = 1; xid <= requests; xid++) {
      const reply = await connection.nextFrame(20_000).catch(() => null)
      expect(reply !== null, `of ${requests} replies that were owed, ${xid - 1} came`)
      expect(reply.readInt32BE(0) === xid && reply.readInt32BE(12) === 0, `reply ${reply.readInt32BE(0)} came in place of ${xid}`)
      if (xid % 10 !== 0) expect(reply.subarray(20, 20 + data.length).equals(data), `reply ${xid} has other data`)
    }
    await connection.waitForClose(5000)
    expect((await writer.getChildren('/owed')).length === requests / 10, 'a write that was answered is not there')
    await writer.close()
    return `${requests} replies, ${(connection.bytesReceived / (1 << 20)).toFixed(0)} MiB after the client's last byte`
  })
}

async function halfCloseWord(context: FaultContext): Promise<string> {
  return withServer(context, async (server) => {
    const many = await RawClient.connect('127.0.0.1', server.port)
    for (let index = 0; index < 2000; index++) void many.exists(`/${'long'.repeat(50)}-${index}`, true)
    await many.sync('/')
    const answers: string[] = []
    for (const word of ['ruok', 'srvr', 'mntr', 'conf', 'wchp']) {
      const whole = await fourLetterWord(server.port, word)
      const connection = await RawConnection.open('127.0.0.1', server.port)
      const chunks: Buffer[] = []
      connection.socket.removeAllListeners('data')
      connection.socket.on('data', (chunk) => chunks.push(chunk))
      connection.sendBytes(Buffer.from(`${word}\n`))
      connection.endWriting()
      await connection.waitForClose(5000)
      const answer = Buffer.concat(chunks).toString('utf8')
      const isWhole = word === 'ruok' || word === 'conf' || word === 'wchp' ? answer === whole : answer.split('\n').length >= 8
      expect(isWhole, `${word} gave ${answer.length} characters to a half-closed connection, ${whole.length} otherwise`)
      answers.push(`${word} ${answer.length}`)
    }
    many.destroy()
    return `characters: ${answers.join(', ')}`
  })
}

async function halfCloseSession(context: FaultContext): Promise<string> {
  return withServer(context, async (server) => {
    const timeoutMs = 2000
    const watch = await DeletionWatch.open(server.port)
    const client = await RawClient.connect('127.0.0.1', server.port, { timeoutMs, pingIntervalMs: 0 })
    const askedMs = performance.now()
    await client.create('/half-closed', null, RawCreateMode.ephemeral)
    const answeredMs = performance.now()
    client.connection.endWriting()
    await watch.add('/half-closed')
    await client.connection.waitForClose(SLACK_MS)
    const goneAtMs = await watch.goneAtMs('/half-closed', answeredMs + timeoutMs + TICK_MS + SLACK_MS)
    expect(goneAtMs >= askedMs + timeoutMs, 'the session went with its connection')
    await eventually(
      async () => countConnections(await fourLetterWord(server.port, 'srvr')) === 3,
      SLACK_MS,
      'connections that are left',
    )
    await watch.client.close()
    return `closed at once, gone after ${(goneAtMs - answeredMs).toFixed(0)} ms`
  })
}

/** The number that `srvr` shows; the question's own connection is one of them. */
function countConnections(answer: string): number {
  return Number(/^Connections: (\d+)$/m.exec(answer)?.[1])
}
