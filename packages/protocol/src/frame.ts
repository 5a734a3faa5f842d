// Every message on a client's connection is a frame: its length as an int, and that many bytes.

import type { ByteWriter } from './byte-writer.ts'

/** Bytes of a frame's length. */
export const FRAME_HEADER_SIZE = 4

/** Leaves room for a frame's length; returns where the frame starts, for `endFrame`. */
export function beginFrame(out: ByteWriter): number {
  const start = out.position
  out.ensure(FRAME_HEADER_SIZE)
  out.position = start + FRAME_HEADER_SIZE
  return start
}

/** Fills in the length of the frame that was begun at `start` and ends here. */
export function endFrame(out: ByteWriter, start: number): void {
  out.view.setInt32(start, out.position - start - FRAME_HEADER_SIZE)
}
