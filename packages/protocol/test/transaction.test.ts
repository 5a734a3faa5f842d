import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  adler32,
  ByteReader,
  ByteWriter,
  DecodeError,
  FILE_FORMAT_VERSION,
  LOG_ENTRY_TRAILER,
  LOG_MAGIC,
  Op,
  opName,
  readFileHeader,
  readTransaction,
  type Transaction,
  type TxnBody,
  writeCreateTxnV0,
  writeTransaction,
  writeTxnDigest,
  writeTxnHeader,
} from '../src/server.ts'
import { recordCodec } from './record-codecs.ts'

const HEADER = { clientId: 0x100000b40f40000n, cxid: 7, zxid: 0x100000008, time: 1793000000000, type: 0 }
const DIGEST = { version: 2, treeDigest: 0x216d8a1bcn }

/** The entries of a golden log, each checked against its checksum, length and trailer. */
function readEntries(name: string): readonly Uint8Array[] {
  const input = new ByteReader(readFileSync(new URL(`./golden/${name}`, import.meta.url)))
  expect(readFileHeader(input)).toEqual({ magic: LOG_MAGIC, version: FILE_FORMAT_VERSION, dbid: 0n })
  const entries: Uint8Array[] = []
  while (input.remaining() > 0) {
    const checksum = input.readNumber()
    const entry = input.readBuffer() as Uint8Array
    expect(adler32(entry)).toBe(checksum)
    expect(input.readByte()).toBe(LOG_ENTRY_TRAILER)
    entries.push(entry)
  }
  return entries
}

const logs = ['ensemble.log.bin', 'standalone.log.bin', 'delete-and-reconfig.log.bin']
const entries = logs.flatMap(readEntries)
const transactions = entries.map((entry) => readTransaction(new ByteReader(entry)))

test('every transaction in the logs of a real server is the same when it is written again', () => {
  expect(transactions.map((transaction) => hex(encode(transaction)))).toEqual(entries.map(hex))
})

test('the logs hold every type of transaction', () => {
  const types = new Set(transactions.map(({ header }) => opName(header.type)))
  expect([...types].sort()).toEqual([
    'closeSession',
    'create',
    'create2',
    'createContainer',
    'createSession',
    'createTTL',
    'delete',
    'deleteContainer',
    'error',
    'multi',
    'reconfig',
    'setACL',
    'setData',
  ])
})

test('every transaction but an error has the digest of the tree', () => {
  for (const { header, digest } of transactions) {
    if (header.type === Op.error) expect(digest).toBeNull()
    else expect(digest?.version).toBe(2)
  }
})

test('the parts of a multi are decoded, with the errors of one that failed', () => {
  const multis = transactions.flatMap(({ body }) => (body.type === Op.multi ? [body.parts] : []))
  expect(multis.slice(0, 2).map((parts) => parts.map(({ type }) => opName(type)))).toEqual([
    ['create', 'setData', 'check', 'delete'],
    ['create', 'error'],
  ])
  expect(multis[1]?.[1]).toEqual({ type: Op.error, txn: { err: -101 } })
})

test('a create of the ephemeral node /a/e reads as the log shows it', () => {
  expect(transactions.find(({ body }) => body.type === Op.create && body.txn.path === '/a/e')).toEqual({
    header: { clientId: 0x100000b40f40000n, cxid: 3, zxid: 0x100000004, time: 0x1a1f9a635db, type: Op.create },
    body: {
      type: Op.create,
      txn: {
        path: '/a/e',
        data: new Uint8Array([0x78]),
        acl: [{ perms: 31, scheme: 'world', id: 'anyone' }],
        ephemeral: true,
        parentCVersion: 1,
      },
    },
    digest: { version: 2, treeDigest: 0x170cb81edn },
  })
})

test('an entry cut anywhere is refused, but for cuts that take the whole digest or an old form', () => {
  for (const [index, entry] of entries.entries()) {
    const { header, digest } = transactions[index] as Transaction
    // Without a digest is a form of its own; fewer bytes than a digest has are not looked at.
    const lengthMin = entry.length - (digest === null ? 0 : 12)
    const formsWithoutAll = new Set<number>()
    if (header.type === Op.create || header.type === Op.create2) formsWithoutAll.add(lengthMin - 4)
    if (header.type === Op.closeSession) formsWithoutAll.add(32)
    for (let length = 0; length < lengthMin; length++) {
      const cut = () => readTransaction(new ByteReader(entry.subarray(0, length)))
      if (formsWithoutAll.has(length)) expect(cut).not.toThrow()
      else expect(cut, `${opName(header.type)} cut to ${length} of ${entry.length}`).toThrow(DecodeError)
    }
  }
})

