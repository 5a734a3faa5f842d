import { ByteWriter, KeeperState, Xid } from '@tskeeper/protocol/server'

/** The frame of one watch event, encoded when the first watcher wants it and shared by all. */
export class EventFrame {
  private readonly out: ByteWriter = new ByteWriter(128)
  private type = 0
  private path: Uint8Array = new Uint8Array(0)
  private start = 0
  private pathLength = 0
  private zxid = 0
  /** Bytes of the encoded frame, its length prefix included. */
  length = 0

  /** `path` must stay as it is until the last `encoded` of this event. */
  begin(type: number, path: Uint8Array, start: number, length: number, zxid: number): void {
    this.type = type
    this.path = path
    this.start = start
    this.pathLength = length
    this.zxid = zxid
    this.length = 0
  }

  encoded(): Uint8Array {
    if (this.length === 0) this.encode()
    return this.out.bytes
  }

  // int length | ReplyHeader (int xid -1, long zxid, int err 0) | int type, int state, ustring path
  private encode(): void {
    const { out } = this
    out.reset()
    out.writeInt(28 + this.pathLength)
    out.writeInt(Xid.notification)
    out.writeNumber(this.zxid)
    out.writeInt(0)
    out.writeInt(this.type)
    out.writeInt(KeeperState.syncConnected)
    out.writeInt(this.pathLength)
    out.writeBytes(this.path.subarray(this.start, this.start + this.pathLength))
    this.length = out.position
  }
}
