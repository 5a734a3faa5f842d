import { adler32, crc32 } from '@tskeeper/protocol/server'
import { bench, do_not_optimize, group } from 'mitata'

const SIZES: readonly number[] = [150, 1100, 65536]

/** The checksums of log entries and snapshots (Adler-32), and of node contents and streams (CRC-32). */
export function checksumBenchmarks(): void {
  group('checksums', () => {
    for (const size of SIZES) {
      const bytes = new Uint8Array(size).map((_, index) => (index * 31) & 0xff)
      bench(`adler32 of ${size} bytes`, () => do_not_optimize(adler32(bytes, 0, size)))
      bench(`crc32 of ${size} bytes`, () => do_not_optimize(crc32(bytes, 0, size)))
    }
  })
}
