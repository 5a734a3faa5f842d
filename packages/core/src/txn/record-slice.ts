import type { ByteWriter } from '@tskeeper/protocol/server'
import { copyBytes } from '../tree/slab-store.ts'

/** Appends `bytes[start, start + length)`; a length below 0, that of a null, appends nothing. */
export function writeSlice(out: ByteWriter, bytes: Uint8Array, start: number, length: number): void {
  if (length <= 0) return
  out.ensure(length)
  copyBytes(bytes, start, out.bytes, out.position, length)
  out.position += length
}
