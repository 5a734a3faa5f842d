import { adler32, ByteWriter } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { NodeDisk } from '../../src/runtime/node-disk.ts'
import { CorruptSnapshotError } from '../../src/storage/corrupt-snapshot-error.ts'
import { isPlausibleSnapshot, listPlausibleSnapshots, snapshotFormatOf } from '../../src/storage/snapshot-format.ts'
import { SnapshotParser } from '../../src/storage/snapshot-parser.ts'
import { loadSnapshot } from '../../src/storage/snapshot-reader.ts'
import { writeSnapshotNow } from '../../src/storage/snapshot-writer.ts'
import { DIRECTORY, emptyDisk, flipBit, putFile } from './sample-log.ts'
import {
  CollectingTarget,
  emptyTree,
  encodeNodes,
  ListSource,
  load,
  openAclList,
  type SampleNode,
  sampleStat,
  sampleTree,
  storedSnapshot,
  writerOptions,
} from './sample-snapshot.ts'

const GOLDEN = `${import.meta.dirname}/../golden`
const golden = new NodeDisk()
const EPOCH = 4294967296
const CONTAINER = -(2n ** 63n)

function plainSnapshot(nodes: readonly SampleNode[], zxid = 7): Uint8Array {
  const disk = emptyDisk()
  const digest = { zxid, version: 2, digest: 5n }
  return disk.readFile(
    writeSnapshotNow(writerOptions(disk, new ListSource(nodes, zxid, [{ id: 3n, timeoutMs: 9 }], [openAclList], digest))),
  )
}

function parse(bytes: Uint8Array, pieceSize = bytes.length): CollectingTarget {
  const target = new CollectingTarget()
  const parser = new SnapshotParser(target)
  for (let at = 0; at < bytes.length; at += pieceSize) parser.push(bytes.subarray(at, at + pieceSize))
  parser.finish(7)
  return target
}

/** The content of a snapshot up to the first seal, and the seals that belong behind it. */
function withTail(content: Uint8Array, sections: readonly ((out: ByteWriter) => void)[]): Uint8Array {
  const out = new ByteWriter()
  out.writeBytes(content)
  const seal = (): void => {
    out.writeNumber(adler32(out.bytes, 0, out.position))
    out.writeString('/')
  }
  seal()
  for (const section of sections) {
    section(out)
    seal()
  }
  return out.toBytes()
}

function contentOf(snapshot: Uint8Array): Uint8Array {
  return snapshot.subarray(0, snapshot.length - 13 - 33 - 21)
}

function pathsOf(target: CollectingTarget): string[] {
  return target.nodes.map((node) => node.path)
}

test('S2: the snapshots of three servers are read', async () => {
  const loaded = async (server: string, name: string, zxid: number): Promise<CollectingTarget> =>
    load(golden, storedSnapshot(name, zxid, `${GOLDEN}/${server}/version-2`))
  const s1 = await loaded('s1', 'snapshot.200000003', 2 * EPOCH + 3)
  const s3 = await loaded('s3', 'snapshot.100000017', EPOCH + 0x17)
  expect(pathsOf(s1)).toContain('/zookeeper/config')
  expect(s1.finished?.zxid).toBe(2 * EPOCH + 3)
  expect(s1.finished?.digest).toMatchObject({ version: 2 })
  expect(s3.finished).toEqual({ zxid: EPOCH + 0x17, digest: { zxid: EPOCH + 0x17, version: 2, digest: 0x4ddc3bba8n } })
  const container = s3.nodes.find((node) => node.path === '/cont')
  expect(container).toEqual({
    path: '/cont',
    data: new Uint8Array(0),
    aclId: 2,
    stat: {
      czxid: EPOCH + 6,
      mzxid: EPOCH + 6,
      ctime: 0x1a1f9a635ea,
      mtime: 0x1a1f9a635ea,
      version: 0,
      cversion: 0,
      aversion: 0,
      ephemeralOwner: CONTAINER,
      pzxid: EPOCH + 6,
    },
  })
  expect(s3.nodes.find((node) => node.path === '/null')?.data).toBeNull()
  expect(s3.aclLists.map((list) => list.id)).toEqual(expect.arrayContaining([1, 2]))
  for (const server of ['s1', 's3', 's4']) {
    const fresh = await loaded(server, 'snapshot.0', 0)
    expect(pathsOf(fresh).sort()).toEqual(['', '/zookeeper', '/zookeeper/config', '/zookeeper/quota'])
  }
})

test('S2: compressed snapshots of an empty tree are read', async () => {
  for (const [folder, name] of [
    ['gz', 'snapshot.0.gz'],
    ['snappy', 'snapshot.0.snappy'],
  ] as const) {
    const target = await load(golden, storedSnapshot(name, 0, `${GOLDEN}/${folder}/version-2`))
    expect(target.nodes).toEqual(emptyTree)
    expect(target.aclLists).toEqual([openAclList])
    expect(target.finished).toEqual({ zxid: 0, digest: { zxid: 0, version: 2, digest: 0n } })
  }
})

