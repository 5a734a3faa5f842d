// Multis: one zxid for all parts, all or nothing, and a request that cannot be understood is refused as a whole.

import {
  ByteReader,
  ByteWriter,
  CreateMode,
  ErrorCode,
  type MultiPart,
  Op,
  readMultiResponse,
  writeMultiHeader,
} from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { describeDatabase, expectSound } from '../tree/tree-description.ts'
import { bytesOf, codesOf, openAcl, type Prepared, transactionOf, Workbench } from './workbench.ts'

const create = (path: string, flags: number = CreateMode.persistent, op: 1 | 15 | 19 = Op.create): MultiPart => ({
  op,
  request: { path, data: bytesOf('d'), acl: openAcl, flags },
})
const createTtl = (path: string, flags: number, ttl: number): MultiPart => ({
  op: Op.createTTL,
  request: { path, data: null, acl: openAcl, flags, ttl },
})
const deletion = (path: string, version = -1): MultiPart => ({ op: Op.delete, request: { path, version } })
const change = (path: string, data = 'x', version = -1): MultiPart => ({
  op: Op.setData,
  request: { path, data: bytesOf(data), version },
})
const check = (path: string, version = -1): MultiPart => ({ op: Op.check, request: { path, version } })

/** Applies the multi; the results that its client gets. */
function resultsOf(
  bench: Workbench,
  prepared: Prepared,
  create2Parts: readonly number[] | null = null,
): ReturnType<typeof readMultiResponse> {
  const out = new ByteWriter()
  bench.database.multiResults = out
  bench.database.create2Parts = create2Parts
  bench.apply(prepared)
  bench.database.multiResults = null
  writeMultiHeader(out, { type: -1, done: true, err: -1 })
  return readMultiResponse(new ByteReader(out.toBytes()))
}

test('A13: a multi with one part that fails changes nothing, and says which one failed', () => {
  const bench = new Workbench()
  const before = describeDatabase(bench.database)
  const multi = bench.multi(create('/ok'), check('/ok', 7), create('/never'), deletion('/ok'))
  expect(codesOf(multi)).toEqual([0, ErrorCode.BAD_VERSION, ErrorCode.RUNTIME_INCONSISTENCY, ErrorCode.RUNTIME_INCONSISTENCY])
  expect(bench.preparer.view.size).toBe(0)
  const error = (err: number): unknown => ({ op: Op.error, response: { err } })
  expect(resultsOf(bench, multi)).toEqual([error(0), error(-103), error(-2), error(-2)])
  expect(bench.database.code).toBe(-103)
  expect(describeDatabase(bench.database)).toEqual(before)
  expect(bench.database.lastZxid).toBe(1)
})

test('the transaction of a failed multi keeps the parts before the failure as they were, and the digest as it was', () => {
  const bench = new Workbench()
  const digest = bench.treeDigest()
  const transaction = transactionOf(bench.multi(create('/ok'), deletion('/none'), create('/never')))
  expect(transaction.header.type).toBe(Op.multi)
  expect(transaction.body).toMatchObject({
    parts: [
      { type: Op.create, txn: { path: '/ok', parentCVersion: 1 } },
      { type: Op.error, txn: { err: ErrorCode.NO_NODE } },
      { type: Op.error, txn: { err: ErrorCode.RUNTIME_INCONSISTENCY } },
    ],
  })
  expect(transaction.digest?.treeDigest).toBe(digest)
})

test('all parts share one zxid and time, and each sees those before it', () => {
  const bench = new Workbench()
  bench.timeMs = 4711
  const multi = bench.multi(
    create('/p'),
    create('/p/c'),
    change('/p/c', 'new', 0),
    check('/p/c', 1),
    deletion('/p/c', 1),
    create('/p/d'),
  )
  expect(codesOf(multi)).toEqual([0, 0, 0, 0, 0, 0])
  bench.apply(multi)
  expect(bench.stat('/p')).toMatchObject({ czxid: 1, pzxid: 1, cversion: 3, numChildren: 1, ctime: 4711 })
  expect(bench.children('/p')).toEqual(['d'])
  expect(bench.database.lastZxid).toBe(1)
  expect(bench.database.digestMismatchCount).toBe(0)
})