test('a create of servers before 3.4 leaves the cversion of the parent to be counted', () => {
  const out = new ByteWriter()
  writeTxnHeader(out, { ...HEADER, type: Op.create })
  writeCreateTxnV0(out, { path: '/a', data: null, acl: [], ephemeral: false })
  expect(readTransaction(new ByteReader(out.toBytes())).body).toEqual({
    type: Op.create,
    txn: { path: '/a', data: null, acl: [], ephemeral: false, parentCVersion: -1 },
  })
})

test.each([null, DIGEST])('a closeSession without a record is understood, digest %o', (digest) => {
  const out = new ByteWriter()
  writeTxnHeader(out, { ...HEADER, type: Op.closeSession })
  if (digest !== null) writeTxnDigest(out, digest)
  const transaction = readTransaction(new ByteReader(out.toBytes()))
  expect(transaction).toEqual({
    header: { ...HEADER, type: Op.closeSession },
    body: { type: Op.closeSession, txn: null },
    digest,
  })
  expect(encode(transaction)).toEqual(out.toBytes())
})

test.each<[string, TxnBody]>([
  ['no ephemeral nodes', { type: Op.closeSession, txn: { paths: [] } }],
  ['one short path', { type: Op.closeSession, txn: { paths: ['/abc'] } }],
  ['two paths', { type: Op.closeSession, txn: { paths: ['/a', '/b'] } }],
])('a closeSession with %s is told from one without a record', (_what, body) => {
  for (const digest of [null, DIGEST]) {
    const transaction: Transaction = { header: { ...HEADER, type: body.type }, body, digest }
    expect(readTransaction(new ByteReader(encode(transaction)))).toEqual(transaction)
  }
})

test('any transaction is read back as it was written', () => {
  fc.assert(
    fc.property(transactionArbitrary(), (transaction) => {
      expect(readTransaction(new ByteReader(encode(transaction)))).toEqual(transaction)
    }),
  )
})

test.each([Op.check, Op.getData, 0, 99, -12])('a transaction of the type %i is refused', (type) => {
  const out = new ByteWriter()
  writeTxnHeader(out, { ...HEADER, type })
  out.writeBytes(new Uint8Array(64))
  expect(() => readTransaction(new ByteReader(out.toBytes()))).toThrow(DecodeError)
})

test.each([Op.multi, Op.createSession, Op.closeSession])('a part of the type %i in a multi is refused', (type) => {
  const out = new ByteWriter()
  writeTxnHeader(out, { ...HEADER, type: Op.multi })
  out.writeInt(1)
  out.writeInt(type)
  out.writeBuffer(new Uint8Array(4))
  expect(() => readTransaction(new ByteReader(out.toBytes()))).toThrow(`a part of the type ${type} in a multi`)
})

test('a part without a record is refused', () => {
  const out = new ByteWriter()
  writeTxnHeader(out, { ...HEADER, type: Op.multi })
  out.writeInt(1)
  out.writeInt(Op.delete)
  out.writeBuffer(null)
  expect(() => readTransaction(new ByteReader(out.toBytes()))).toThrow(DecodeError)
})

test('a header that contradicts its body is not written', () => {
  const body: TxnBody = { type: Op.delete, txn: { path: '/a' } }
  expect(() => encode({ header: { ...HEADER, type: Op.create }, body, digest: null })).toThrow(RangeError)
})

function transactionArbitrary(): fc.Arbitrary<Transaction> {
  const body = fc.oneof(
    ...simpleBodies(),
    recordBody(Op.createSession, 'CreateSessionTxn'),
    fc.array(fc.oneof(...simpleBodies()), { maxLength: 4 }).map((parts) => ({ type: Op.multi, parts })),
  )
  const digest = fc.option(recordCodec('TxnDigest').arbitrary)
  return fc
    .tuple(recordCodec('TxnHeader').arbitrary, body, digest)
    .map(([header, made, end]) => ({ header: { ...header, type: made.type }, body: made, digest: end }) as unknown as Transaction)
}

function simpleBodies(): readonly fc.Arbitrary<TxnBody>[] {
  return [
    recordBody(Op.create, 'CreateTxn'),
    recordBody(Op.create2, 'CreateTxn'),
    recordBody(Op.createContainer, 'CreateContainerTxn'),
    recordBody(Op.createTTL, 'CreateTtlTxn'),
    recordBody(Op.delete, 'DeleteTxn'),
    recordBody(Op.deleteContainer, 'DeleteTxn'),
    recordBody(Op.setData, 'SetDataTxn'),
    recordBody(Op.reconfig, 'SetDataTxn'),
    recordBody(Op.setACL, 'SetAclTxn'),
    recordBody(Op.error, 'ErrorTxn'),
  ]
}

function recordBody(type: number, record: string): fc.Arbitrary<TxnBody> {
  return recordCodec(record).arbitrary.map((txn) => ({ type, txn }) as unknown as TxnBody)
}

function encode(transaction: Transaction): Uint8Array {
  const out = new ByteWriter()
  writeTransaction(out, transaction)
  return out.toBytes()
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
