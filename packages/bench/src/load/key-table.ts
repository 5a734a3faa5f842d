import type { ControlSession } from './control-session.ts'
import { type PayloadLabel, PayloadMaker } from './payload.ts'
import { type ReplyFrame, STAT_BYTES } from './reply-frame.ts'
import { SET_TAIL } from './request-frames.ts'
import type { Session } from './session.ts'
import { CONTROL_SESSION, Violation } from './violation.ts'
import type { WorkloadSetting } from './workload.ts'

/** Writer 0 is the control session, which makes the keys; writer i + 1 is session i. */
const FIRST_SESSION_WRITER = 1

/**
 * The nodes that a run reads and writes, with everything that its sessions know about them. It holds
 * each reply against ZooKeeper's promises:
 *
 * - data is exactly what some writer wrote to this key, and the writer has really sent it;
 * - a session never sees a key older than it saw it before, its own writes included;
 * - the acknowledged version of a key carries the data and the mzxid of the write that was acknowledged;
 * - a set gets a version above each that had been acknowledged before it was sent, and its mzxid is the
 *   zxid of its reply.
 */
export class KeyTable {
  readonly count: number
  readonly payload: PayloadMaker
  private readonly root: string
  private readonly isRaw: boolean
  /** The newest version of each key that the server has acknowledged, and the write that made it. */
  private readonly version: Int32Array
  private readonly mzxid: Float64Array
  private readonly writer: Int32Array
  private readonly sequence: Int32Array
  /** Sets of each key that have been acknowledged. */
  private readonly setCount: Int32Array
  /** Writes that each writer has sent. */
  private readonly sentCount: Int32Array
  /** The newest mzxid of each key that each session has seen. */
  private readonly seenMzxid: Float64Array
  private readonly label: PayloadLabel = { key: 0, writer: 0, sequence: 0 }

  constructor(setting: WorkloadSetting, count: number) {
    this.count = count
    this.payload = new PayloadMaker(setting.payloadBytes, setting.seed)
    this.root = setting.root
    this.isRaw = setting.isRaw
    this.version = new Int32Array(count)
    this.mzxid = new Float64Array(count)
    this.writer = new Int32Array(count)
    this.sequence = new Int32Array(count)
    this.setCount = new Int32Array(count)
    this.sentCount = new Int32Array(setting.connections + FIRST_SESSION_WRITER)
    this.seenMzxid = new Float64Array(setting.connections * count)
  }

  path(key: number): string {
    return `${this.root}/k${String(key).padStart(6, '0')}`
  }

  /** Creates the keys and reads back what the server made of them. */
  async prepare(control: ControlSession): Promise<void> {
    this.sentCount[0] = 1
    await control.all(this.count, async (key) => {
      await control.create(this.path(key), this.payload.make({ key, writer: 0, sequence: 0 }))
      const state = await control.read(this.path(key), this.payload, key)
      this.mzxid[key] = state.mzxid
    })
  }

  /** The newest acknowledged version of a key: what a set that is sent now has to exceed. */
  acknowledgedVersion(key: number): number {
    return this.version[key] ?? 0
  }

  /**
   * Writes the payload of a session's next set of `key` at `at`, with the version behind it; returns the
   * sequence number to confirm it with.
   */
  writeSet(session: Session, at: number, key: number): number {
    const writer = session.index + FIRST_SESSION_WRITER
    const sequence = this.sentCount[writer] ?? 0
    this.sentCount[writer] = sequence + 1
    const output = session.output
    this.payload.write(output.bytes, output.view, at, key, writer, sequence)
    output.bytes.set(SET_TAIL, at + this.payload.sizeBytes)
    return sequence
  }

  /** Bytes that `writeSet` writes. */
  get setBytes(): number {
    return this.payload.sizeBytes + SET_TAIL.length
  }

  /** Checks a getData reply. */
  verifyGet(reply: ReplyFrame, key: number): void {
    const size = this.payload.sizeBytes
    reply.expectBody(4 + size + STAT_BYTES)
    const at = reply.body
    if (reply.view.getInt32(at) !== size) {
      throw reply.violation('payload', `${reply.view.getInt32(at)} bytes where ${size} belong`)
    }
    const label = this.label
    if (!this.payload.check(reply.bytes, reply.view, at + 4, key, label)) {
      throw reply.violation('payload', `data of ${this.path(key)} is not what any writer wrote`)
    }
    const stat = at + 4 + size
    this.verifyReadStat(reply, stat, key)
    if (size > 0 && !this.isRaw) this.verifyLabel(reply, stat, key, label)
  }

