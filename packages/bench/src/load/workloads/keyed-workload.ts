import type { ControlSession } from '../control-session.ts'
import { KeyTable } from '../key-table.ts'
import { type ReplyFrame, STAT_BYTES } from '../reply-frame.ts'
import { RequestType, readFrame, setPrefix } from '../request-frames.ts'
import type { Session } from '../session.ts'
import { KeyChooser, type Workload, type WorkloadSetting } from '../workload.ts'

/** Which reads and how many of them: `readShare` 1 is only reads, 0 only sets. */
export interface KeyedMix {
  readonly read: 'getData' | 'exists'
  readonly readShare: number
}

const READ = 0
const SET = 1

/** getData, exists and setData on a set of keys, alone or mixed; each operation takes a key at random. */
export class KeyedWorkload implements Workload {
  readonly requestsPerOperation = 1
  private readonly keys: KeyTable
  private readonly mix: KeyedMix
  private readonly isRaw: boolean
  private readonly chooser: KeyChooser
  private readonly readFrames: Buffer[] = []
  private readonly setPrefixes: Buffer[] = []
  private readonly slotKind: Uint8Array
  private readonly slotKey: Int32Array
  private readonly slotSequence: Int32Array
  private readonly slotVersion: Int32Array

  constructor(setting: WorkloadSetting, keyCount: number, mix: KeyedMix) {
    this.keys = new KeyTable(setting, setting.isRaw ? 1 : keyCount)
    this.mix = mix
    this.isRaw = setting.isRaw
    this.chooser = new KeyChooser(setting.seed)
    for (let key = 0; key < this.keys.count; key++) {
      this.readFrames.push(readFrame(RequestType[mix.read], this.keys.path(key), false))
      this.setPrefixes.push(setPrefix(this.keys.path(key), setting.payloadBytes))
    }
    const slots = setting.connections * setting.window
    this.slotKind = new Uint8Array(slots)
    this.slotKey = new Int32Array(slots)
    this.slotSequence = new Int32Array(slots)
    this.slotVersion = new Int32Array(slots)
  }

  async prepare(control: ControlSession): Promise<void> {
    await this.keys.prepare(control)
  }

  issue(session: Session, slot: number): void {
    const key = this.chooser.below(this.keys.count)
    this.slotKey[slot] = key
    if (this.isRead()) {
      this.slotKind[slot] = READ
      session.send(this.readFrames[key] as Buffer, 0)
      return
    }
    this.slotKind[slot] = SET
    this.slotVersion[slot] = this.keys.acknowledgedVersion(key)
    const at = session.send(this.setPrefixes[key] as Buffer, this.keys.setBytes)
    this.slotSequence[slot] = this.keys.writeSet(session, at, key)
  }

  verify(_session: Session, slot: number, _part: number, reply: ReplyFrame): void {
    reply.expectSuccess()
    const key = this.slotKey[slot] as number
    if (this.slotKind[slot] === SET) {
      reply.expectBody(STAT_BYTES)
      this.keys.verifySet(reply, reply.body, key, this.slotSequence[slot] as number, this.slotVersion[slot] as number)
    } else if (this.mix.read === 'getData') {
      this.keys.verifyGet(reply, key)
    } else {
      this.keys.verifyExists(reply, key)
    }
  }

  async inspect(control: ControlSession): Promise<void> {
    if (!this.isRaw) await this.keys.inspect(control)
  }

  async inspectAfterClose(): Promise<void> {}

  private isRead(): boolean {
    const share = this.mix.readShare
    return share === 1 || (share > 0 && this.chooser.below(1000) < share * 1000)
  }
}
