// Applying transactions as bytes: what each form of a record does, digests, and what the reply is made of.

import {
  type Acl,
  ByteReader,
  ByteWriter,
  DecodeError,
  ErrorCode,
  Op,
  readMultiResponse,
  writeMultiHeader,
} from '@tskeeper/protocol/server'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AssertionError } from '../../src/lib/assert.ts'
import { Database } from '../../src/tree/database.ts'
import { applyEntry, databaseOptions, openAcl, Workbench } from '../txn/workbench.ts'
import { closeSessionOf, createOf, createV0Entry, deleteOf, entry, SESSION, setAclOf, setDataOf } from './transactions.ts'
import { statOf } from './tree-description.ts'
import { TreeModel } from './tree-model.ts'

function freshDatabase(options: ConstructorParameters<typeof Workbench>[0] = {}): Database {
  const database = new Database(databaseOptions(options))
  database.createReservedNodes()
  return database
}

function after(...entries: Uint8Array[]): Database {
  const database = freshDatabase()
  for (const bytes of entries) applyEntry(database, bytes)
  return database
}

const paths = (database: Database): string[] => {
  const { tree } = database
  const found: string[] = []
  for (let node = tree.root; node !== 0; node = tree.nextInPreorder(node, tree.root)) found.push(tree.path(node))
  return found.filter((path) => path !== '/' && !path.startsWith('/zookeeper')).sort()
}

// --- what the reply is made of -----------------------------------------------------------------

test('after an entry was applied its type, session, zxid, node and path are there for the reply', () => {
  const database = freshDatabase()
  // The transaction lies in the middle of a buffer, as in a batch.
  const bytes = entry(0x100000003, createOf('/path', 1, { data: 'x' }), { clientId: -5n })
  const batch = new Uint8Array(bytes.length + 20)
  batch.set(bytes, 7)
  database.apply(batch, new DataView(batch.buffer), 7, 7 + bytes.length)
  expect([database.type, database.sessionId, database.appliedZxid, database.code]).toEqual([Op.create, -5n, 0x100000003, 0])
  expect(database.node).toBe(database.find('/path'))
  const { pathStart, pathLength } = database
  expect(new TextDecoder().decode(batch.subarray(pathStart, pathStart + pathLength))).toBe('/path')
  applyEntry(database, entry(0x100000004, setDataOf('/path', 'y', 1)))
  expect([database.node, database.code]).toEqual([database.find('/path'), 0])
  applyEntry(database, entry(0x100000005, deleteOf('/path')))
  expect([database.node, database.code, database.lastZxid]).toEqual([0, 0, 0x100000005])
  applyEntry(database, entry(0x100000006, { type: Op.error, txn: { err: ErrorCode.NO_AUTH } }))
  expect([database.node, database.code, database.lastZxid]).toEqual([0, ErrorCode.NO_AUTH, 0x100000006])
})

// --- forms of records --------------------------------------------------------------------------

test('a closeSession deletes the nodes on its list, and then what else the session owns here', () => {
  const other = SESSION + 1n
  const entries = [
    entry(1, createOf('/mine', 1, { isEphemeral: true })),
    entry(2, createOf('/unlisted', 2, { isEphemeral: true })),
    entry(3, createOf('/plain', 3)),
    entry(4, createOf('/other', 4, { isEphemeral: true }), { clientId: other }),
  ]
  expect(paths(after(...entries, entry(5, closeSessionOf(['/mine', '/gone', '/plain']))))).toEqual(['/other'])
})

