import { ByteReader, ByteWriter, DecodeError } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { AclTable, OPEN_ACL_ID } from '../../src/acl/acl-table.ts'
import { OPEN_ACL_BYTES, readAclId, readAclList, skipOpenAcl, writeAclList } from '../../src/txn/acl-bytes.ts'
import { openAcl } from './workbench.ts'

const twoEntries = [
  { perms: 31, scheme: 'digest', id: 'u:h' },
  { perms: 1, scheme: 'world', id: 'anyone' },
]

function encoded(list: typeof twoEntries | typeof openAcl): Uint8Array {
  const out = new ByteWriter()
  writeAclList(out, list)
  return out.toBytes()
}

test('the bytes of the open ACL are those that any writer makes of it', () => {
  expect(encoded(openAcl)).toEqual(OPEN_ACL_BYTES)
})

test('the open ACL is skipped where it stands, and only it', () => {
  const input = new ByteReader(Uint8Array.of(...OPEN_ACL_BYTES, 7))
  expect(skipOpenAcl(input)).toBe(true)
  expect(input.readByte()).toBe(7)
  for (let i = 0; i < OPEN_ACL_BYTES.length; i++) {
    const other = OPEN_ACL_BYTES.slice()
    other[i] = (other[i] ?? 0) ^ 1
    const input = new ByteReader(other)
    expect(skipOpenAcl(input)).toBe(false)
    expect(input.position).toBe(0)
  }
  expect(skipOpenAcl(new ByteReader(OPEN_ACL_BYTES.subarray(0, -1)))).toBe(false)
})

test('a list comes back as it was written; null, empty and negative counts are told apart', () => {
  expect(readAclList(new ByteReader(encoded(twoEntries)))).toEqual(twoEntries)
  expect(readAclList(new ByteReader(Uint8Array.of(0, 0, 0, 0)))).toEqual([])
  expect(readAclList(new ByteReader(Uint8Array.of(255, 255, 255, 255)))).toBeNull()
  expect(readAclList(new ByteReader(Uint8Array.of(255, 255, 255, 253)))).toEqual([])
})

test('a count that cannot be is refused before anything is allocated for it', () => {
  expect(() => readAclList(new ByteReader(Uint8Array.of(127, 255, 255, 255, 0, 0)))).toThrow(DecodeError)
})

test('the id of a transaction’s list is counted in the table, that of the open one is not', () => {
  const acls = new AclTable()
  expect(readAclId(new ByteReader(OPEN_ACL_BYTES), acls)).toBe(OPEN_ACL_ID)
  expect(readAclId(new ByteReader(Uint8Array.of(255, 255, 255, 255)), acls)).toBe(OPEN_ACL_ID)
  expect(acls.size).toBe(0)
  const id = readAclId(new ByteReader(encoded(twoEntries)), acls)
  expect(acls.list(id)).toEqual(twoEntries)
  acls.release(id)
  expect(acls.size).toBe(0)
})
