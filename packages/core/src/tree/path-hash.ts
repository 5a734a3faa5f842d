// Paths are found by their bytes: the look-up of a request hashes the path where it lies in the
// network buffer and never makes a string of it. The state after any prefix is itself resumable, so
// one pass over a path gives the hash of its parent, too. The seed is drawn at start, so
// that nobody outside can prepare paths that collide.

/** Continues a hash over `bytes[start, end)`; begin with the seed. */
export function hashStep(state: number, bytes: Uint8Array, start: number, end: number): number {
  let hash = state
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193) ^ (hash >>> 15)
  return hash
}

/** Makes the final hash, a signed 32-bit integer, of a state: every bit depends on every byte. */
export function hashEnd(state: number): number {
  let hash = state
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d)
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b)
  return hash ^ (hash >>> 16)
}
