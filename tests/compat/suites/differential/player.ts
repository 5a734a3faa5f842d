/**
 * Plays a schedule against one server and writes down, connection by connection, what comes back in its order. One step at a time is under
 * way, so that what a server does is a function of the schedule alone; what it says to other connections meanwhile stands in their streams
 * in front of the reply to their next request.
 */
import { ByteReader } from '@tskeeper/protocol'
import { connectRequest, readConnectResponse, requestPayload } from '../../../support/raw-client.ts'
import { frame as framed, RawConnection, withTimeout } from '../../../support/raw-connection.ts'
import { RawOp } from '../../../support/raw-records.ts'
import { ReplyDecoder } from './decoder.ts'
import type { BytesStep, ConnectStep, RequestFrame, Schedule, SendStep, Step } from './schedule.ts'

/** A request that is not answered by then is not answered at all. */
const SILENCE_MS = 4_000
const XID_EVENT = -1
const XID_PING = -2
/** After these a server may close the connection behind its reply. */
const AFTER_WHICH_CLOSED: ReadonlySet<number> = new Set([-6, -115, -124])

/** Something that came over a connection, and the step that was under way then. */
export interface Observation {
  readonly kind: 'connected' | 'reply' | 'event' | 'closed' | 'silence'
  /** Index in the schedule; for an event only a hint. */
  readonly step: number
  readonly text: string
  readonly err: number | null
  /** Of an event, its header's zxid; of a reply, whatever. */
  readonly zxid: number
  readonly opcode: number | null
}

export type Streams = ReadonlyMap<string, readonly Observation[]>

interface KnownSession {
  readonly id: bigint
  readonly password: Uint8Array
}

interface Expected {
  readonly frame: RequestFrame
  readonly step: number
}

export class SchedulePlayer {
  readonly #host: string
  readonly #port: number
  readonly #streams = new Map<string, Observation[]>()
  readonly #links = new Map<number, Link>()
  readonly #linkOfSession = new Map<number, Link>()
  readonly #sessions = new Map<number, KnownSession>()
  readonly decoder: ReplyDecoder = new ReplyDecoder()
  #step = 0

  constructor(host: string, port: number) {
    this.#host = host
    this.#port = port
  }

  /** Plays all steps; the connections stay open. */
  async play(schedule: Schedule): Promise<Streams> {
    for (const [index, step] of schedule.steps.entries()) {
      this.#step = index
      await this.#playStep(step)
    }
    this.#step = schedule.steps.length
    for (const link of this.#links.values()) if (!link.isOver) await link.settle()
    return this.#streams
  }

  destroy(): void {
    for (const link of this.#links.values()) link.abandon()
  }

  #playStep(step: Step): Promise<void> {
    switch (step.kind) {
      case 'connect':
        return this.#connect(step)
      case 'send':
        return this.#send(step)
      case 'bytes':
        return this.#sendBytes(step)
      case 'drop':
        return this.#drop(this.#links.get(step.link))
    }
  }

  async #connect(step: ConnectStep): Promise<void> {
    const known = step.isResume ? this.#sessions.get(step.session) : null
    // The step that opened the session was left out, or the session was refused.
    if (known === undefined) return
    const before = this.#linkOfSession.get(step.session)
    // Who does not know the password closes the living connection of the session at Apache's: see docs/divergence.md.
    if (step.isResume && step.password !== 'right') await this.#drop(before)
    const stream: Observation[] = []
    this.#streams.set(`c${step.link}`, stream)
    const connection = await RawConnection.open(this.#host, this.#port)
    connection.sendFrame(connectPayload(step, known))
    const link = new Link(connection, stream, this.decoder, () => this.#step)
    this.#links.set(step.link, link)
    const response = await link.connected()
    if (response === null) return
    this.#sessions.set(step.session, response)
    if (before !== undefined && before !== link && !before.isOver) await before.whenClosed()
    this.#linkOfSession.set(step.session, link)
  }

  /** What the server has said to it by now may be on its way: whether it comes in front of the end must not be chance. */
  async #drop(link: Link | undefined): Promise<void> {
    await link?.settle()
    link?.abandon()
  }

  async #send(step: SendStep): Promise<void> {
    const link = this.#links.get(step.link)
    if (link !== undefined) await link.request(step.frames)
  }

  async #sendBytes(step: BytesStep): Promise<void> {
    const link = this.#links.get(step.link)
    if (link !== undefined) await link.sendBytes(step.bytes)
  }
}

function connectPayload(step: ConnectStep, known: KnownSession | null): Uint8Array {
  const payload = connectRequest({
    timeoutMs: step.timeoutMs,
    lastZxidSeen: step.lastZxidSeen,
    sessionId: known?.id ?? 0n,
    password: passwordOf(step, known),
    readOnly: step.readOnly === null ? null : false,
  })
  new DataView(payload.buffer, payload.byteOffset).setInt32(0, step.protocolVersion)
  if (step.readOnly !== null) payload[payload.length - 1] = step.readOnly
  return payload
}

function passwordOf(step: ConnectStep, known: KnownSession | null): Uint8Array | null {
  switch (step.password) {
    case 'right':
      return known?.password ?? new Uint8Array(16)
    case 'wrong':
      return new Uint8Array(16).fill(7)
    case 'null':
      return null
    case 'short':
      return new Uint8Array(3)
  }
}

/** One connection and its stream. */
class Link {
  /** Nothing more is written down: closed by the server, or left by the client. */
  isOver = false
  readonly #connection: RawConnection
  readonly #stream: Observation[]
  readonly #decoder: ReplyDecoder
  readonly #currentStep: () => number
  readonly #expected: Expected[] = []
  #awaitsPong = false
  #wake: () => void = () => undefined

