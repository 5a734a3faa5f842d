import { type ByteReader, DecodeError, STAT_SIZE } from '@tskeeper/protocol'

/** What a server tells of a znode besides its data. */
export interface Stat {
  /** Zxid of the transaction that created the node: a number that grows with every creation, fit as a fencing token. */
  readonly czxid: bigint
  /** Zxid of the last change of the node's data. */
  readonly mzxid: bigint
  /** When the node was created, milliseconds since 1970 by the server's clock. */
  readonly ctime: number
  /** When the data was last changed, milliseconds since 1970 by the server's clock. */
  readonly mtime: number
  /** How often the data was changed. */
  readonly version: number
  /** How often the list of children was changed. */
  readonly cversion: number
  /** How often the access control list was changed. */
  readonly aversion: number
  /** The session that an ephemeral node belongs to; 0n for every other node. */
  readonly ephemeralOwner: bigint
  /** Bytes of data. */
  readonly dataLength: number
  readonly numChildren: number
  /** Zxid of the last creation or deletion of a child. */
  readonly pzxid: bigint
}

/** Reads a Stat as the protocol lays it out: 68 bytes, checked once. */
export function readStat(input: ByteReader): Stat {
  const at = input.position
  if (input.remaining() < STAT_SIZE) throw new DecodeError('a Stat that is cut off', at)
  input.position = at + STAT_SIZE
  const view = input.view
  return {
    czxid: view.getBigInt64(at),
    mzxid: view.getBigInt64(at + 8),
    ctime: longAt(view, at + 16),
    mtime: longAt(view, at + 24),
    version: view.getInt32(at + 32),
    cversion: view.getInt32(at + 36),
    aversion: view.getInt32(at + 40),
    ephemeralOwner: view.getBigInt64(at + 44),
    dataLength: view.getInt32(at + 52),
    numChildren: view.getInt32(at + 56),
    pzxid: view.getBigInt64(at + 60),
  }
}

function longAt(view: DataView, at: number): number {
  return view.getInt32(at) * 4_294_967_296 + view.getUint32(at + 4)
}
