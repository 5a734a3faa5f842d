import type { ControlSession } from '../control-session.ts'
import { PayloadMaker } from '../payload.ts'
import type { ReplyFrame } from '../reply-frame.ts'
import { CreateFlags, createPrefix, createTail, deleteFrame, stringField, writeDigits } from '../request-frames.ts'
import type { Session } from '../session.ts'
import { CONTROL_SESSION, Violation } from '../violation.ts'
import type { Workload, WorkloadSetting } from '../workload.ts'

/**
 * `create-delete`: each node is deleted right after it was created, each of both is an operation;
 * `ephemeral`: nodes that are gone when the sessions close; `load`: nodes that stay.
 */
export type CreateMode = 'create-delete' | 'ephemeral' | 'load'

const SEQUENCE_DIGITS = 10
/** Loaded nodes that are read again at the end. */
const READ_BACK_NODES = 1000

/** Creates nodes, each session in a directory of its own: `root/d000012/n0000000345`. */
export class CreateWorkload implements Workload {
  readonly requestsPerOperation = 1
  private readonly mode: CreateMode
  private readonly root: string
  private readonly connections: number
  private readonly payload: PayloadMaker
  private readonly tail: Buffer
  private readonly createPrefixes: Buffer[] = []
  private readonly deleteFrames: Buffer[] = []
  private readonly paths: Buffer[] = []
  /** Operations that each session has issued. */
  private readonly issued: Float64Array
  private readonly slotOperation: Float64Array
  /** Nodes that each session has been told of: created, less deleted. */
  private readonly nodeCount: Float64Array
  private readonly lastWriteZxid: Float64Array

  constructor(setting: WorkloadSetting, mode: CreateMode) {
    this.mode = mode
    this.root = setting.root
    this.connections = setting.connections
    this.payload = new PayloadMaker(setting.payloadBytes, setting.seed)
    this.tail = createTail(mode === 'ephemeral' ? CreateFlags.ephemeral : CreateFlags.persistent)
    for (let index = 0; index < setting.connections; index++) {
      const path = `${this.directory(index)}/n${'0'.repeat(SEQUENCE_DIGITS)}`
      this.createPrefixes.push(createPrefix(path, setting.payloadBytes))
      this.deleteFrames.push(deleteFrame(path))
      this.paths.push(stringField(path))
    }
    this.issued = new Float64Array(setting.connections)
    this.slotOperation = new Float64Array(setting.connections * setting.window)
    this.nodeCount = new Float64Array(setting.connections)
    this.lastWriteZxid = new Float64Array(setting.connections)
  }

  async prepare(control: ControlSession): Promise<void> {
    await control.all(this.connections, (index) => control.create(this.directory(index), Buffer.alloc(0)))
  }

  issue(session: Session, slot: number): void {
    const operation = this.issued[session.index] as number
    this.issued[session.index] = operation + 1
    this.slotOperation[slot] = operation
    const sequence = this.sequenceOf(operation)
    if (this.isDelete(operation)) {
      const frame = this.deleteFrames[session.index] as Buffer
      const at = session.send(frame, 0)
      writeDigits(session.output.bytes, at - 4 - SEQUENCE_DIGITS, SEQUENCE_DIGITS, sequence)
      return
    }
    const prefix = this.createPrefixes[session.index] as Buffer
    const at = session.send(prefix, this.payload.sizeBytes + this.tail.length)
    const output = session.output
    writeDigits(output.bytes, at - 4 - SEQUENCE_DIGITS, SEQUENCE_DIGITS, sequence)
    this.payload.write(output.bytes, output.view, at, session.index, session.index, sequence)
    output.bytes.set(this.tail, at + this.payload.sizeBytes)
  }

  verify(session: Session, slot: number, _part: number, reply: ReplyFrame): void {
    reply.expectSuccess()
    const last = this.lastWriteZxid[session.index] as number
    if (reply.zxid <= last) throw reply.violation('zxid order', `a write with zxid ${reply.zxid} after one with ${last}`)
    this.lastWriteZxid[session.index] = reply.zxid
    const operation = this.slotOperation[slot] as number
    const count = this.nodeCount[session.index] as number
    if (this.isDelete(operation)) {
      reply.expectBody(0)
      this.nodeCount[session.index] = count - 1
      return
    }
    const path = this.paths[session.index] as Buffer
    reply.expectBody(path.length)
    writeDigits(path, path.length - SEQUENCE_DIGITS, SEQUENCE_DIGITS, this.sequenceOf(operation))
    reply.expectField(reply.body, path)
    this.nodeCount[session.index] = count + 1
  }

  async inspect(control: ControlSession): Promise<void> {
    await control.sync(this.root)
    await control.all(this.connections, (index) => this.expectChildCount(control, index, this.nodeCount[index] as number))
    const total = this.nodeCount.reduce((sum, count) => sum + count, this.connections)
    const found = await control.descendantCount(this.root)
    if (found !== total)
      throw new Violation('final state', CONTROL_SESSION, `${found} nodes below ${this.root}, ${total} were acknowledged`)
    if (this.mode === 'load') await this.readBack(control)
  }

  async inspectAfterClose(control: ControlSession): Promise<void> {
    if (this.mode !== 'ephemeral') return
    await control.sync(this.root)
    await control.all(this.connections, (index) => this.expectChildCount(control, index, 0))
  }

  /** Reads a sample of the loaded nodes, spread evenly, and checks their data. */
  private async readBack(control: ControlSession): Promise<void> {
    const perSession = Math.ceil(READ_BACK_NODES / this.connections)
    await control.all(this.connections * perSession, async (index) => {
      const session = index % this.connections
      const count = this.issued[session] as number
      if (count === 0) return
      const sequence = Math.floor((Math.floor(index / this.connections) * count) / perSession)
      const path = `${this.directory(session)}/n${String(sequence).padStart(SEQUENCE_DIGITS, '0')}`
      const { label } = await control.read(path, this.payload, session)
      if (label === null ? this.payload.sizeBytes > 0 : label.sequence !== sequence) {
        throw new Violation('final state', CONTROL_SESSION, `${path} has the data of another node`)
      }
    })
  }

  private async expectChildCount(control: ControlSession, index: number, expected: number): Promise<void> {
    const state = await control.read(this.directory(index), this.payload, 0)
    if (state.childCount === expected) return
    const detail = `${state.childCount} children of ${this.directory(index)} where ${expected} belong`
    throw new Violation('final state', CONTROL_SESSION, detail)
  }

  private directory(index: number): string {
    return `${this.root}/d${String(index).padStart(6, '0')}`
  }

  private isDelete(operation: number): boolean {
    return this.mode === 'create-delete' && operation % 2 === 1
  }

  private sequenceOf(operation: number): number {
    return this.mode === 'create-delete' ? Math.floor(operation / 2) : operation
  }
}