  constructor(connection: RawConnection, stream: Observation[], decoder: ReplyDecoder, currentStep: () => number) {
    this.#connection = connection
    this.#stream = stream
    this.#decoder = decoder
    this.#currentStep = currentStep
    void connection.closed.then(() => this.#onClosed())
  }

  /** The answer to the connect request; null when it was refused, or when the connection was closed instead. */
  async connected(): Promise<KnownSession | null> {
    const payload = await this.#connection.nextFrame(SILENCE_MS).catch(() => null)
    if (payload === null) {
      if (!this.#connection.isClosed) this.#note('silence', 'no answer to the connect request')
      return null
    }
    const { timeoutMs, sessionId, password, readOnly } = readConnectResponse(payload)
    const session = timeoutMs === 0 ? `id ${sessionId}` : this.#decoder.session(sessionId)
    const isZero = password?.every((byte) => byte === 0)
    this.#note(
      'connected',
      `${session} timeout ${timeoutMs} password ${password?.length} ${isZero} read-only ${readOnly}, ${payload.length} bytes`,
    )
    this.#connection.listen(
      (bytes) => this.#receive(bytes),
      () => undefined,
    )
    if (timeoutMs > 0) return { id: sessionId, password: password ?? new Uint8Array(16) }
    await this.whenClosed()
    return null
  }

  /** Sends all requests in one write, and ends when all are answered or none will be. */
  async request(frames: readonly RequestFrame[]): Promise<void> {
    // That it is closed is written down already; servers may notice at different moments why they close it.
    if (this.isOver) return
    const step = this.#currentStep()
    for (const frame of frames) this.#expected.push({ frame, step })
    const repliesBefore = this.#stream.length
    this.#connection.sendBytes(Buffer.concat(frames.map((frame) => framed(frame.payload))))
    await this.#until(() => this.#expected.length === 0)
    if (this.#expected.length > 0) this.#note('silence', `${this.#expected.splice(0).length} requests are not answered`)
    const mayClose = frames.some((frame) => frame.opcode === RawOp.closeSession) || this.#sawClosingError(repliesBefore)
    if (mayClose) await this.settle()
  }

  /** Sends what ends the connection, and waits for its end. */
  async sendBytes(bytes: Uint8Array): Promise<void> {
    if (this.isOver) return
    this.#connection.sendBytes(bytes)
    await this.whenClosed()
  }

  /** Until the server has closed the connection. */
  async whenClosed(): Promise<void> {
    await this.#until(() => false)
    if (!this.isOver) this.#note('silence', 'the connection is not closed')
  }

  /** Until it is clear whether the connection goes on: it does if a ping is answered. */
  async settle(): Promise<void> {
    if (this.isOver) return
    this.#awaitsPong = true
    this.#connection.sendFrame(requestPayload(XID_PING, RawOp.ping))
    await this.#until(() => !this.#awaitsPong)
    if (!this.isOver && this.#awaitsPong) this.#note('silence', 'a ping is not answered')
    this.#awaitsPong = false
  }

  /** Closes from this side; what comes afterwards is nobody's business. */
  abandon(): void {
    this.isOver = true
    this.#connection.destroy()
  }

  #sawClosingError(from: number): boolean {
    return this.#stream.slice(from).some((observation) => observation.err !== null && AFTER_WHICH_CLOSED.has(observation.err))
  }

  async #until(isDone: () => boolean): Promise<void> {
    const deadlineMs = performance.now() + SILENCE_MS
    while (!this.isOver && !isDone()) {
      const leftMs = deadlineMs - performance.now()
      if (leftMs <= 0) return
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      await withTimeout(woken, leftMs, 'an answer').catch(() => undefined)
    }
  }

  #receive(payload: Buffer): void {
    if (this.isOver) return
    const reader = new ByteReader(payload)
    const xid = reader.readInt()
    const zxid = reader.readNumber()
    const err = reader.readInt()
    const body = payload.subarray(16)
    if (xid === XID_EVENT) this.#receiveEvent(zxid, err, body)
    else if (xid === XID_PING && this.#awaitsPong && this.#expected.length === 0) this.#awaitsPong = false
    else this.#receiveReply(xid, zxid, err, body)
    this.#wake()
  }

  #receiveEvent(zxid: number, err: number, body: Buffer): void {
    const reader = new ByteReader(body)
    const [type, state, path] = [reader.readInt(), reader.readInt(), reader.readString()]
    this.#note('event', `type ${type} state ${state} ${JSON.stringify(path)} err ${err} ${reader.remaining()} left`, { zxid })
  }

  #receiveReply(xid: number, zxid: number, err: number, body: Buffer): void {
    const expected = this.#expected.shift()
    const opcode = expected?.frame.opcode ?? 0
    const text = err === 0 ? this.#decoder.body(opcode, body) : `${body.length} bytes`
    this.#note('reply', `xid ${xid} ${text}`, { zxid, err, opcode, step: expected?.step ?? this.#currentStep() })
  }

  #onClosed(): void {
    if (!this.isOver) {
      this.#expected.splice(0)
      this.#note('closed', '')
      this.isOver = true
    }
    this.#wake()
  }

  #note(kind: Observation['kind'], text: string, fields: Partial<Observation> = {}): void {
    this.#stream.push({ kind, step: this.#currentStep(), text, err: null, zxid: 0, opcode: null, ...fields })
  }
}