test('a snapshot may arrive in pieces of any size', () => {
  const nodes = sampleTree(30, 50)
  const bytes = plainSnapshot(nodes)
  for (let pieceSize = 1; pieceSize < 200; pieceSize++) {
    const target = parse(bytes, pieceSize)
    expect(encodeNodes(target.nodes).equals(encodeNodes(nodes))).toBe(true)
    expect(target.finished).toEqual({ zxid: 7, digest: { zxid: 7, version: 2, digest: 5n } })
  }
})

test('S14: a node larger than the buffer is read whole', () => {
  const nodes = [
    ...sampleTree(3, 10),
    { path: '/large', data: new Uint8Array(5_000_000).fill(7), aclId: 1, stat: sampleStat(9) },
    ...sampleTree(2, 3).slice(1),
  ]
  const bytes = plainSnapshot(nodes)
  for (const target of [parse(bytes, 65_536), parse(bytes)]) {
    expect(encodeNodes(target.nodes).equals(encodeNodes(nodes))).toBe(true)
  }
})

test('a snapshot that is cut at any byte in front of its first seal is refused', () => {
  const bytes = plainSnapshot(sampleTree(5, 20))
  const sealed = contentOf(bytes).length + 13
  for (let length = 0; length < sealed; length++) expect(() => parse(bytes.subarray(0, length))).toThrow()
})

test('a snapshot that is cut behind its first seal is whole as far as it goes', () => {
  const bytes = plainSnapshot(sampleTree(5, 20))
  const sealed = contentOf(bytes).length + 13
  for (let length = sealed; length <= bytes.length; length++) {
    const rest = length - sealed
    // From 22 to 32 bytes it looks like a digest whose seal is missing.
    if (rest > 20 && rest < 33) expect(() => parse(bytes.subarray(0, length))).toThrow()
    else expect(parse(bytes.subarray(0, length)).finished?.digest === null).toBe(rest < 33)
  }
})

test('one flipped bit anywhere makes a snapshot unusable', () => {
  const bytes = plainSnapshot(sampleTree(3, 8))
  for (let i = 0; i < bytes.length; i++) {
    for (let bit = 0; bit < 8; bit++) {
      const flipped = bytes.slice()
      flipBit(flipped, i, bit)
      expect(() => parse(flipped), `bit ${bit} of byte ${i}`).toThrow()
    }
  }
})

test('the sections behind the nodes are told apart by the bytes that are left', () => {
  const content = contentOf(plainSnapshot(emptyTree))
  const digest = (out: ByteWriter): void => {
    out.writeNumber(9)
    out.writeInt(2)
    out.writeLong(77n)
  }
  const oldDigest = (out: ByteWriter): void => {
    out.writeNumber(9)
    out.writeInt(1)
    out.writeString('4D')
  }
  const lastZxid = (out: ByteWriter): void => out.writeNumber(12)
  const summaryOf = (sections: readonly ((out: ByteWriter) => void)[], trailing = 0): unknown => {
    const parser = new SnapshotParser(new CollectingTarget())
    parser.push(withTail(content, sections))
    parser.push(new Uint8Array(trailing))
    return parser.finish(7)
  }
  expect(summaryOf([])).toEqual({ nodeCount: 4, digest: null, lastProcessedZxid: null })
  expect(summaryOf([digest])).toEqual({ nodeCount: 4, digest: { zxid: 9, version: 2, digest: 77n }, lastProcessedZxid: null })
  expect(summaryOf([digest, lastZxid])).toEqual({
    nodeCount: 4,
    digest: { zxid: 9, version: 2, digest: 77n },
    lastProcessedZxid: 12,
  })
  expect(summaryOf([lastZxid])).toEqual({ nodeCount: 4, digest: null, lastProcessedZxid: 12 })
  expect(summaryOf([oldDigest])).toEqual({ nodeCount: 4, digest: { zxid: 9, version: 1, digest: 77n }, lastProcessedZxid: null })
  expect(summaryOf([digest, lastZxid], 200_000)).toEqual({
    nodeCount: 4,
    digest: { zxid: 9, version: 2, digest: 77n },
    lastProcessedZxid: 12,
  })
})

test('hostile counts and lengths are refused without room being made for them', () => {
  const header = plainSnapshot(emptyTree).subarray(0, 16)
  const attempt =
    (...ints: number[]): (() => unknown) =>
    () => {
      const out = new ByteWriter()
      out.writeBytes(header)
      for (const int of ints) out.writeInt(int)
      return parse(out.toBytes())
    }
  expect(attempt(-1)).toThrow(/there are -1 sessions at byte 16/)
  expect(attempt(0x7fffffff)).toThrow(/ends in its sessions/)
  expect(attempt(0, -2)).toThrow(/there are -2 aclLists/)
  expect(attempt(0, 1, 0, 1, 0x7fffffff, 0)).toThrow(/ends in its aclLists/)
  expect(attempt(0, 1, 0, 1, 1, 31, -5)).toThrow(/a text in an ACL list has a length of -5/)
  expect(attempt(0, 0, -1, 0, 0)).toThrow(/a path has a length of -1/)
  expect(attempt(0, 0, 0x7ffffff0, 0, 0)).toThrow(/ends in its nodes/)
  expect(attempt(0, 0, 0, -2)).toThrow(/the data of a node have a length of -2/)
  expect(attempt(0, 0, 0, 0x7ffffff0)).toThrow(/ends in its nodes/)
})

