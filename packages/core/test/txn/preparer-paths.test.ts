// Which paths a create accepts, and with which code it refuses the others; the codes are those that a server of
// Apache's was seen to give.

import { ByteWriter, ErrorCode, Op } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { bytesOf, openAcl, Workbench } from './workbench.ts'

/** A create with a path of these bytes, which need not be UTF-8. */
function createBytes(bench: Workbench, path: Uint8Array, flags = 0): number {
  return bench.prepare(Op.create, (out: ByteWriter) => {
    out.writeBuffer(path)
    out.writeBuffer(null)
    out.writeInt(openAcl.length)
    for (const { perms, scheme, id } of openAcl) {
      out.writeInt(perms)
      out.writeString(scheme)
      out.writeString(id)
    }
    out.writeInt(flags)
  }).code
}

function benchWithA(): Workbench {
  const bench = new Workbench()
  bench.apply(bench.create('/a'))
  return bench
}

test.each([
  ['/', ErrorCode.NODE_EXISTS],
  ['//b', ErrorCode.BAD_ARGUMENTS],
  ['//', ErrorCode.BAD_ARGUMENTS],
  ['/..', ErrorCode.BAD_ARGUMENTS],
  ['/.', ErrorCode.BAD_ARGUMENTS],
  ['/\u0001', ErrorCode.BAD_ARGUMENTS],
  ['/a/', ErrorCode.BAD_ARGUMENTS],
  ['/a/.', ErrorCode.BAD_ARGUMENTS],
  ['/a/..', ErrorCode.BAD_ARGUMENTS],
  ['/a//b', ErrorCode.NO_NODE],
  ['/b/', ErrorCode.NO_NODE],
  ['/b//c', ErrorCode.NO_NODE],
  ['/b/.', ErrorCode.NO_NODE],
  ['/b/../c', ErrorCode.NO_NODE],
  ['/a/\u001f', ErrorCode.BAD_ARGUMENTS],
  ['/a/\u007f', ErrorCode.BAD_ARGUMENTS],
  ['/a/\u009f', ErrorCode.BAD_ARGUMENTS],
  ['/a/\ue000', ErrorCode.BAD_ARGUMENTS],
  ['/a/\uf8ff', ErrorCode.BAD_ARGUMENTS],
  ['/a/\ufff0', ErrorCode.BAD_ARGUMENTS],
  ['/a/\uffff', ErrorCode.BAD_ARGUMENTS],
  ['/a/\u{1f600}', ErrorCode.BAD_ARGUMENTS],
  ['/a/\u00a0', ErrorCode.OK],
  ['/a/\ud7ff', ErrorCode.OK],
  ['/a/\uf900', ErrorCode.OK],
  ['/a/\ufeff', ErrorCode.OK],
  ['/a/\uffef', ErrorCode.OK],
  ['/...', ErrorCode.OK],
  ['/.a', ErrorCode.OK],
  ['/a/..a', ErrorCode.OK],
  ['/a/b c', ErrorCode.OK],
  ['/a/é', ErrorCode.OK],
])('a create of %j gives %i', (path, code) => {
  const bench = benchWithA()
  expect(bench.create(path).code).toBe(code)
})

test('what is accepted is found again by its path', () => {
  const bench = benchWithA()
  for (const path of ['/a/\ufeff', '/a/é€', '/...', '/a/b c']) {
    expect(bench.run(bench.create(path, path))).toBe(0)
    expect(bench.data(path)).toBe(path)
    expect(bench.create(path).code).toBe(ErrorCode.NODE_EXISTS)
  }
  expect(bench.database.digestMismatchCount).toBe(0)
})

test('A31: a slash at the end is no mistake where a sequence number follows', () => {
  const bench = benchWithA()
  bench.apply(bench.create('/a/x'))
  expect(bench.run(bench.create('/a/', '', 2))).toBe(0)
  expect(bench.run(bench.create('/', '', 2))).toBe(0)
  expect(bench.children('/a')).toEqual(['0000000001', 'x'])
  expect(bench.children('/')).toContain('0000000001')
})

test.each([
  ['//', ErrorCode.BAD_ARGUMENTS],
  ['/a/\u0001', ErrorCode.BAD_ARGUMENTS],
  ['n', ErrorCode.BAD_ARGUMENTS],
  ['', ErrorCode.BAD_ARGUMENTS],
  ['/b/', ErrorCode.NO_NODE],
  ['/..', ErrorCode.OK],
])('a sequential create of %j gives %i', (path, code) => {
  expect(benchWithA().create(path, '', 2).code).toBe(code)
})

test.each([
  ['a lone continuation byte', [0x80]],
  ['a sequence that breaks off', [0xe2, 0x82]],
  ['an overlong slash', [0xc0, 0xaf]],
  ['an overlong NUL', [0xc0, 0x80]],
  ['half of a surrogate pair', [0xed, 0xa0, 0x80]],
  ['a surrogate pair in two halves', [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]],
  ['a byte that is never used', [0xff]],
])('bytes that are not UTF-8 make no path: %s', (_what, bytes) => {
  const bench = benchWithA()
  const path = Uint8Array.of(...bytesOf('/a/n'), ...bytes)
  expect(createBytes(bench, path)).toBe(ErrorCode.BAD_ARGUMENTS)
  expect(createBytes(bench, path, 2)).toBe(ErrorCode.BAD_ARGUMENTS)
  // As part of the parent's path it is just a parent that does not exist.
  expect(createBytes(bench, Uint8Array.of(...path, ...bytesOf('/x')))).toBe(ErrorCode.NO_NODE)
})

test('a path of 65,535 bytes is the longest; longer ones are refused, with and without a sequence number', () => {
  const bench = new Workbench()
  const longest = `/${'p'.repeat(65534)}`
  expect(bench.run(bench.create(longest, 'x'))).toBe(0)
  expect(bench.data(longest)).toBe('x')
  expect(bench.create(`${longest}p`).code).toBe(ErrorCode.BAD_ARGUMENTS)
  const shorter = `/${'q'.repeat(65524)}`
  expect(bench.run(bench.create(shorter, '', 2))).toBe(0)
  expect(bench.exists(`${shorter}0000000001`)).toBe(true)
  for (const length of [65525, 65534, 65535, 65545, 65546, 65547, 70_000, 1_000_000]) {
    expect([length, bench.create(`/${'q'.repeat(length)}`, '', 2).code]).toEqual([length, ErrorCode.BAD_ARGUMENTS])
  }
  const tooLong = `/${'q'.repeat(70_000)}`
  expect(bench.create(`${tooLong}/x`).code).toBe(ErrorCode.NO_NODE)
  expect(bench.delete(tooLong).code).toBe(ErrorCode.NO_NODE)
  expect(bench.setData(tooLong, '').code).toBe(ErrorCode.BAD_ARGUMENTS)
  expect(bench.setAcl(tooLong, openAcl).code).toBe(ErrorCode.BAD_ARGUMENTS)
  expect(bench.database.digestMismatchCount).toBe(0)
})
