import {
  type Acl,
  ByteReader,
  ByteWriter,
  readCreateRequest,
  readGetDataRequest,
  type Stat,
  writeCreateRequest,
  writeGetDataRequest,
  writeStat,
} from '@tskeeper/protocol/server'
import { bench, do_not_optimize, group } from 'mitata'

const PATH = '/services/billing/instances/node-00042'
const OPEN_ACL: readonly Acl[] = [{ perms: 31, scheme: 'world', id: 'anyone' }]

const STAT: Stat = {
  czxid: 0x100000001,
  mzxid: 0x100000fff,
  ctime: 1700000000000,
  mtime: 1700000001000,
  version: 17,
  cversion: 3,
  aversion: 0,
  ephemeralOwner: 0x100000000000001n,
  dataLength: 100,
  numChildren: 0,
  pzxid: 0x100000001,
}

/** Records as they are encoded and decoded on the request path. */
export function codecBenchmarks(): void {
  const out = new ByteWriter(4096)
  const create = { path: PATH, data: new Uint8Array(100), acl: [...OPEN_ACL], flags: 0 }
  const createBytes = encoded((writer) => writeCreateRequest(writer, create))
  const getBytes = encoded((writer) => writeGetDataRequest(writer, { path: PATH, watch: false }))
  const input = new ByteReader(createBytes)
  const createView = viewOf(createBytes)
  const getView = viewOf(getBytes)

  group('codec', () => {
    bench('write CreateRequest, 38 byte path, 100 byte data', () => {
      out.reset()
      writeCreateRequest(out, create)
      do_not_optimize(out.position)
    })
    bench('read CreateRequest', () => {
      input.reset(createBytes, createView, 0, createBytes.length)
      do_not_optimize(readCreateRequest(input))
    })
    bench('read GetDataRequest with its path as a string', () => {
      input.reset(getBytes, getView, 0, getBytes.length)
      do_not_optimize(readGetDataRequest(input))
    })
    bench('read the path of a GetDataRequest in place', () => {
      input.reset(getBytes, getView, 0, getBytes.length)
      do_not_optimize(input.readSlice())
    })
    bench('write Stat', () => {
      out.reset()
      writeStat(out, STAT)
      do_not_optimize(out.position)
    })
    bench('write string, 38 characters', () => {
      out.reset()
      out.writeString(PATH)
      do_not_optimize(out.position)
    })
  })
}

function encoded(write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter()
  write(writer)
  return writer.toBytes()
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}
