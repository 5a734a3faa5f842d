/** A signed 64-bit value, or a zxid, as `0x` and unsigned hexadecimal without leading zeros: -1 is `0xffffffffffffffff`. */
export function hexText(value: bigint | number): string {
  return `0x${bareHexText(value)}`
}

/** The same without `0x`. */
export function bareHexText(value: bigint | number): string {
  if (typeof value === 'number' && value >= 0) return value.toString(16)
  return BigInt.asUintN(64, BigInt(value)).toString(16)
}
