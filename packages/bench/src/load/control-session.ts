import type { PayloadLabel, PayloadMaker } from './payload.ts'
import { type ReplyFrame, STAT_BYTES } from './reply-frame.ts'
import {
  CreateFlags,
  createPrefix,
  createTail,
  deleteFrame,
  pathFrame,
  RequestType,
  readFrame,
  SET_TAIL,
  setPrefix,
  stringField,
} from './request-frames.ts'
import { Session, type SessionHandler } from './session.ts'
import type { Transport } from './transport.ts'
import { CONTROL_SESSION } from './violation.ts'

/** Requests in flight at once while a run is prepared or cleared away: enough to be quick, too few to be throttled. */
const WINDOW = 256

/** What a read of a node found. */
export interface NodeState {
  readonly version: number
  readonly mzxid: number
  readonly childCount: number
  /** What the node's payload says; null when it has none. */
  readonly label: PayloadLabel | null
}

interface Waiter {
  readonly take: (reply: ReplyFrame) => void
  readonly reject: (error: Error) => void
}

/**
 * The session that prepares a run, inspects its outcome and clears it away. It is not measured, so it is
 * written with promises, for clarity.
 */
export class ControlSession implements SessionHandler {
  private readonly session: Session
  private readonly waiters: Waiter[] = []
  private failure: Error | null = null
  private isClosed = false
  private readonly ready: Promise<void>
  private resolveReady: () => void = () => {}
  private rejectReady: (error: Error) => void = () => {}
  private resolveClosed: () => void = () => {}

  constructor(transport: Transport, sessionTimeoutMs: number, server = 0) {
    this.ready = new Promise((resolve, reject) => {
      this.resolveReady = resolve
      this.rejectReady = reject
    })
    this.session = new Session(transport, CONTROL_SESSION, sessionTimeoutMs, this, server)
  }

  /** Resolves once the server has granted the session. */
  async open(): Promise<void> {
    await this.ready
  }

  async create(path: string, data: Buffer): Promise<void> {
    const field = stringField(path)
    await this.request(Buffer.concat([createPrefix(path, data.length), data, createTail(CreateFlags.persistent)]), (reply) => {
      reply.expectSuccess()
      reply.expectBody(field.length)
      reply.expectField(reply.body, field)
    })
  }

  /** Replaces a node's data, whatever its version. */
  async set(path: string, data: Buffer): Promise<void> {
    await this.request(Buffer.concat([setPrefix(path, data.length), data, SET_TAIL]), (reply) => {
      reply.expectSuccess()
      reply.expectBody(STAT_BYTES)
    })
  }

  async delete(path: string): Promise<void> {
    await this.request(deleteFrame(path), (reply) => {
      reply.expectSuccess()
      reply.expectBody(0)
    })
  }

  /** Waits until this server has caught up with every write acknowledged so far. */
  async sync(path: string): Promise<void> {
    const field = stringField(path)
    await this.request(pathFrame(RequestType.sync, path), (reply) => {
      reply.expectSuccess()
      reply.expectBody(field.length)
      reply.expectField(reply.body, field)
    })
  }

  /** Reads a node whose data, if it has any, is a payload for `key`. */
  read(path: string, payload: PayloadMaker, key: number): Promise<NodeState> {
    return this.request(readFrame(RequestType.getData, path, false), (reply) => {
      reply.expectSuccess()
      const length = reply.end - reply.body < 4 ? 0 : Math.max(0, reply.view.getInt32(reply.body))
      reply.expectBody(4 + length + STAT_BYTES)
      const stat = reply.body + 4 + length
      const label: PayloadLabel = { key, writer: 0, sequence: 0 }
      if (length > 0) {
        if (length !== payload.sizeBytes) throw reply.violation('payload', `${length} bytes where ${payload.sizeBytes} belong`)
        if (!payload.check(reply.bytes, reply.view, reply.body + 4, key, label)) {
          throw reply.violation('payload', `data of ${path} is not what any writer wrote`)
        }
      }
      return {
        version: reply.statVersion(stat),
        mzxid: reply.statMzxid(stat),
        childCount: reply.statChildCount(stat),
        label: length > 0 ? label : null,
      }
    })
  }

