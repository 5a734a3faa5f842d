/** A session's id as logs show it: hexadecimal, without prefix. */
export function hex(id: bigint): string {
  return BigInt.asUintN(64, id).toString(16)
}