test('the results of a good multi are those of its parts, each with the Stat of its own moment', () => {
  const bench = new Workbench()
  const multi = bench.multi(
    create('/a'),
    create('/b', CreateMode.container, Op.createContainer),
    createTtl('/t', 5, 1000),
    change('/a', 'longer'),
    check('/a', 1),
    change('/a', 'x', 1),
    deletion('/t'),
  )
  const results = resultsOf(bench, multi)
  expect(results.map(({ op }) => op)).toEqual([Op.create, Op.create2, Op.create2, Op.setData, Op.check, Op.setData, Op.delete])
  expect(results[0]).toEqual({ op: Op.create, response: { path: '/a' } })
  expect(results[1]).toMatchObject({ response: { path: '/b', stat: { czxid: 1, version: 0, ephemeralOwner: 0n } } })
  expect(results[2]).toMatchObject({ response: { path: '/t', stat: { czxid: 1, dataLength: 0, ephemeralOwner: 0n } } })
  expect(results[3]).toMatchObject({ response: { stat: { version: 1, dataLength: 6 } } })
  expect(results[5]).toMatchObject({ response: { stat: { version: 2, dataLength: 1 } } })
})

test('a create2 part is answered with the Stat of its own moment, though it is logged as create', () => {
  const bench = new Workbench()
  const multi = bench.multi(
    create('/plain'),
    create('/a', CreateMode.persistent, Op.create2),
    create('/a/s-', CreateMode.ephemeralSequential, Op.create2),
    change('/a', 'longer'),
    create('/box', CreateMode.container, Op.create2),
    create('/last', CreateMode.persistent, Op.create2),
  )
  expect(bench.preparer.create2Parts).toEqual([1, 2, 4, 5])
  const results = resultsOf(bench, multi, bench.preparer.create2Parts)
  const { create: plain, create2, setData } = Op
  expect(results.map(({ op }) => op)).toEqual([plain, create2, create2, setData, create2, create2])
  // Made before the child and the data.
  expect(results[1]).toMatchObject({ response: { path: '/a', stat: { czxid: 1, version: 0, numChildren: 0, dataLength: 1 } } })
  expect(results[2]).toMatchObject({ response: { path: '/a/s-0000000000', stat: { czxid: 1, ephemeralOwner: 1n } } })
  expect(results[5]).toMatchObject({ response: { path: '/last', stat: { czxid: 1 } } })
})

test('the create2 parts of one multi are not those of the next', () => {
  const bench = new Workbench()
  bench.multi(create('/a', CreateMode.persistent, Op.create2), create('/b'))
  expect(bench.preparer.create2Parts).toEqual([0])
  bench.multi(create('/c'))
  expect(bench.preparer.create2Parts).toBeNull()
})

test('an empty multi is good, takes a zxid and has no results', () => {
  const bench = new Workbench()
  const multi = bench.multi()
  expect(transactionOf(multi)).toMatchObject({ header: { zxid: 1, type: Op.multi }, body: { parts: [] } })
  expect(resultsOf(bench, multi)).toEqual([])
  expect([bench.database.lastZxid, bench.database.code]).toEqual([1, 0])
})

test('sequence numbers go on within a multi, and a failed one takes none', () => {
  const bench = new Workbench()
  bench.apply(bench.create('/q'))
  const failed = bench.multi(create('/q/n-', 2), create('/q/n-', 2), deletion('/none'))
  const good = bench.multi(create('/q/n-', 2), create('/q/n-', 3))
  const after = bench.create('/q/n-', '', 2)
  bench.apply(failed, good, after)
  expect(bench.children('/q')).toEqual(['n-0000000000', 'n-0000000001', 'n-0000000002'])
  expect(bench.database.digestMismatchCount).toBe(0)
})

test('a failed multi leaves no trace among what was pending before it', () => {
  const bench = new Workbench()
  bench.identities = [{ scheme: 'digest', id: 'u:h' }]
  const mine = [{ perms: 31, scheme: 'auth', id: '' }]
  const pending = [
    bench.create('/p', '', 0, 1n, mine),
    bench.create('/p/e', '', 1),
    bench.create('/p/gone'),
    bench.delete('/p/gone'),
    bench.create('/p/n-', '', 2),
  ]
  const digest = bench.preparer.view.digest.toBigInt()
  const other: MultiPart = {
    op: Op.create,
    request: { path: '/p/other', data: null, acl: [{ perms: 1, scheme: 'digest', id: 'x:y' }], flags: 1 },
  }
  const parts = [
    deletion('/p/e'),
    create('/p/e', 1),
    change('/p/e'),
    create('/p/gone', 1),
    other,
    create('/p/n-', 2),
    change('/p'),
    deletion('/p/n-0000000002'),
    check('/p', 9),
  ]
  const failed = bench.write({ op: Op.multi, parts }, 2n)
  expect(codesOf(failed).at(-1)).toBe(ErrorCode.BAD_VERSION)
  expect(bench.preparer.view.digest.toBigInt()).toBe(digest)
  // The ephemeral node is still the first session's, the deleted one still deleted, the next number still the next.
  expect(transactionOf(bench.closeSession(2n)).body).toMatchObject({ txn: { paths: [] } })
  const next = bench.create('/p/n-', '', 2)
  expect(transactionOf(next).body).toMatchObject({ txn: { path: '/p/n-0000000003', parentCVersion: 4 } })
  const close = bench.closeSession(1n)
  expect(transactionOf(close).body).toMatchObject({ txn: { paths: ['/p/e'] } })
  expect(bench.create('/p/gone').code).toBe(0)
  bench.apply(...pending, failed, next, close)
  expect(bench.database.digestMismatchCount).toBe(0)
  expectSound(bench.database)
  expect(bench.database.acls.copy().map(({ acl }) => acl[0]?.id)).toEqual(['anyone', 'u:h'])
})

