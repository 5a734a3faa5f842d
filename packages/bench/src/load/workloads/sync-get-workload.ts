import type { ControlSession } from '../control-session.ts'
import { KeyTable } from '../key-table.ts'
import type { ReplyFrame } from '../reply-frame.ts'
import { pathFrame, RequestType, readFrame, stringField } from '../request-frames.ts'
import type { Session } from '../session.ts'
import { KeyChooser, type Workload, type WorkloadSetting } from '../workload.ts'

const SYNC_PART = 0

/** A read that must be up to date: sync and getData of the same node, sent together. Both count as one operation. */
export class SyncGetWorkload implements Workload {
  readonly requestsPerOperation = 2
  private readonly keys: KeyTable
  private readonly chooser: KeyChooser
  private readonly syncFrames: Buffer[] = []
  private readonly readFrames: Buffer[] = []
  private readonly paths: Buffer[] = []
  private readonly slotKey: Int32Array
  private readonly slotVersion: Int32Array

  constructor(setting: WorkloadSetting, keyCount: number) {
    this.keys = new KeyTable(setting, keyCount)
    this.chooser = new KeyChooser(setting.seed)
    for (let key = 0; key < keyCount; key++) {
      this.syncFrames.push(pathFrame(RequestType.sync, this.keys.path(key)))
      this.readFrames.push(readFrame(RequestType.getData, this.keys.path(key), false))
      this.paths.push(stringField(this.keys.path(key)))
    }
    const slots = setting.connections * setting.window
    this.slotKey = new Int32Array(slots)
    this.slotVersion = new Int32Array(slots)
  }

  async prepare(control: ControlSession): Promise<void> {
    await this.keys.prepare(control)
  }

  issue(session: Session, slot: number): void {
    const key = this.chooser.below(this.keys.count)
    this.slotKey[slot] = key
    this.slotVersion[slot] = this.keys.acknowledgedVersion(key)
    session.send(this.syncFrames[key] as Buffer, 0)
    session.send(this.readFrames[key] as Buffer, 0)
  }

  verify(_session: Session, slot: number, part: number, reply: ReplyFrame): void {
    reply.expectSuccess()
    const key = this.slotKey[slot] as number
    if (part === SYNC_PART) {
      const field = this.paths[key] as Buffer
      reply.expectBody(field.length)
      reply.expectField(reply.body, field)
      return
    }
    this.keys.verifyGet(reply, key)
    this.keys.verifyFresh(reply, key, this.slotVersion[slot] as number)
  }

  async inspect(control: ControlSession): Promise<void> {
    await this.keys.inspect(control)
  }

  async inspectAfterClose(): Promise<void> {}
}
