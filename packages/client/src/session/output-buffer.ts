import { ByteWriter } from '@tskeeper/protocol'

/** Small, because most clients of a process may be idle; it doubles as requests need it. */
const CAPACITY = 512
/** A buffer that grew beyond this is not kept for the next requests. */
const CAPACITY_KEPT_MAX = 1024 * 1024

/** Where an output buffer's bytes go. */
export interface OutputSink {
  /** See `TransportConnection.write`. */
  write(bytes: Uint8Array, length: number): boolean
}

/**
 * Gathers the frames of a tick and hands them over in one write. While the sink still holds one array, the next frames
 * gather in the other.
 */
export class OutputBuffer {
  /** Frames are appended here; a reference to it is stale after `flush`. */
  writer: ByteWriter = new ByteWriter(CAPACITY)
  private spare: ByteWriter | null = null
  /** Whether the sink holds the bytes of the last write. */
  private isSinkBusy = false

  /** Hands over what was gathered. False: nothing was, or the sink is still busy and `drained` has to come first. */
  flush(sink: OutputSink): boolean {
    const { writer } = this
    if (this.isSinkBusy || writer.position === 0) return false
    const isDone = sink.write(writer.bytes, writer.position)
    if (isDone) {
      this.writer = recycled(writer)
      return true
    }
    this.isSinkBusy = true
    this.writer = this.spare ?? new ByteWriter(CAPACITY)
    this.spare = writer
    return true
  }

  /** The sink has given its array back. */
  drained(): void {
    this.isSinkBusy = false
    if (this.spare !== null) this.spare = recycled(this.spare)
  }
}

function recycled(writer: ByteWriter): ByteWriter {
  if (writer.bytes.length > CAPACITY_KEPT_MAX) return new ByteWriter(CAPACITY)
  writer.reset()
  return writer
}