test.each(['snapshot.7', 'snapshot.7.gz', 'snapshot.7.snappy'])('a damaged file is reported with its path: %s', async (name) => {
  const disk = emptyDisk()
  const format = snapshotFormatOf(name.split('.')[2] ?? '')
  writeSnapshotNow(writerOptions(disk, new ListSource(sampleTree(2000, 100), 7), format))
  const bytes = disk.readFile(`${DIRECTORY}/${name}`)
  for (const damage of ['cut', 'flip', 'rubbish'] as const) {
    const middle = Math.floor(bytes.length / 2)
    const damaged = damage === 'cut' ? bytes.slice(0, middle) : bytes.slice()
    if (damage === 'flip') flipBit(damaged, middle, 4)
    if (damage === 'rubbish') damaged.fill(0xee, 2)
    putFile(disk, `${DIRECTORY}/${name}`, damaged)
    const outcome = loadSnapshot(disk, storedSnapshot(name, 7), new CollectingTarget())
    await expect(outcome).rejects.toThrow(CorruptSnapshotError)
    await expect(outcome).rejects.toThrow(`corrupt snapshot ${DIRECTORY}/${name}: `)
  }
})

test('a failure of the disk or of the target is not taken for a damaged snapshot', async () => {
  for (const name of ['snapshot.7', 'snapshot.7.gz', 'snapshot.7.snappy']) {
    const disk = emptyDisk()
    writeSnapshotNow(writerOptions(disk, new ListSource(sampleTree(2000, 100), 7), snapshotFormatOf(name.split('.')[2] ?? '')))
    disk.failNext({ operation: 'read', code: 'EIO' })
    await expect(load(disk, storedSnapshot(name, 7))).rejects.toMatchObject({ name: 'DiskError', code: 'EIO' })
    const target = new CollectingTarget()
    target.restoreNode = () => {
      throw new TypeError('a mistake of ours')
    }
    await expect(loadSnapshot(disk, storedSnapshot(name, 7), target)).rejects.toThrow(TypeError)
  }
})

test('a target that stumbles over damaged bytes does not hide that they are damaged', async () => {
  const disk = emptyDisk()
  const path = writeSnapshotNow(writerOptions(disk, new ListSource(sampleTree(20, 100), 7, [{ id: 1n, timeoutMs: 2 }])))
  const bytes = disk.readFile(path)
  flipBit(bytes, bytes.length - 200, 3)
  putFile(disk, path, bytes)
  for (const part of ['restoreSession', 'restoreAclList', 'restoreNode'] as const) {
    const target = new CollectingTarget()
    target[part] = () => {
      throw new Error('no parent')
    }
    await expect(loadSnapshot(disk, storedSnapshot('snapshot.7', 7), target)).rejects.toThrow(/corrupt snapshot .*the seal is/)
    expect(target.finished).toBeNull()
  }
})

test('the quick test lets through what ends as a snapshot and nothing else', () => {
  const disk = emptyDisk()
  const whole = plainSnapshot(emptyTree)
  const put = (name: string, bytes: Uint8Array): boolean => {
    putFile(disk, `${DIRECTORY}/${name}`, bytes)
    return isPlausibleSnapshot(disk, storedSnapshot(name, 1))
  }
  expect(put('snapshot.1', whole)).toBe(true)
  expect(put('snapshot.2', whole.subarray(0, -1))).toBe(false)
  expect(put('snapshot.3', new Uint8Array(0))).toBe(false)
  expect(put('snapshot.4', new Uint8Array([0, 0, 0, 1, 0x2f]))).toBe(false)
  expect(put('snapshot.5.gz', new Uint8Array([0x1f, 0x8b]))).toBe(true)
  expect(put('snapshot.6.gz', new Uint8Array([0x1f]))).toBe(false)
  expect(put('snapshot.7.gz', whole)).toBe(false)
  expect(put('snapshot.8.snappy', new Uint8Array([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]))).toBe(true)
  expect(put('snapshot.9.snappy', whole)).toBe(false)
  expect(listPlausibleSnapshots(disk, DIRECTORY, 2).map((file) => file.name)).toEqual(['snapshot.8.snappy', 'snapshot.5.gz'])
})

test('unknown compression methods mean none', () => {
  expect(['', 'gz', 'GZ', 'snappy', 'zstd'].map(snapshotFormatOf)).toEqual(['plain', 'gz', 'gz', 'snappy', 'plain'])
})