test('one failed multi after the other can be undone, also between good ones', () => {
  const bench = new Workbench()
  const prepared = [bench.create('/p')]
  for (let round = 0; round < 20; round++) {
    prepared.push(bench.multi(create('/p/x'), change('/p'), deletion('/p/x'), create('/p/y', 1), deletion('/none')))
    prepared.push(bench.multi(create('/p/x'), deletion('/p/x'), change('/p')))
  }
  bench.apply(...prepared)
  expect(bench.stat('/p')).toMatchObject({ version: 20, cversion: 40, numChildren: 0 })
  expect(bench.database.digestMismatchCount).toBe(0)
  expect(bench.preparer.view.size).toBe(0)
})

test('hundreds of parts that touch the same nodes are undone and applied like one', () => {
  const bench = new Workbench()
  bench.apply(bench.create('/p'))
  const many = Array.from({ length: 700 }, (_, i) => [create(`/p/${i}`), change('/p', String(i))]).flat()
  const failed = bench.multi(...many, deletion('/none'))
  const good = bench.multi(...many)
  bench.apply(failed, good)
  expect(bench.stat('/p')).toMatchObject({ version: 700, numChildren: 700, cversion: 700 })
  expect(bench.database.digestMismatchCount).toBe(0)
  expect(bench.preparer.view.size).toBe(0)
})

test('the flags say what a part makes: a container, or with createTTL and plain flags a plain node', () => {
  const bench = new Workbench()
  const multi = bench.multi(
    create('/c1', CreateMode.container),
    create('/c2', CreateMode.container, Op.create2),
    create('/c3', CreateMode.container, Op.createContainer),
    createTtl('/c4', CreateMode.container, 5),
    createTtl('/plain', CreateMode.persistent, 5),
    createTtl('/plain-', CreateMode.persistentSequential, -1),
    createTtl('/ephemeral', CreateMode.ephemeral, -1),
    createTtl('/ttl', CreateMode.persistentWithTtl, 5),
    // What follows such a part is read from its right place.
    create('/last'),
  )
  expect(codesOf(multi)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0])
  bench.apply(multi)
  const { containers, ttlNodes, ephemerals } = describeDatabase(bench.database)
  expect(containers).toEqual(['/c1', '/c2', '/c3', '/c4'])
  expect(ttlNodes).toEqual(['/ttl'])
  expect(ephemerals).toEqual({ 1: ['/ephemeral'] })
  expect([bench.exists('/plain'), bench.exists('/plain-0000000005'), bench.exists('/last')]).toEqual([true, true, true])
  expect(bench.database.digestMismatchCount).toBe(0)
})

test.each<[what: string, part: MultiPart, code: number]>([
  ['a TTL of 0', createTtl('/t', 5, 0), ErrorCode.BAD_ARGUMENTS],
  ['createTTL with flags that do not exist', createTtl('/t', 7, 5), ErrorCode.BAD_ARGUMENTS],
  ['createTTL with flags below 0', createTtl('/t', -1, -1), ErrorCode.BAD_ARGUMENTS],
  ['createContainer of what is none', create('/c', 0, Op.createContainer), ErrorCode.BAD_ARGUMENTS],
  ['a path that is not valid', create('/a/'), ErrorCode.NO_NODE],
  ['an ACL that is not valid', { op: Op.create, request: { path: '/a', data: null, acl: [], flags: 0 } }, ErrorCode.INVALID_ACL],
])('a part can fail by itself: %s', (_what, part, code) => {
  const bench = new Workbench()
  expect(codesOf(bench.multi(part, create('/x')))).toEqual([code, ErrorCode.RUNTIME_INCONSISTENCY])
})

test('without extended types a part with a TTL is unimplemented, and only it', () => {
  const bench = new Workbench({ areExtendedTypesEnabled: false })
  expect(codesOf(bench.multi(create('/x'), createTtl('/t', 5, 1)))).toEqual([0, ErrorCode.UNIMPLEMENTED])
})

// --- multis that cannot be understood ----------------------------------------------------------

type RawPart = (out: ByteWriter) => void