  /** Rejects unless the node exists. */
  async exists(path: string): Promise<void> {
    await this.request(readFrame(RequestType.exists, path, false), (reply) => {
      reply.expectSuccess()
      reply.expectBody(STAT_BYTES)
    })
  }

  /** Names of a node's children. */
  children(path: string): Promise<string[]> {
    return this.request(readFrame(RequestType.getChildren, path, false), (reply) => {
      reply.expectSuccess()
      const names: string[] = []
      const count = reply.view.getInt32(reply.body)
      let at = reply.body + 4
      for (let index = 0; index < count; index++) {
        const length = reply.view.getInt32(at)
        names.push(reply.bytes.toString('latin1', at + 4, at + 4 + length))
        at += 4 + length
      }
      if (at !== reply.end) throw reply.violation('frame length', `${reply.end - at} bytes after the last child`)
      return names
    })
  }

  /** How many nodes there are below a node, at any depth. */
  descendantCount(path: string): Promise<number> {
    return this.request(pathFrame(RequestType.getAllChildrenNumber, path), (reply) => {
      reply.expectSuccess()
      reply.expectBody(4)
      return reply.view.getInt32(reply.body)
    })
  }

  /** Deletes a node and all below it, children first. */
  async deleteTree(path: string): Promise<void> {
    const names = await this.children(path)
    await this.all(names.length, (index) => this.deleteTree(`${path}/${names[index]}`))
    await this.delete(path)
  }

  /** Runs `count` tasks, a window of them at a time. */
  async all(count: number, task: (index: number) => Promise<void>): Promise<void> {
    let next = 0
    const lane = async (): Promise<void> => {
      while (next < count) await task(next++)
    }
    const lanes: Promise<void>[] = []
    for (let index = 0; index < Math.min(count, WINDOW); index++) lanes.push(lane())
    await Promise.all(lanes)
  }

  /** Keeps the session alive while others are at work. */
  ping(): void {
    if (!this.isClosed) this.session.ping()
  }

  /** Ends the session in good order. */
  async close(): Promise<void> {
    if (this.isClosed) return
    const closed = new Promise<void>((resolve) => {
      this.resolveClosed = resolve
    })
    this.session.close()
    await closed
    if (this.failure !== null) throw this.failure
  }

  /** Drops the connection. */
  destroy(): void {
    this.isClosed = true
    this.session.destroy()
  }

  onReady(): void {
    this.resolveReady()
  }

  onBatchBegin(): void {}

  onReply(_session: Session, reply: ReplyFrame): void {
    const waiter = this.waiters.shift()
    if (waiter !== undefined) waiter.take(reply)
  }

  onEvent(_session: Session, reply: ReplyFrame): void {
    throw reply.violation('watch event', 'nothing was watched')
  }

  onBatchEnd(session: Session): void {
    session.flush()
  }

  onClosed(_session: Session, error: Error | null): void {
    this.isClosed = true
    this.failure = error
    if (error !== null) {
      this.rejectReady(error)
      for (const waiter of this.waiters.splice(0)) waiter.reject(error)
    }
    this.resolveClosed()
  }

  /** Sends a request; `read` looks at the reply while it is there, and what it throws is the answer, too. */
  private request<T>(frame: Buffer, read: (reply: ReplyFrame) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.isClosed) {
        reject(this.failure ?? new Error('the control session is closed'))
        return
      }
      const take = (reply: ReplyFrame): void => {
        try {
          resolve(read(reply))
        } catch (error) {
          const cause = error instanceof Error ? error : new Error(String(error))
          reject(cause)
          throw cause
        }
      }
      this.waiters.push({ take, reject })
      this.session.send(frame, 0)
      this.session.flush()
    })
  }
}