test.each<[form: string, paths: readonly string[] | null, digest: bigint | undefined]>([
  ['no record and no digest', null, undefined],
  ['no record, but a digest', null, 5n],
  ['an empty list and no digest', [], undefined],
  ['an empty list and a digest', [], 5n],
  ['a list that is as long as a digest', ['/eph'], undefined],
  ['a list and a digest', ['/eph'], 5n],
])('a closeSession may have %s', (_form, list, digest) => {
  const database = after(entry(1, createOf('/eph', 1, { isEphemeral: true })), entry(2, createOf('/p', 2)))
  database.sessions.set(SESSION, 1)
  applyEntry(database, entry(3, closeSessionOf(list), digest === undefined ? {} : { digest }))
  expect(paths(database)).toEqual(['/p'])
  expect(database.sessions.size).toBe(0)
  // Where there is a digest it is compared; the 5 is wrong.
  expect(database.digestMismatchCount).toBe(digest === undefined ? 0 : 1)
})

test('a list of twelve bytes is told from a digest by its first number', () => {
  const bytes = entry(3, closeSessionOf(['/eph']))
  expect(bytes).toHaveLength(32 + 12)
  const database = after(entry(1, createOf('/eph', 1)), bytes)
  expect(paths(database)).toEqual([])
})

test('a create of the oldest releases ends behind its flag, and its parent’s version goes up by one', () => {
  const database = after(createV0Entry(1, '/a'), createV0Entry(2, '/a/b'))
  expect(paths(database)).toEqual(['/a', '/a/b'])
  expect(statOf(database.tree, database.find('/a'))).toMatchObject({ cversion: 1, pzxid: 2, numChildren: 1 })
})

test('containers and TTL nodes carry their marks; without extended types a TTL node is taken for a session’s', () => {
  const ttl = { type: Op.createTTL, txn: { path: '/t', data: null, acl: openAcl, parentCVersion: 1, ttl: 60000 } } as const
  const known = after(entry(1, ttl))
  expect([known.tree.ttlNodes.size, known.tree.ephemeralCount]).toEqual([1, 0])
  const unknown = freshDatabase({ areExtendedTypesEnabled: false })
  applyEntry(unknown, entry(1, ttl))
  expect([...unknown.tree.ephemerals.keys()]).toEqual([BigInt.asIntN(64, 0xff0000000000ea60n)])
})

test('a reconfig sets the data of the configuration’s node', () => {
  const config = { path: '/zookeeper/config', data: new TextEncoder().encode('version=1'), version: -1 }
  const database = after(entry(0x100000001, { type: Op.reconfig, txn: config }))
  const node = database.find('/zookeeper/config')
  expect(statOf(database.tree, node)).toMatchObject({ version: -1, mzxid: 0x100000001, dataLength: 9 })
})

test('a list of ACLs that is null is the open one, an empty one restricts nothing either but is kept', () => {
  const create = (path: string, acl: readonly Acl[] | null): Uint8Array =>
    entry(1, { type: Op.create, txn: { path, data: null, acl, ephemeral: false, parentCVersion: -1 } })
  const database = after(create('/null', null), create('/empty', []), create('/open', openAcl))
  expect(database.acls.copy().map(({ acl }) => acl)).toEqual([[{ perms: 1, scheme: 'world', id: 'anyone' }], []])
})

// --- multi -------------------------------------------------------------------------------------

test('a multi with an error among its parts changes nothing, and says of each part what became of it', () => {
  const database = freshDatabase()
  const out = new ByteWriter()
  database.multiResults = out
  const parts = [
    createOf('/a', 1),
    { type: Op.error, txn: { err: ErrorCode.BAD_VERSION } },
    { type: Op.error, txn: { err: ErrorCode.RUNTIME_INCONSISTENCY } },
  ] as const
  applyEntry(database, entry(1, { type: Op.multi, parts }))
  expect([database.code, paths(database), database.lastZxid]).toEqual([ErrorCode.BAD_VERSION, [], 1])
  writeMultiHeader(out, { type: -1, done: true, err: -1 })
  expect(readMultiResponse(new ByteReader(out.toBytes()))).toMatchObject([0, -103, -2].map((err) => ({ response: { err } })))
})

