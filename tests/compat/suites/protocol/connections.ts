/** The handshake, sessions, frames, and what a connection is closed for. */
import {
  connectRequest,
  type RawClient,
  RawCreateMode,
  RawOp,
  readConnectResponse,
  requestPayload,
} from '../../../support/raw-client.ts'
import { ConnectionClosedError, frame, type RawConnection } from '../../../support/raw-connection.ts'
import { check, checkEqual } from '../../suite.ts'
import type { ProtocolCase, Stage } from './stage.ts'

const FRAME_BYTES_MAX = 1_048_575

/** The payload of the connect response, or null when the connection is closed instead. */
async function handshake(connection: RawConnection, payload: Uint8Array): Promise<Buffer | null> {
  connection.sendFrame(payload)
  try {
    return await connection.nextFrame()
  } catch (error) {
    if (error instanceof ConnectionClosedError) return null
    throw error
  }
}

function setDataFrame(frameBytes: number): Uint8Array {
  const empty = requestPayload(1, RawOp.setData, (writer) => {
    writer.writeString('/n')
    writer.writeBuffer(new Uint8Array(0))
    writer.writeInt(-1)
  })
  return requestPayload(1, RawOp.setData, (writer) => {
    writer.writeString('/n')
    writer.writeBuffer(new Uint8Array(frameBytes - empty.length))
    writer.writeInt(-1)
  })
}

async function noteResponse(stage: Stage, what: string, payload: Buffer | null, known?: RawClient): Promise<void> {
  if (payload === null) {
    stage.note(what, 'closed')
    return
  }
  const response = readConnectResponse(payload)
  const session = response.sessionId === 0n ? 'none' : response.sessionId === known?.sessionId ? 'the same' : 'a session'
  const password = response.password?.every((byte) => byte === 0) === true ? 'zeros' : `${response.password?.length} bytes`
  stage.note(what, payload.length, response.timeoutMs, session, password, response.readOnly)
}

