import { AclSchemes, Database, Preparer } from '@tskeeper/core'
import { ByteReader, ByteWriter, Op, writeCreateRequest, writeSetDataRequest } from '@tskeeper/protocol/server'
import { bench, do_not_optimize, group } from 'mitata'

const NODES = 100000
const DATA_BYTES = 100
const REQUESTER = { sessionId: 1n, identities: [{ scheme: 'world', id: 'anyone' }] }
const TIME_MS = 1700000000000
/** Steps through the nodes far enough that neighbours in memory are not neighbours in time. */
const STRIDE = 7919

/** Prepares and applies one request after the other, as a server without company does. */
class WritePath {
  readonly database: Database
  private readonly preparer: Preparer
  private readonly entry = new ByteWriter(4096)
  private cxid = 0

  constructor(isDigestEnabled: boolean) {
    this.database = new Database({ hashSeed: 7, isDigestEnabled, areExtendedTypesEnabled: false, hasOldTtlNodes: false })
    this.database.createReservedNodes()
    this.preparer = new Preparer(this.database, {
      schemes: new AclSchemes([]),
      isAclSkipped: false,
      isQuotaEnforced: false,
      isCloseSessionListed: true,
      isReconfigEnabled: false,
      onQuotaExcess: () => {},
    })
  }

  write(op: number, request: ByteReader): void {
    const { entry } = this
    entry.reset()
    this.preparer.prepare(op, REQUESTER, ++this.cxid, TIME_MS, request, entry)
    this.database.apply(entry.bytes, entry.view, 0, entry.position)
    this.preparer.view.applied(this.database.appliedZxid)
  }
}

/** Looking nodes up by the bytes of their paths, answering reads, and the whole way of a write without disk and sockets. */
export function treeBenchmarks(): void {
  const paths = Array.from({ length: NODES }, (_, index) => Buffer.from(`/app/n${String(index).padStart(8, '0')}`, 'latin1'))
  const path = filledWritePath(true, paths)
  const undigested = filledWritePath(false, paths)
  const { tree } = path.database
  const out = new ByteWriter(4096)
  let next = 0
  const anyPath = (): Buffer => {
    next = (next + STRIDE) % NODES
    return paths[next] as Buffer
  }

  group(`tree of ${NODES} nodes`, () => {
    bench('hash and find a path', () => {
      const bytes = anyPath()
      do_not_optimize(tree.find(bytes, 0, bytes.length))
    })
    bench('find a path and write its Stat', () => {
      const bytes = anyPath()
      out.reset()
      tree.nodes.writeStat(tree.find(bytes, 0, bytes.length), out)
      do_not_optimize(out.position)
    })
    benchSetData('prepare and apply setData', path, paths)
    benchSetData('prepare and apply setData, without digests', undigested, paths)
  })
}

function benchSetData(name: string, path: WritePath, paths: readonly Buffer[]): void {
  const requests = paths.slice(0, 1000).map((bytes) => {
    const out = new ByteWriter()
    writeSetDataRequest(out, { path: bytes.toString('latin1'), data: new Uint8Array(DATA_BYTES), version: -1 })
    return out.toBytes()
  })
  const readers = requests.map((bytes) => new ByteReader(bytes))
  let next = 0
  bench(name, () => {
    next = next + 1 === readers.length ? 0 : next + 1
    const reader = readers[next] as ByteReader
    reader.position = 0
    path.write(Op.setData, reader)
  })
}

function filledWritePath(isDigestEnabled: boolean, paths: readonly Buffer[]): WritePath {
  const path = new WritePath(isDigestEnabled)
  const acl = [{ perms: 31, scheme: 'world', id: 'anyone' }]
  const request = new ByteWriter()
  const create = (name: string): void => {
    request.reset()
    writeCreateRequest(request, { path: name, data: new Uint8Array(DATA_BYTES), acl, flags: 0 })
    path.write(Op.create, new ByteReader(request.written()))
  }
  create('/app')
  for (const bytes of paths) create(bytes.toString('latin1'))
  const last = paths[NODES - 1] as Buffer
  if (path.database.tree.find(last, 0, last.length) === 0) throw new Error('the tree of the benchmark was not built')
  return path
}