test('the first part of a multi that fails while it is applied gives the code, and the others are applied', () => {
  const database = after(entry(1, createOf('/a', 1)))
  const out = new ByteWriter()
  database.multiResults = out
  const parts = [deleteOf('/gone'), createOf('/a', 1), createOf('/b', 2)]
  applyEntry(database, entry(2, { type: Op.multi, parts }))
  expect([database.code, paths(database)]).toEqual([ErrorCode.NO_NODE, ['/a', '/b']])
  writeMultiHeader(out, { type: -1, done: true, err: -1 })
  const results = readMultiResponse(new ByteReader(out.toBytes()))
  expect(results).toMatchObject([{ response: { err: -101 } }, { response: { err: -110 } }, { response: { path: '/b' } }])
})

test('creates of the oldest form inside a multi end with their part', () => {
  const v0 = createV0Entry(1, '/a').subarray(32)
  const out = new ByteWriter()
  out.writeBytes(entry(1, { type: Op.multi, parts: [] }).subarray(0, 32))
  out.writeInt(2)
  out.writeInt(Op.create)
  out.writeBuffer(v0)
  out.writeInt(Op.create)
  out.writeBuffer(createV0Entry(1, '/b').subarray(32))
  const database = after(out.toBytes())
  expect(paths(database)).toEqual(['/a', '/b'])
  expect(statOf(database.tree, database.tree.root).cversion).toBe(2 * 2 - 3)
})

// --- digests -----------------------------------------------------------------------------------

test('S3: the digest behind a transaction is compared with that of the tree, and differences are counted', () => {
  const model = new TreeModel()
  const first = createOf('/a', 1)
  model.apply({ header: { clientId: SESSION, cxid: 1, zxid: 1, time: 10, type: Op.create }, body: first, digest: null })
  const database = after(entry(1, first, { digest: model.digest() }))
  expect(database.digestMismatchCount).toBe(0)
  const heard: number[] = []
  database.onDigestMismatch = (zxid) => heard.push(zxid)
  applyEntry(database, entry(2, setDataOf('/a', 'x', 1), { digest: model.digest() }))
  expect(database.digestMismatchCount).toBe(1)
  expect(heard).toEqual([2])
  applyEntry(database, entry(3, setDataOf('/a', 'x', 1)))
  applyEntry(database, entry(4, { type: Op.error, txn: { err: -101 } }))
  expect(database.digestMismatchCount).toBe(1)
})

test('a digest made in another way is not compared', () => {
  const database = freshDatabase()
  const bytes = entry(1, createOf('/a', 1), { digest: 5n })
  new DataView(bytes.buffer).setInt32(bytes.length - 12, 3)
  applyEntry(database, bytes)
  expect(database.digestMismatchCount).toBe(0)
})

test('with digests off nothing is computed and nothing compared', () => {
  const database = freshDatabase({ isDigestEnabled: false })
  applyEntry(database, entry(128, createOf('/a', 1), { digest: 5n }))
  expect([database.tree.digest.toBigInt(), database.digestMismatchCount, database.digestHistory.length]).toEqual([0n, 0, 0])
})

test('after a fuzzy snapshot digests are compared from its own zxid on, where the tree must be the snapshot’s', () => {
  const replayed = (digest: bigint): Database => {
    const database = freshDatabase()
    database.expectDigest(2, digest)
    applyEntry(database, entry(1, createOf('/a', 1), { digest: 5n }))
    expect(database.digestMismatchCount).toBe(0)
    applyEntry(database, entry(2, createOf('/b', 2)))
    return database
  }
  const right = replayed(1n).tree.digest.toBigInt()
  expect(replayed(1n).digestMismatchCount).toBe(1)
  const database = replayed(right)
  expect(database.digestMismatchCount).toBe(0)
  applyEntry(database, entry(3, createOf('/c', 3), { digest: 5n }))
  expect(database.digestMismatchCount).toBe(1)
})

