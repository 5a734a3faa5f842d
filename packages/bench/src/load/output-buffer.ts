/** Requests on their way to one server connection, written in place. It grows to the most that was ever outstanding and stays. */
export class OutputBuffer {
  bytes: Buffer
  view: DataView
  /** Where the next byte goes. */
  position = 0

  constructor(capacityBytes = 512) {
    this.bytes = Buffer.allocUnsafeSlow(capacityBytes)
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length)
  }

  /** Reserves `length` bytes and returns where they begin. */
  take(length: number): number {
    const at = this.position
    this.position = at + length
    if (this.position > this.bytes.length) this.grow(at)
    return at
  }

  private grow(used: number): void {
    let capacity = this.bytes.length * 2
    while (capacity < this.position) capacity *= 2
    const bytes = Buffer.allocUnsafeSlow(capacity)
    this.bytes.copy(bytes, 0, 0, used)
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }
}
