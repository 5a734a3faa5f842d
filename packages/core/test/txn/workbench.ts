// A database with its preparer, and requests for it, in a few words: for the tests of this folder.

import {
  type Acl,
  ByteReader,
  ByteWriter,
  type CreateMode,
  Op,
  readTxnHeader,
  type TxnHeader,
  writeCreateRequest,
  writeCreateTtlRequest,
  writeDeleteRequest,
  writeSetAclRequest,
  writeSetDataRequest,
} from '@tskeeper/protocol/server'
import { AclSchemes } from '../../src/acl/acl-scheme.ts'
import type { Identity } from '../../src/acl/auth-id.ts'
import { digestScheme } from '../../src/acl/digest-scheme.ts'
import { ipScheme } from '../../src/acl/ip-scheme.ts'
import { Database, type DatabaseOptions } from '../../src/tree/database.ts'
import { Preparer, type PreparerOptions } from '../../src/txn/preparer.ts'

export const openAcl: readonly Acl[] = [{ perms: 31, scheme: 'world', id: 'anyone' }]

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

/** A prepared transaction. */
export interface Prepared {
  readonly code: number
  readonly entry: Uint8Array
  readonly header: TxnHeader
}

export class Workbench {
  readonly database: Database
  readonly preparer: Preparer
  identities: Identity[] = []
  timeMs = 1000
  cxid = 0

  constructor(database: Partial<DatabaseOptions> = {}, options: Partial<PreparerOptions> = {}) {
    this.database = new Database({
      hashSeed: 7,
      isDigestEnabled: true,
      areExtendedTypesEnabled: true,
      hasOldTtlNodes: false,
      ...database,
    })
    this.database.createReservedNodes()
    this.preparer = new Preparer(this.database, {
      schemes: new AclSchemes([digestScheme, ipScheme]),
      isAclSkipped: false,
      isQuotaEnforced: true,
      isCloseSessionListed: true,
      isReconfigEnabled: false,
      onQuotaExcess: () => {},
      ...options,
    })
  }

  /** Prepares a request of a session; `write` makes its record. */
  prepare(op: number, write: (out: ByteWriter) => void, sessionId = 1n): Prepared {
    const request = new ByteWriter()
    write(request)
    const out = new ByteWriter()
    const requester = { sessionId, identities: this.identities }
    const code = this.preparer.prepare(op, requester, ++this.cxid, this.timeMs, new ByteReader(request.toBytes()), out)
    return prepared(code, out)
  }

  create(path: string, data: string | null = '', flags: CreateMode = 0, sessionId = 1n, acl: readonly Acl[] = openAcl): Prepared {
    const op = flags === 4 ? Op.createContainer : Op.create
    return this.prepare(
      op,
      (out) => writeCreateRequest(out, { path, data: data === null ? null : bytesOf(data), acl: [...acl], flags }),
      sessionId,
    )
  }

  createTtl(path: string, data: string, ttl: number): Prepared {
    return this.prepare(Op.createTTL, (out) =>
      writeCreateTtlRequest(out, { path, data: bytesOf(data), acl: [...openAcl], flags: 5, ttl }),
    )
  }

  delete(path: string, version = -1): Prepared {
    return this.prepare(Op.delete, (out) => writeDeleteRequest(out, { path, version }))
  }

  setData(path: string, data: string | null, version = -1): Prepared {
    return this.prepare(Op.setData, (out) =>
      writeSetDataRequest(out, { path, data: data === null ? null : bytesOf(data), version }),
    )
  }

  setAcl(path: string, acl: readonly Acl[], version = -1): Prepared {
    return this.prepare(Op.setACL, (out) => writeSetAclRequest(out, { path, acl: [...acl], version }))
  }

  createSession(sessionId: bigint, timeoutMs = 30000): Prepared {
    const out = new ByteWriter()
    this.preparer.prepareCreateSession(sessionId, timeoutMs, this.timeMs, out)
    return prepared(0, out)
  }

  closeSession(sessionId: bigint): Prepared {
    const out = new ByteWriter()
    this.preparer.prepareCloseSession(sessionId, ++this.cxid, this.timeMs, out)
    return prepared(0, out)
  }

  apply(...transactions: readonly Prepared[]): void {
    for (const { entry, header } of transactions) {
      this.database.apply(entry, new DataView(entry.buffer, entry.byteOffset, entry.length), 0, entry.length)
      this.preparer.view.applied(header.zxid)
    }
  }

  treeDigest(): bigint {
    return this.database.tree.digest.toBigInt()
  }
}

function prepared(code: number, out: ByteWriter): Prepared {
  const entry = out.toBytes()
  return { code, entry, header: readTxnHeader(new ByteReader(entry)) }
}
