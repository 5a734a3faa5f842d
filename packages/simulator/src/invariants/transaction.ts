// What a transaction says, in the form in which the log and the proposal have it.

import { ByteReader, Op } from '@tskeeper/protocol/server'
import type { TransactionBytes } from '../probe/probe.ts'

/** One change of a node. */
export interface Change {
  readonly kind: 'create' | 'set' | 'delete'
  readonly path: string
  /** The data as text; empty for a deletion. */
  readonly data: string
  /** The node's version after a `set`, 0 after a `create`, -1 after a deletion. */
  readonly version: number
  readonly isEphemeral: boolean
  /** How long a TTL node lives without a change, in milliseconds; 0 for a container; null for nodes that the servers leave alone. */
  readonly ttlMs: number | null
}

/** A transaction that was proposed. */
export interface Transaction {
  readonly zxid: number
  /** The transaction before it in the proposer's history, 0 for none. */
  readonly previous: number
  readonly proposer: string
  readonly bytes: Uint8Array
  readonly type: number
  readonly sessionId: bigint
  /** By the proposer's wall clock. */
  readonly timeMs: number
  readonly changes: readonly Change[]
  isCommitted: boolean
}

export function readTransaction(from: TransactionBytes, previous: number, proposer: string): Transaction {
  const bytes = from.bytes.slice(from.start, from.end)
  const reader = new ByteReader(bytes)
  const sessionId = reader.readLong()
  reader.readInt()
  reader.readLong()
  const timeMs = Number(reader.readLong())
  const type = reader.readInt()
  const changes: Change[] = []
  if (type === Op.multi) readParts(reader, changes)
  else readChange(reader, type, changes)
  return { zxid: from.zxid, previous, proposer, bytes, type, sessionId, timeMs, changes, isCommitted: false }
}

/** The parts of a multi: int count | count times int type, buffer record. One that has an error among them changes nothing. */
function readParts(reader: ByteReader, changes: Change[]): void {
  const count = reader.readInt()
  for (let i = 0; i < count; i++) {
    const type = reader.readInt()
    if (type === Op.error) {
      changes.length = 0
      return
    }
    readChange(new ByteReader(reader.readBuffer() ?? new Uint8Array(0)), type, changes)
  }
}

function readChange(reader: ByteReader, type: number, changes: Change[]): void {
  if (type === Op.create || type === Op.create2 || type === Op.createContainer || type === Op.createTTL) {
    const path = reader.readString() ?? ''
    const data = text(reader.readBuffer())
    changes.push({ kind: 'create', path, data, version: 0, ...natureOf(reader, type) })
  } else if (type === Op.setData || type === Op.reconfig) {
    const path = reader.readString() ?? ''
    const data = text(reader.readBuffer())
    changes.push({ kind: 'set', path, data, version: reader.readInt(), isEphemeral: false, ttlMs: null })
  } else if (type === Op.delete || type === Op.deleteContainer) {
    changes.push(deletion(reader.readString() ?? ''))
  }
}

export function deletion(path: string): Change {
  return { kind: 'delete', path, data: '', version: -1, isEphemeral: false, ttlMs: null }
}

/** Behind the data of a creation: the access control list, and what differs from kind to kind. */
function natureOf(reader: ByteReader, type: number): Pick<Change, 'isEphemeral' | 'ttlMs'> {
  for (let count = reader.readInt(); count > 0; count--) {
    reader.readInt()
    reader.readString()
    reader.readString()
  }
  if (type === Op.createContainer) return { isEphemeral: false, ttlMs: 0 }
  if (type !== Op.createTTL) return { isEphemeral: reader.readBoolean(), ttlMs: null }
  reader.readInt()
  return { isEphemeral: false, ttlMs: Number(reader.readLong()) }
}

function text(bytes: Uint8Array | null): string {
  return bytes === null ? '' : Buffer.from(bytes).toString('latin1')
}
