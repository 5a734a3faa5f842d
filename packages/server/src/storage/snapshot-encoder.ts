import { GzipFrameEncoder } from './gzip-frames.ts'
import { SnappyFrameEncoder } from './snappy-frames.ts'
import type { SnapshotFormat } from './snapshot-format.ts'

/** Packs the content of a snapshot. The arrays that it returns are to be written before the next call. */
export interface SnapshotEncoder {
  begin(): Uint8Array
  encode(bytes: Uint8Array, length: number): Uint8Array
  end(): Uint8Array
}

const NOTHING = new Uint8Array(0)

/** Leaves the content as it is. */
const plainEncoder: SnapshotEncoder = {
  begin: () => NOTHING,
  encode: (bytes, length) => bytes.subarray(0, length),
  end: () => NOTHING,
}

export function createSnapshotEncoder(format: SnapshotFormat): SnapshotEncoder {
  switch (format) {
    case 'plain':
      return plainEncoder
    case 'gz':
      return new GzipFrameEncoder()
    case 'snappy':
      return new SnappyFrameEncoder()
  }
}