const header =
  (type: number, done = false): RawPart =>
  (out) =>
    writeMultiHeader(out, { type, done, err: -1 })

function rawCreate(out: ByteWriter, path: string | null, aclCount: number, flags: number): void {
  out.writeString(path)
  out.writeBuffer(null)
  out.writeInt(aclCount)
  for (let i = 0; i < aclCount; i++) {
    out.writeInt(31)
    out.writeString('world')
    out.writeString('anyone')
  }
  out.writeInt(flags)
}

const goodCreate: RawPart = (out) => {
  header(Op.create)(out)
  rawCreate(out, '/good', 1, 0)
}
const end = header(-1, true)

test.each<[what: string, parts: RawPart[]]>([
  ['setACL', [header(Op.setACL), (out) => out.writeString('/'), (out) => out.writeInt(0), (out) => out.writeInt(-1)]],
  ['exists', [header(Op.exists), (out) => out.writeString('/'), (out) => out.writeBoolean(false)]],
  ['getData', [header(Op.getData), (out) => out.writeString('/'), (out) => out.writeBoolean(false)]],
  ['getChildren', [header(Op.getChildren), (out) => out.writeString('/'), (out) => out.writeBoolean(false)]],
  ['sync', [header(Op.sync), (out) => out.writeString('/')]],
  ['a multi', [header(Op.multi), header(-1, true)]],
  ['an error', [header(Op.error), (out) => out.writeInt(0)]],
  ['a type that does not exist', [header(99), (out) => out.writeString('/')]],
  ['a create of a null path', [header(Op.create), (out) => rawCreate(out, null, 1, 0)]],
  ['a create without an ACL', [header(Op.create), (out) => rawCreate(out, '/x', -1, 0)]],
  ['a create with flags that do not exist', [header(Op.create), (out) => rawCreate(out, '/x', 1, 7)]],
  ['a create2 with flags below 0', [header(Op.create2), (out) => rawCreate(out, '/x', 1, -1)]],
  ['a create with a TTL mode', [header(Op.create), (out) => rawCreate(out, '/x', 1, 5)]],
  ['a createContainer with a TTL mode', [header(Op.createContainer), (out) => rawCreate(out, '/x', 1, 6)]],
  ['a delete of a null path', [header(Op.delete), (out) => out.writeString(null), (out) => out.writeInt(-1)]],
  ['a check of a null path', [header(Op.check), (out) => out.writeString(null), (out) => out.writeInt(-1)]],
])('a multi with %s in it is malformed as a whole', (_what, parts) => {
  const bench = new Workbench()
  const multi = bench.prepare(Op.multi, (out) => {
    for (const part of [goodCreate, ...parts, end]) part(out)
  })
  expect(multi.code).toBe(ErrorCode.MARSHALLING_ERROR)
  expect(transactionOf(multi).body).toEqual({ type: Op.error, txn: { err: ErrorCode.MARSHALLING_ERROR } })
  expect(bench.preparer.view.size).toBe(0)
  expect(bench.run(bench.multi(create('/good')))).toBe(0)
})

test('a multi that is cut short anywhere is malformed, and the next one is none the worse for it', () => {
  const bench = new Workbench()
  let whole: Uint8Array = new Uint8Array(0)
  bench.prepare(Op.multi, (out) => {
    goodCreate(out)
    header(Op.setData)(out)
    out.writeString('/good')
    out.writeBuffer(bytesOf('data'))
    out.writeInt(0)
    end(out)
    whole = out.toBytes()
  })
  for (let length = 0; length < whole.length; length++) {
    const cut = bench.prepare(Op.multi, (out) => out.writeBytes(whole.subarray(0, length)))
    expect(cut.code).toBe(ErrorCode.MARSHALLING_ERROR)
  }
  expect(codesOf(bench.multi(create('/other')))).toEqual([0])
})

test('an ACL with null texts fails its part only', () => {
  const bench = new Workbench()
  const multi = bench.prepare(Op.multi, (out) => {
    header(Op.create)(out)
    out.writeString('/x')
    out.writeBuffer(null)
    out.writeInt(1)
    out.writeInt(31)
    out.writeString(null)
    out.writeString(null)
    out.writeInt(0)
    goodCreate(out)
    end(out)
  })
  expect(codesOf(multi)).toEqual([ErrorCode.INVALID_ACL, ErrorCode.RUNTIME_INCONSISTENCY])
})

test('an ACL with a negative number of entries other than -1 is empty, and fails its part only', () => {
  const bench = new Workbench()
  const multi = bench.prepare(Op.multi, (out) => {
    header(Op.create)(out)
    rawCreate(out, '/x', -3, 0)
    end(out)
  })
  expect(codesOf(multi)).toEqual([ErrorCode.INVALID_ACL])
})
