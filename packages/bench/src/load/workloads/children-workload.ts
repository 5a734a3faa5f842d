import type { ControlSession } from '../control-session.ts'
import type { ReplyFrame } from '../reply-frame.ts'
import { RequestType, readFrame } from '../request-frames.ts'
import type { Session } from '../session.ts'
import type { Workload, WorkloadSetting } from '../workload.ts'

const NAME_DIGITS = 6
const NAME_BYTES = 1 + NAME_DIGITS
const LETTER_N = 110
const DIGIT_0 = 48

/** getChildren of one node with `childCount` children; each reply must name each of them once. */
export class ChildrenWorkload implements Workload {
  readonly requestsPerOperation = 1
  private readonly root: string
  private readonly childCount: number
  private readonly frame: Buffer
  /** For each child the number of the reply that named it last: a name twice in one reply shows. */
  private readonly namedBy: Float64Array
  private replies = 0

  constructor(setting: WorkloadSetting, childCount: number) {
    this.root = setting.root
    this.childCount = childCount
    this.frame = readFrame(RequestType.getChildren, setting.root, false)
    this.namedBy = new Float64Array(childCount)
  }

  async prepare(control: ControlSession): Promise<void> {
    await control.all(this.childCount, (index) =>
      control.create(`${this.root}/n${String(index).padStart(NAME_DIGITS, '0')}`, Buffer.alloc(0)),
    )
  }

  issue(session: Session): void {
    session.send(this.frame, 0)
  }

  verify(_session: Session, _slot: number, _part: number, reply: ReplyFrame): void {
    reply.expectSuccess()
    reply.expectBody(4 + this.childCount * (4 + NAME_BYTES))
    const { view, bytes } = reply
    if (view.getInt32(reply.body) !== this.childCount) {
      throw reply.violation('children', `${view.getInt32(reply.body)} children where ${this.childCount} belong`)
    }
    this.replies += 1
    let at = reply.body + 4
    for (let index = 0; index < this.childCount; index++) {
      if (view.getInt32(at) !== NAME_BYTES || bytes[at + 4] !== LETTER_N)
        throw reply.violation('children', `a strange name at index ${index}`)
      let child = 0
      for (let digit = at + 5; digit < at + 4 + NAME_BYTES; digit++) child = child * 10 + (bytes[digit] as number) - DIGIT_0
      if (!(child >= 0 && child < this.childCount)) throw reply.violation('children', `child ${child} was never created`)
      if (this.namedBy[child] === this.replies) throw reply.violation('children', `child ${child} is named twice`)
      this.namedBy[child] = this.replies
      at += 4 + NAME_BYTES
    }
  }

  async inspect(): Promise<void> {}

  async inspectAfterClose(): Promise<void> {}
}
