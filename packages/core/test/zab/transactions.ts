// Transactions for the tests of Zab: a header, and a number that tells one from every other.

/** Type of a transaction that is not a reconfiguration. */
export const TYPE_SET_DATA = 5
/** Type of a reconfiguration. */
export const TYPE_RECONFIG = 16

/** One transaction as some leader proposed it; tests compare them by identity. */
export interface Transaction {
  readonly zxid: number
  readonly bytes: Uint8Array
  /** The zxid before it in the history of the leader that proposed it, 0 for none. */
  readonly previousZxid: number
}

/** Header and mark: 36 bytes. */
export function transactionBytes(zxid: number, mark: number, type: number = TYPE_SET_DATA): Uint8Array {
  const bytes = new Uint8Array(36)
  const view = new DataView(bytes.buffer)
  view.setInt32(12, Math.floor(zxid / 4294967296))
  view.setUint32(16, zxid % 4294967296)
  view.setInt32(28, type)
  view.setInt32(32, mark)
  return bytes
}

/** A zxid from its parts. */
export function zxidOf(epoch: number, counter: number): number {
  return epoch * 4294967296 + counter
}

/** Eight bytes, big-endian: a server's id as data of a packet. */
export function sidBytes(sid: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigInt64(0, BigInt(sid))
  return bytes
}