  /** Checks an exists reply. */
  verifyExists(reply: ReplyFrame, key: number): void {
    reply.expectBody(STAT_BYTES)
    this.verifyReadStat(reply, reply.body, key)
  }

  /** A read that follows a sync must show at least this version. */
  verifyFresh(reply: ReplyFrame, key: number, versionMin: number): void {
    const version = reply.statVersion(reply.end - STAT_BYTES)
    if (version < versionMin) {
      throw reply.violation(
        'stale read',
        `version ${version} of ${this.path(key)} after a sync, version ${versionMin} was acknowledged before`,
      )
    }
  }

  /** Checks the Stat that answers a set, and takes the write as acknowledged. */
  verifySet(reply: ReplyFrame, stat: number, key: number, sequence: number, versionBefore: number): void {
    reply.expectLeafStat(stat, this.payload)
    if (this.isRaw) return
    const version = reply.statVersion(stat)
    const mzxid = reply.statMzxid(stat)
    if (version <= versionBefore) {
      throw reply.violation(
        'version order',
        `version ${version} of ${this.path(key)}, ${versionBefore} was acknowledged before it was sent`,
      )
    }
    if (mzxid !== reply.zxid) throw reply.violation('stat', `mzxid ${mzxid} of a set with zxid ${reply.zxid}`)
    this.see(reply, key, mzxid)
    this.setCount[key] = (this.setCount[key] ?? 0) + 1
    const newest = this.version[key] ?? 0
    if (version === newest) throw reply.violation('version order', `version ${version} of ${this.path(key)} was given twice`)
    if (version > newest) {
      this.version[key] = version
      this.mzxid[key] = mzxid
      this.writer[key] = reply.sessionIndex + FIRST_SESSION_WRITER
      this.sequence[key] = sequence
    }
  }

  /** After the run: each key has as many versions as sets were acknowledged, and the data of the last. */
  async inspect(control: ControlSession): Promise<void> {
    await control.sync(this.root)
    await control.all(this.count, async (key) => {
      const state = await control.read(this.path(key), this.payload, key)
      const fail = (detail: string): Violation => new Violation('final state', CONTROL_SESSION, `${this.path(key)} has ${detail}`)
      if (state.version !== this.setCount[key])
        throw fail(`version ${state.version} after ${this.setCount[key]} acknowledged sets`)
      if (state.mzxid !== this.mzxid[key]) throw fail(`mzxid ${state.mzxid} where ${this.mzxid[key]} was acknowledged`)
      if (state.label === null) return
      if (state.label.writer !== this.writer[key] || state.label.sequence !== this.sequence[key])
        throw fail('the data of another write')
    })
  }

  private verifyReadStat(reply: ReplyFrame, stat: number, key: number): void {
    reply.expectLeafStat(stat, this.payload)
    if (this.isRaw) return
    const mzxid = reply.statMzxid(stat)
    if (mzxid > reply.zxid) throw reply.violation('stat', `mzxid ${mzxid} in a reply with zxid ${reply.zxid}`)
    this.see(reply, key, mzxid)
    if (reply.statVersion(stat) === this.version[key] && mzxid !== this.mzxid[key]) {
      throw reply.violation(
        'stat',
        `mzxid ${mzxid} of version ${this.version[key]}, which was acknowledged with ${this.mzxid[key]}`,
      )
    }
  }

  private verifyLabel(reply: ReplyFrame, stat: number, key: number, label: PayloadLabel): void {
    const sent = this.sentCount[label.writer] ?? 0
    if (label.sequence < 0 || label.sequence >= sent) {
      throw reply.violation('payload', `write ${label.sequence} of writer ${label.writer}, who has sent ${sent}`)
    }
    if (reply.statVersion(stat) !== this.version[key]) return
    if (label.writer !== this.writer[key] || label.sequence !== this.sequence[key]) {
      throw reply.violation('payload', `version ${this.version[key]} of ${this.path(key)} has the data of another write`)
    }
  }

  /** Remembers how new a key this session has seen, and that it may not see an older one again. */
  private see(reply: ReplyFrame, key: number, mzxid: number): void {
    const index = reply.sessionIndex * this.count + key
    const seen = this.seenMzxid[index] ?? 0
    if (mzxid < seen) throw reply.violation('stale read', `mzxid ${mzxid} of ${this.path(key)}, this session has seen ${seen}`)
    this.seenMzxid[index] = mzxid
  }
}
