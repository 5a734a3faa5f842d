/**
 * The cversion that clients see. A node stores how many children were ever created; each of them that
 * is gone was a second change: `2 * created - present` of them in all. 32 bits, wrapping.
 */
export function clientCversion(storedCversion: number, numChildren: number): number {
  return (2 * storedCversion - numChildren) | 0
}
