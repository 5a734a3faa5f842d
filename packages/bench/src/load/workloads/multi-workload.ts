import type { ControlSession } from '../control-session.ts'
import { KeyTable } from '../key-table.ts'
import { type ReplyFrame, STAT_BYTES } from '../reply-frame.ts'
import { intField, multiHeader, multiPrefix, RequestType, stringField } from '../request-frames.ts'
import type { Session } from '../session.ts'
import { KeyChooser, type Workload, type WorkloadSetting } from '../workload.ts'

const HEADER_BYTES = 9
const NO_TYPE = -1

/** Transactions of `size` sets on neighbouring keys. One transaction is one operation. */
export class MultiWorkload implements Workload {
  readonly requestsPerOperation = 1
  private readonly size: number
  private readonly keys: KeyTable
  private readonly chooser: KeyChooser
  private readonly prefix: Buffer
  /** For each key the bytes of its operation before the payload. */
  private readonly operations: Buffer[] = []
  private readonly end: Buffer = multiHeader(NO_TYPE, true)
  private readonly slotKey: Int32Array
  /** `size` entries for each slot. */
  private readonly slotSequence: Int32Array
  private readonly slotVersion: Int32Array

  constructor(setting: WorkloadSetting, keyCount: number, size: number) {
    this.size = size
    this.keys = new KeyTable(setting, Math.max(keyCount, size))
    this.chooser = new KeyChooser(setting.seed)
    const header = multiHeader(RequestType.setData, false)
    for (let key = 0; key < this.keys.count; key++) {
      this.operations.push(Buffer.concat([header, stringField(this.keys.path(key)), intField(setting.payloadBytes)]))
    }
    const operationBytes = (this.operations[0] as Buffer).length + this.keys.setBytes
    this.prefix = multiPrefix(size * operationBytes + this.end.length)
    const slots = setting.connections * setting.window
    this.slotKey = new Int32Array(slots)
    this.slotSequence = new Int32Array(slots * size)
    this.slotVersion = new Int32Array(slots * size)
  }

  async prepare(control: ControlSession): Promise<void> {
    await this.keys.prepare(control)
  }

  issue(session: Session, slot: number): void {
    const first = this.chooser.below(this.keys.count)
    this.slotKey[slot] = first
    const recordBytes = this.prefix.readInt32BE(0) - (this.prefix.length - 4)
    let at = session.send(this.prefix, recordBytes)
    for (let index = 0; index < this.size; index++) {
      const key = (first + index) % this.keys.count
      const operation = this.operations[key] as Buffer
      session.output.bytes.set(operation, at)
      at += operation.length
      const entry = slot * this.size + index
      this.slotVersion[entry] = this.keys.acknowledgedVersion(key)
      this.slotSequence[entry] = this.keys.writeSet(session, at, key)
      at += this.keys.setBytes
    }
    session.output.bytes.set(this.end, at)
  }

  verify(_session: Session, slot: number, _part: number, reply: ReplyFrame): void {
    reply.expectSuccess()
    reply.expectBody(this.size * (HEADER_BYTES + STAT_BYTES) + HEADER_BYTES)
    const first = this.slotKey[slot] as number
    let at = reply.body
    for (let index = 0; index < this.size; index++) {
      this.verifyHeader(reply, at, RequestType.setData, false, 0)
      const entry = slot * this.size + index
      const key = (first + index) % this.keys.count
      this.keys.verifySet(reply, at + HEADER_BYTES, key, this.slotSequence[entry] as number, this.slotVersion[entry] as number)
      at += HEADER_BYTES + STAT_BYTES
    }
    this.verifyHeader(reply, at, NO_TYPE, true, NO_TYPE)
  }

  async inspect(control: ControlSession): Promise<void> {
    await this.keys.inspect(control)
  }

  async inspectAfterClose(): Promise<void> {}

  private verifyHeader(reply: ReplyFrame, at: number, type: number, isDone: boolean, error: number): void {
    const view = reply.view
    if (view.getInt32(at) !== type || (view.getUint8(at + 4) !== 0) !== isDone || view.getInt32(at + 5) !== error) {
      const found = `{${view.getInt32(at)}, ${view.getUint8(at + 4)}, ${view.getInt32(at + 5)}}`
      throw reply.violation(
        'error code',
        `an operation of a multi answered ${found} where {${type}, ${isDone ? 1 : 0}, ${error}} belongs`,
      )
    }
  }
}
