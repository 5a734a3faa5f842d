/** Where a case of the protocol suite plays: one server with an empty tree, clients that are closed behind the case, and its notes. */
import { ByteReader, type ByteWriter } from '@tskeeper/protocol'
import {
  connectRequest,
  RawClient,
  type RawClientOptions,
  type RawEvent,
  type RawReply,
  RawReplyError,
  type RawStat,
  requestPayload,
} from '../../../support/raw-client.ts'
import { ConnectionClosedError, RawConnection, TimedOutError, withTimeout } from '../../../support/raw-connection.ts'
import { RawErrorName } from '../../../support/raw-records.ts'
import type { ServerProcess } from '../../../support/server-process.ts'
import { emptyTree } from '../../../support/tree.ts'
import { SUPER_AUTH } from '../../compat-server.ts'

const XID_PING = -2
/** After this long a request counts as never answered. */
const ANSWER_TIMEOUT_MS = 3_000
/** A connection that answers a ping counts as open when it is not closed within this time behind it. */
const CLOSE_LAG_MS = 100
/** The same where a refusal was answered first: Apache's server closes then from another thread, and may answer the ping before. */
const CLOSE_LAG_AFTER_REFUSAL_MS = 2_000
const OP_PING = 11

/** One case: its name with the rows in front, and what it does. What it notes is compared between the servers. */
export interface ProtocolCase {
  readonly name: string
  readonly play: (stage: Stage) => Promise<void>
}

export class Stage {
  readonly server: ServerProcess
  /** What the case saw, in order. */
  readonly notes: unknown[] = []
  /** zxids are noted as distances from this one: the last before the case began. */
  #baseZxid = 0
  readonly #clients: RawClient[] = []
  readonly #connections: RawConnection[] = []

  constructor(server: ServerProcess) {
    this.server = server
  }

  /** Empties the tree and closes what an earlier case has left. */
  async prepare(): Promise<void> {
    const admin = await this.administrator()
    await emptyTree(admin)
    this.#baseZxid = (await admin.ping()).zxid
    await admin.close()
    // Closing the administrator's session took one zxid more.
    this.#baseZxid += 1
  }

  async cleanUp(): Promise<void> {
    for (const client of this.#clients) {
      if (client.isClosed) continue
      await client.close(ANSWER_TIMEOUT_MS).catch(() => client.destroy())
    }
    for (const connection of this.#connections) connection.destroy()
  }

  async client(options: RawClientOptions = {}): Promise<RawClient> {
    const client = await RawClient.connect(this.server.host, this.server.port, options)
    this.#clients.push(client)
    return client
  }

  async administrator(): Promise<RawClient> {
    const client = await this.client()
    await client.auth('digest', SUPER_AUTH)
    return client
  }

  /** A connection on which nothing has been said yet. */
  async connection(): Promise<RawConnection> {
    const connection = await RawConnection.open(this.server.host, this.server.port)
    this.#connections.push(connection)
    return connection
  }

  /** A connection behind its handshake, with no client on it. */
  async handshaken(options: RawClientOptions = {}): Promise<RawConnection> {
    const connection = await this.connection()
    connection.sendFrame(connectRequest(options))
    await connection.nextFrame()
    return connection
  }

  note(what: string, ...values: unknown[]): void {
    this.notes.push([what, ...values])
  }

  /** A zxid as it can be compared: its distance from the beginning of the case; -1 and 0 stay what they are. */
  zxid(zxid: number): string {
    return zxid <= 0 ? `${zxid}` : `+${zxid - this.#baseZxid}`
  }

  stat(stat: RawStat, owner?: RawClient): unknown {
    return {
      czxid: this.zxid(stat.czxid),
      mzxid: this.zxid(stat.mzxid),
      pzxid: this.zxid(stat.pzxid),
      version: stat.version,
      cversion: stat.cversion,
      aversion: stat.aversion,
      owner: stat.ephemeralOwner === 0n ? 'none' : owner?.sessionId === stat.ephemeralOwner ? 'the client' : 'a session',
      dataLength: stat.dataLength,
      numChildren: stat.numChildren,
      hasTimes: stat.ctime > 0,
      isChanged: stat.mtime !== stat.ctime || stat.mzxid !== stat.czxid,
    }
  }

  /** Sends one request and notes how it is answered: error, zxid, and how many bytes follow. */
  async ask(what: string, client: RawClient, op: number, writeBody?: (writer: ByteWriter) => void): Promise<RawReply | null> {
    try {
      const reply = await withTimeout(client.request(op, writeBody), ANSWER_TIMEOUT_MS, what)
      // Bytes behind the header of an error mean nothing to any client, and some of Apache's error replies have some.
      this.note(what, errorName(reply.err), this.zxid(reply.zxid), reply.err === 0 ? reply.body.remaining() : 'no body')
      return reply
    } catch (error) {
      if (error instanceof ConnectionClosedError) this.note(what, 'the connection was closed')
      else if (error instanceof TimedOutError) this.note(what, 'no answer')
      else throw error
      return null
    }
  }

  /** Notes the outcome of a typed call: what `read` makes of its result, or the error. */
  async outcome<T>(what: string, call: Promise<T>, read: (value: T) => unknown = () => 'ok'): Promise<void> {
    try {
      this.note(what, read(await call))
    } catch (error) {
      if (error instanceof RawReplyError) this.note(what, errorName(error.code), this.zxid(error.zxid))
      else if (error instanceof ConnectionClosedError) this.note(what, 'the connection was closed')
      else throw error
    }
  }

  /** Waits for `count` events in all and notes them, with the zxids that they carry. */
  async events(what: string, client: RawClient, count: number): Promise<void> {
    await client.waitForEvents(count)
    // An event that comes too much comes before the reply to a request that is sent now.
    await client.ping()
    this.note(what, ...client.events.map((event) => describeEvent(event)))
  }

  /** Notes whether a connection still answers or has been closed, and the frames that come before that shows. */
  async fate(what: string, connection: RawConnection): Promise<void> {
    const frames: unknown[] = []
    let isRefused = false
    if (!connection.isClosed) connection.sendFrame(requestPayload(XID_PING, OP_PING))
    for (;;) {
      try {
        const reader = new ByteReader(await connection.nextFrame())
        const xid = reader.readInt()
        const zxid = reader.readNumber()
        const err = reader.readInt()
        if (xid === XID_PING && err === 0) {
          const lag = new Promise<void>((resolve) => setTimeout(resolve, isRefused ? CLOSE_LAG_AFTER_REFUSAL_MS : CLOSE_LAG_MS))
          await Promise.race([connection.closed, lag])
          this.note(what, ...frames, connection.isClosed ? 'closed' : 'open')
          return
        }
        if (err !== 0) isRefused = true
        frames.push([xid, this.zxid(zxid), errorName(err), reader.remaining()])
      } catch (error) {
        if (!(error instanceof ConnectionClosedError)) throw error
        this.note(what, ...frames, 'closed')
        return
      }
    }
  }
}

export function errorName(code: number): string {
  return code === 0 ? 'OK' : (RawErrorName[code] ?? `error ${code}`)
}

const EVENT_NAMES: Readonly<Record<number, string>> = { 1: 'created', 2: 'deleted', 3: 'data', 4: 'children' }

export function describeEvent(event: RawEvent): string {
  return `${EVENT_NAMES[event.type] ?? event.type} ${event.path}${event.state === 3 ? '' : ` state ${event.state}`}`
}

export function text(data: Uint8Array | null): string {
  return data === null ? 'null' : `"${Buffer.from(data).toString('utf8')}"`
}
