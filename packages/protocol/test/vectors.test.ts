// Single messages whose bytes are known.

import { expect, test } from 'vitest'
import {
  ByteWriter,
  CONTAINER_OWNER,
  FILE_FORMAT_VERSION,
  LOG_DBID,
  LOG_MAGIC,
  OPEN_ACL,
  Op,
  Perm,
  SNAPSHOT_DBID,
  SNAPSHOT_MAGIC,
  utf8Bytes,
  writeConnectRequest,
  writeConnectResponse,
  writeCreateRequest,
  writeErrorResponse,
  writeFileHeader,
  writeReplyHeader,
  writeRequestHeader,
  writeStatPersisted,
} from '../src/server.ts'

function hexOf(write: (out: ByteWriter) => void): string {
  const out = new ByteWriter()
  write(out)
  return Buffer.from(out.toBytes()).toString('hex')
}

function hex(text: string): string {
  return text.replaceAll(/\s/g, '')
}

const NEW_SESSION = { protocolVersion: 0, lastZxidSeen: 0, timeoutMs: 6000, sessionId: 0n, password: new Uint8Array(16) }

test('a ConnectRequest for a new session has 45 bytes, or 44 without the read-only flag', () => {
  const without = hex(`00000000 0000000000000000 00001770 0000000000000000 00000010 ${'00'.repeat(16)}`)
  expect(hexOf((out) => writeConnectRequest(out, { ...NEW_SESSION, readOnly: false }))).toBe(`${without}00`)
  expect(hexOf((out) => writeConnectRequest(out, { ...NEW_SESSION, readOnly: null }))).toBe(without)
  expect(without.length / 2).toBe(44)
})

test('a ConnectResponse has 37 bytes, or 36 without the read-only flag', () => {
  const granted = { protocolVersion: 0, timeoutMs: 6000, sessionId: -1n, password: new Uint8Array(16) }
  expect(hexOf((out) => writeConnectResponse(out, { ...granted, readOnly: false })).length / 2).toBe(37)
  expect(hexOf((out) => writeConnectResponse(out, { ...granted, readOnly: null })).length / 2).toBe(36)
})

test('create of /a with the data x, open to all', () => {
  const bytes = hexOf((out) => {
    writeRequestHeader(out, { xid: 1, type: Op.create })
    writeCreateRequest(out, { path: '/a', data: utf8Bytes('x'), acl: OPEN_ACL, flags: 0 })
  })
  expect(bytes).toBe(
    hex(`00000001 00000001 00000002 2f61 00000001 78
         00000001 0000001f 00000005 776f726c64 00000006 616e796f6e65 00000000`),
  )
  expect(Perm.all).toBe(0x1f)
})

test('the reply to a ping', () => {
  expect(hexOf((out) => writeReplyHeader(out, { xid: -2, zxid: 0x100000005, err: 0 }))).toBe(
    hex('fffffffe 0000000100000005 00000000'),
  )
})

test('the body of the reply to addWatch', () => {
  expect(hexOf((out) => writeErrorResponse(out, { err: 0 }))).toBe('00000000')
})

test('the headers of a log and of a snapshot', () => {
  const log = { magic: LOG_MAGIC, version: FILE_FORMAT_VERSION, dbid: LOG_DBID }
  expect(hexOf((out) => writeFileHeader(out, log))).toBe(hex('5a4b4c47 00000002 0000000000000000'))
  const snapshot = { magic: SNAPSHOT_MAGIC, version: FILE_FORMAT_VERSION, dbid: SNAPSHOT_DBID }
  expect(hexOf((out) => writeFileHeader(out, snapshot))).toBe(hex('5a4b534e 00000002 ffffffffffffffff'))
})

test('the stat of a container in a snapshot', () => {
  const zxid = 0x100000006
  const time = 0x1a1f9a635ea
  const stat = { czxid: zxid, mzxid: zxid, ctime: time, mtime: time, version: 0, cversion: 0, aversion: 0 }
  expect(hexOf((out) => writeStatPersisted(out, { ...stat, ephemeralOwner: CONTAINER_OWNER, pzxid: zxid }))).toBe(
    hex(`0000000100000006 0000000100000006 000001a1f9a635ea 000001a1f9a635ea
         00000000 00000000 00000000 8000000000000000 0000000100000006`),
  )
})