export const connectionCases: readonly ProtocolCase[] = [
  {
    name: 'A90: time-outs are negotiated',
    play: async (stage) => {
      for (const timeoutMs of [0, -1, 1, 999, 1000, 1001, 5000, 9999, 10_000, 10_001, 3_600_000, 0x7fffffff, -0x80000000]) {
        const client = await stage.client({ timeoutMs })
        stage.note(`${timeoutMs}`, client.timeoutMs)
        await client.close()
      }
    },
  },
  {
    name: 'every form of the connect request',
    play: async (stage) => {
      const forms: Readonly<Record<string, Uint8Array>> = {
        'with the flag': connectRequest({}),
        'without the flag': connectRequest({ readOnly: null }),
        'read-only': connectRequest({ readOnly: true }),
        'a null password': connectRequest({ password: null }),
        'an empty password': connectRequest({ password: new Uint8Array(0) }),
        'a long password': connectRequest({ password: new Uint8Array(100).fill(7) }),
        'a byte more': Uint8Array.of(...connectRequest({}), 1),
        'another version': (() => {
          const bytes = connectRequest({})
          bytes[3] = 5
          return bytes
        })(),
        'a byte too few': connectRequest({ readOnly: null }).slice(0, -1),
        nothing: new Uint8Array(0),
        'a password longer than the frame': connectRequest({ readOnly: null }).fill(0x10, 27, 28),
        'a zxid ahead of the server': connectRequest({ lastZxidSeen: 2 ** 40 }),
        'a zxid of the past': connectRequest({ lastZxidSeen: 1 }),
      }
      for (const [what, payload] of Object.entries(forms)) {
        const connection = await stage.connection()
        await noteResponse(stage, what, await handshake(connection, payload))
        connection.destroy()
      }
    },
  },
  {
    name: 'A84: a request before the handshake closes the connection',
    play: async (stage) => {
      for (const op of [RawOp.getData, RawOp.ping, RawOp.closeSession] as const) {
        const connection = await stage.connection()
        const payload = requestPayload(1, op, (writer) => {
          writer.writeString('/')
          writer.writeBoolean(false)
        })
        await noteResponse(stage, `op ${op}`, await handshake(connection, payload))
      }
    },
  },
  {
    name: 'A95: a client that has seen a later zxid is turned away',
    play: async (stage) => {
      const first = await stage.client()
      await first.create('/n')
      const { sessionId, password, lastZxid } = first
      for (const [what, lastZxidSeen] of [
        ['the same', lastZxid],
        ['one more', lastZxid + 1],
      ] as const) {
        const connection = await stage.connection()
        await noteResponse(stage, what, await handshake(connection, connectRequest({ sessionId, password, lastZxidSeen })), first)
      }
    },
  },
  {
    name: 'A75: sessions that are refused',
    play: async (stage) => {
      const client = await stage.client()
      const { sessionId, password } = client
      const closed = await stage.client()
      await closed.close()
      const wrong = password.slice()
      wrong[0] = ((wrong[0] ?? 0) + 1) & 0xff
      const tries: Readonly<Record<string, Uint8Array>> = {
        'a session that never was': connectRequest({ sessionId: 0x1234567890n, password }),
        'a session that was closed': connectRequest({ sessionId: closed.sessionId, password: closed.password }),
        'a wrong password': connectRequest({ sessionId, password: wrong }),
        'a short password': connectRequest({ sessionId, password: password.slice(0, 8) }),
        'no password': connectRequest({ sessionId, password: null }),
        'a wrong password without the flag': connectRequest({ sessionId, password: wrong, readOnly: null }),
      }
      for (const [what, payload] of Object.entries(tries)) {
        const connection = await stage.connection()
        await noteResponse(stage, what, await handshake(connection, payload))
        await connection.waitForClose()
      }
    },
  },
  {
    name: 'a wrong password and the connection of the session',
    play: async (stage) => {
      const client = await stage.client()
      const connection = await stage.connection()
      await handshake(connection, connectRequest({ sessionId: client.sessionId }))
      await connection.waitForClose()
      const isAlive = await client.ping().then(
        () => true,
        () => false,
      )
      stage.note('the connection of the session lives', isAlive)
    },
  },
  {
    name: 'A86: a session moves to a new connection and keeps what it owns',
    play: async (stage) => {
      const client = await stage.client({ timeoutMs: 5000 })
      await client.create('/e', null, RawCreateMode.ephemeral)
      const { sessionId, password } = client
      const connection = await stage.connection()
      const response = await handshake(connection, connectRequest({ sessionId, password, timeoutMs: 3000 }))
      await noteResponse(stage, 'resumed', response, client)
      await client.connection.waitForClose()
      stage.note('password', Buffer.from(response ?? []).includes(Buffer.from(password)))
      const observer = await stage.client()
      stage.note('its node', (await observer.exists('/e')) !== null)
      connection.sendFrame(requestPayload(3, RawOp.closeSession))
      stage.note('the reply to the close', (await connection.nextFrame()).length)
      await connection.waitForClose()
      stage.note('its node', await observer.exists('/e'))
    },
  },
  {
    name: 'A28 A85: closing a session answers, closes and takes its nodes',
    play: async (stage) => {
      const owner = await stage.client()
      const observer = await stage.client()
      for (const path of ['/e1', '/e2']) {
        await owner.create(path, null, RawCreateMode.ephemeral)
        await observer.exists(path, true)
      }
      const reply = owner.request(RawOp.closeSession)
      // What is sent behind the close may be answered or not; it must not be carried out.
      const behind = owner.create('/behind').catch(() => undefined)
      stage.note('reply', (await reply).err, (await reply).body.remaining())
      await behind
      await owner.connection.waitForClose()
      await observer.waitForEvents(2)
      stage.note('events', observer.events.map((event) => `${event.type} ${event.path}`).sort())
      stage.note('behind the close', await observer.exists('/behind'))
    },
  },
  {
    name: 'A28 A91: a silent session ends after its time-out and not before',
    play: async (stage) => {
      const observer = await stage.client()
      const silent = await stage.client({ timeoutMs: 1500, pingIntervalMs: 0 })
      await silent.create('/e', null, RawCreateMode.ephemeral)
      const lastHeardMs = performance.now()
      await observer.exists('/e', true)
      await observer.waitForEvents(1, 10_000)
      const silenceMs = performance.now() - lastHeardMs
      // The tick is 500 ms; how late beyond it a busy machine may be is not the question here.
      check(silenceMs >= 1490, `the session of 1500 ms ended after ${silenceMs} ms`)
      await silent.connection.waitForClose()
      const { sessionId, password } = silent
      const connection = await stage.connection()
      await noteResponse(stage, 'resuming it', await handshake(connection, connectRequest({ sessionId, password })))
    },
  },
  {
    name: 'A92: pings keep a session alive',
    play: async (stage) => {
      const client = await stage.client({ timeoutMs: 1000, pingIntervalMs: 300 })
      await client.create('/e', null, RawCreateMode.ephemeral)
      const observer = await stage.client()
      await observer.exists('/e', true)
      await new Promise((resolve) => setTimeout(resolve, 2500))
      await observer.ping()
      checkEqual(observer.events.length, 0, 'events')
      stage.note('alive', (await observer.exists('/e')) !== null)
    },
  },
  {
    name: 'A16: the largest frame, and a byte more',
    play: async (stage) => {
      const client = await stage.client()
      await client.create('/n')
      for (const size of [FRAME_BYTES_MAX - 1, FRAME_BYTES_MAX, FRAME_BYTES_MAX + 1]) {
        const connection = await stage.handshaken()
        connection.sendFrame(setDataFrame(size))
        await stage.fate(`${size} bytes`, connection)
      }
      stage.note('kept', (await client.exists('/n'))?.dataLength)
    },
  },
  {
    name: 'frames with lengths that no frame has, and frames without a header',
    play: async (stage) => {
      const tries: Readonly<Record<string, Uint8Array>> = {
        'a negative length': Uint8Array.of(0xff, 0xff, 0xff, 0xff),
        'the largest length': Uint8Array.of(0x7f, 0xff, 0xff, 0xff),
        'a length of 0': frame(new Uint8Array(0)),
        'a length of 7': frame(new Uint8Array(7)),
        'a four-letter word after the handshake': Buffer.from('ruok'),
      }
      for (const [what, bytes] of Object.entries(tries)) {
        const connection = await stage.handshaken()
        connection.sendBytes(bytes)
        await stage.fate(what, connection)
      }
      for (const [what, bytes] of Object.entries(tries).slice(0, 4)) {
        const connection = await stage.connection()
        connection.sendBytes(bytes)
        const isClosed = await connection.closed.then(() => true)
        stage.note(`${what} before the handshake`, isClosed ? 'closed' : 'open')
      }
    },
  },
  {
    name: 'requests that are sent before the answer to the handshake wait for it',
    play: async (stage) => {
      const connection = await stage.connection()
      const early = [
        requestPayload(1, RawOp.ping),
        requestPayload(2, RawOp.getData, (writer) => {
          writer.writeString('/')
          writer.writeBoolean(false)
        }),
      ]
      connection.sendBytes(Buffer.concat([frame(connectRequest({})), ...early.map(frame)]))
      await noteResponse(stage, 'handshake', await connection.nextFrame())
      await stage.fate('behind it', connection)
    },
  },
  {
    name: 'frames that arrive byte by byte and many at once',
    play: async (stage) => {
      const connection = await stage.connection()
      for (const byte of frame(connectRequest({}))) connection.sendBytes(Uint8Array.of(byte))
      await noteResponse(stage, 'handshake', await connection.nextFrame())
      const read = frame(
        requestPayload(9, RawOp.getChildren, (writer) => {
          writer.writeString('/zookeeper')
          writer.writeBoolean(false)
        }),
      )
      for (const byte of read) connection.sendBytes(Uint8Array.of(byte))
      connection.sendBytes(Buffer.concat([read, read, read, read.slice(0, 10)]))
      connection.sendBytes(read.slice(10))
      await stage.fate('answers', connection)
    },
  },
  {
    name: 'xids are echoed, and that of a ping is always the same',
    play: async (stage) => {
      const connection = await stage.handshaken()
      for (const xid of [1, 5, 5, 0, -8, -7, 0x7fffffff, -0x80000000]) {
        connection.sendFrame(
          requestPayload(xid, RawOp.exists, (writer) => {
            writer.writeString('/nope')
            writer.writeBoolean(false)
          }),
        )
      }
      connection.sendFrame(
        requestPayload(-8, RawOp.setWatches, (writer) => {
          writer.writeNumber(0)
          for (let list = 0; list < 3; list++) writer.writeInt(0)
        }),
      )
      await stage.fate('xids', connection)
      connection.sendFrame(requestPayload(77, RawOp.ping))
      await stage.fate('a ping with another xid', connection)
    },
  },
  {
    name: 'createSession sent as a request',
    play: async (stage) => {
      const connection = await stage.handshaken()
      connection.sendFrame(requestPayload(3, RawOp.createSession, (writer) => writer.writeInt(5000)))
      await new Promise((resolve) => setTimeout(resolve, 50))
      connection.destroy()
      // What becomes of the connection is nobody's business; the server goes on.
      const observer = await stage.client()
      stage.note('the server goes on', (await observer.exists('/')) !== null)
    },
  },
  {
    name: 'session ids count up and name the server',
    play: async (stage) => {
      const first = await stage.client()
      const second = await stage.client()
      stage.note('top byte', Number(BigInt.asUintN(64, first.sessionId) >> 56n))
      stage.note('distance', Number(second.sessionId - first.sessionId))
      stage.note('password', first.password.length)
    },
  },
]