test('the digest of every 128th transaction is kept, of the last 1,024 of them', () => {
  const database = freshDatabase()
  const error = { type: Op.error, txn: { err: -101 } } as const
  for (let counter = 1; counter <= 300; counter++) applyEntry(database, entry(0x500000000 + counter, error))
  expect(database.digestHistory).toEqual([
    { zxid: 0x500000080, digest: 1371985504n },
    { zxid: 0x500000100, digest: 1371985504n },
  ])
  for (let i = 3; i <= 1026; i++) applyEntry(database, entry(0x500000000 + i * 128, error))
  expect(database.digestHistory).toHaveLength(1024)
  expect(database.digestHistory[0]?.zxid).toBe(0x500000000 + 3 * 128)
})

// --- what is none ------------------------------------------------------------------------------

const whole: [string, Uint8Array][] = [
  ['create', entry(1, createOf('/a', 1, { data: 'data', acl: [{ perms: 31, scheme: 'digest', id: 'u:h' }] }))],
  ['delete', entry(1, deleteOf('/a'))],
  ['setData', entry(1, setDataOf('/a', 'data', 1))],
  ['setACL', entry(1, setAclOf('/a', openAcl, 1))],
  ['closeSession', entry(1, closeSessionOf(['/a', '/b', '/c']))],
  ['createSession', entry(1, { type: Op.createSession, txn: { timeoutMs: 1 } })],
  ['error', entry(1, { type: Op.error, txn: { err: -101 } })],
  ['multi', entry(1, { type: Op.multi, parts: [createOf('/a', 1), deleteOf('/a')] })],
  ['failed multi', entry(1, { type: Op.multi, parts: [createOf('/a', 1), { type: Op.error, txn: { err: -101 } }] })],
]

test.each(whole)('a %s that is cut short is either an older form of it or no transaction', (_name, bytes) => {
  for (let length = 0; length < bytes.length; length++) {
    // Bytes behind the end are no part of it.
    const database = freshDatabase()
    const apply = (): void => database.apply(bytes, new DataView(bytes.buffer), 0, length)
    const type = length < 32 ? null : new DataView(bytes.buffer).getInt32(28)
    if (type === Op.create && bytes.length - length <= 4) apply()
    else if (type === Op.closeSession && length < 36) apply()
    else expect([length, errorOf(apply)]).toEqual([length, 'DecodeError'])
  }
})

test('any bytes at all are a transaction, or a decode error', () => {
  const header = fc.constantFrom(...whole.map(([, bytes]) => [...bytes.subarray(0, 32)]))
  fc.assert(
    fc.property(header, fc.uint8Array({ maxLength: 60 }), (header, bytes) => {
      const database = freshDatabase()
      const result = errorOf(() => applyEntry(database, Uint8Array.of(...header, ...bytes)))
      expect(result === null || result === 'DecodeError').toBe(true)
    }),
    { numRuns: 1000 },
  )
})

function errorOf(action: () => void): string | null {
  try {
    action()
    return null
  } catch (error) {
    if (error instanceof AssertionError) throw error
    return error instanceof DecodeError ? 'DecodeError' : String(error)
  }
}

test('a transaction or a part of an unknown type is no transaction', () => {
  const bytes = entry(1, deleteOf('/a'))
  new DataView(bytes.buffer).setInt32(28, 77)
  expect(() => applyEntry(freshDatabase(), bytes)).toThrow(DecodeError)
  expect(() => applyEntry(freshDatabase(), bytes)).toThrow('unknown type 77')
  const multi = entry(1, { type: Op.multi, parts: [deleteOf('/a')] })
  new DataView(multi.buffer).setInt32(36, 78)
  expect(() => applyEntry(freshDatabase(), multi)).toThrow('unknown type 78')
})

test('a failed part of a multi without its code is no transaction', () => {
  const bytes = entry(1, { type: Op.multi, parts: [{ type: Op.error, txn: { err: -101 } }] })
  const cut = bytes.slice(0, -4)
  new DataView(cut.buffer).setInt32(40, 0)
  expect(() => applyEntry(freshDatabase(), cut)).toThrow(DecodeError)
})
