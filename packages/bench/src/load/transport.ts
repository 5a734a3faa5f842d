/** Bytes with the view that covers exactly them: made once for a buffer that is read many times. */
export class ViewedBuffer {
  readonly bytes: Buffer
  readonly view: DataView

  constructor(sizeBytes: number) {
    this.bytes = Buffer.allocUnsafeSlow(sizeBytes)
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length)
  }
}

/** What a connection tells its owner. */
export interface ChannelReceiver {
  /** `input.bytes[0, length)` has arrived. The buffer is shared by all connections and valid only during the call. */
  onBytes(input: ViewedBuffer, length: number): void
  /** The connection is gone; null when the other side closed it in good order. */
  onClosed(error: Error | null): void
}

/** One connection, already usable: bytes written before it is established wait for it. */
export interface Channel {
  /** Sends the bytes; `onWritten` says that they may be overwritten. */
  write(bytes: Uint8Array, onWritten: () => void): void
  /** Drops the connection; `onClosed` may still follow. */
  destroy(): void
}

/** How connections are made: sockets in a measurement, a server in memory in the tests. */
export interface Transport {
  /** How many servers there are to connect to. */
  readonly serverCount: number
  /** Connects to one of them; numbers beyond the last begin again with the first. */
  connect(receiver: ChannelReceiver, server: number): Channel
}
