/** Transactions and reads in bulk. */
import type { ByteWriter } from '@tskeeper/protocol'
import {
  openAcl,
  type RawClient,
  RawCreateMode,
  type RawMultiOp,
  type RawMultiResult,
  RawOp,
} from '../../../support/raw-client.ts'
import { writeCreate } from '../../../support/raw-records.ts'
import { errorName, type ProtocolCase, type Stage, text } from './stage.ts'

async function play(stage: Stage, client: RawClient, what: string, ops: readonly RawMultiOp[]): Promise<void> {
  await stage.outcome(what, client.multi(ops), (results) => results.map((result) => describe(stage, result)))
}

function describe(stage: Stage, result: RawMultiResult): unknown {
  return [
    result.type,
    errorName(result.err),
    result.path,
    result.stat === null ? null : stage.stat(result.stat),
    result.data === null ? null : text(result.data),
    result.children === null ? null : [...result.children].sort(),
  ]
}

function header(type: number): (writer: ByteWriter) => void {
  return (writer) => {
    writer.writeInt(type)
    writer.writeBoolean(false)
    writer.writeInt(-1)
  }
}

export const multiCases: readonly ProtocolCase[] = [
  {
    name: 'A13: a multi of every operation and what each returns',
    play: async (stage) => {
      const client = await stage.client()
      await play(stage, client, 'all kinds', [
        { op: 'create', path: '/m', data: '1' },
        { op: 'createContainer', path: '/m/box' },
        { op: 'createTtl', path: '/m/ttl', ttlMs: 60_000 },
        { op: 'createTtl', path: '/m/ttl-', ttlMs: 60_000, flags: RawCreateMode.persistentSequentialWithTtl },
        { op: 'create', path: '/m/e', flags: RawCreateMode.ephemeral },
        { op: 'create', path: '/m/es-', flags: RawCreateMode.ephemeralSequential },
        { op: 'create', path: '/m/s-', flags: RawCreateMode.persistentSequential },
        { op: 'create', path: '/m/flag4', flags: RawCreateMode.container },
        { op: 'setData', path: '/m', data: '22', version: 0 },
        { op: 'setData', path: '/m', data: '333', version: 1 },
        { op: 'check', path: '/m', version: 2 },
        { op: 'delete', path: '/m/box' },
        { op: 'delete', path: '/m/e', version: 0 },
      ])
      const { children, stat } = await client.getChildren2('/m')
      stage.note('afterwards', children.sort(), stage.stat(stat))
      await play(stage, client, 'empty', [])
    },
  },
  {
    name: 'create2 inside a multi',
    play: async (stage) => {
      const client = await stage.client()
      await play(stage, client, 'create2', [
        { op: 'create2', path: '/m' },
        { op: 'create2', path: '/m/s-', flags: RawCreateMode.persistentSequential },
        { op: 'create2', path: '/m/e', flags: RawCreateMode.ephemeral },
        { op: 'create2', path: '/m/box', flags: RawCreateMode.container },
        { op: 'setData', path: '/m', data: 'changed behind its creation' },
      ])
    },
  },
  {
    name: 'A13: a failing part undoes the others and tells which it was',
    play: async (stage) => {
      const client = await stage.client()
      await client.create('/m')
      await client.create('/m/old')
      const failing: readonly RawMultiOp[] = [
        { op: 'create', path: '/m' },
        { op: 'create', path: '/nope/x' },
        { op: 'create', path: '/m/x', acl: [] },
        { op: 'create', path: 'x' },
        { op: 'create2', path: '/m' },
        { op: 'delete', path: '/m/nope' },
        { op: 'delete', path: '/m' },
        { op: 'delete', path: '/m/old', version: 3 },
        { op: 'delete', path: '/zookeeper' },
        { op: 'setData', path: '/m/nope', data: null },
        { op: 'setData', path: '/m', data: null, version: 9 },
        { op: 'check', path: '/m/nope', version: -1 },
        { op: 'check', path: '/m', version: 9 },
      ]
      for (const op of failing) {
        await play(stage, client, `${op.op} ${op.path}`, [
          { op: 'create', path: '/m/before' },
          { op: 'setData', path: '/m/old', data: 'changed' },
          op,
          { op: 'create', path: '/m/after' },
        ])
      }
      const { children, stat } = await client.getChildren2('/m')
      stage.note('afterwards', children.sort(), stage.stat(stat))
      stage.note('old', stage.stat((await client.getData('/m/old')).stat))
    },
  },
  {
    name: 'a multi sees its own earlier parts',
    play: async (stage) => {
      const client = await stage.client()
      await play(stage, client, 'created, filled and emptied', [
        { op: 'create', path: '/p' },
        { op: 'create', path: '/p/c' },
        { op: 'setData', path: '/p/c', data: 'x', version: 0 },
        { op: 'check', path: '/p/c', version: 1 },
        { op: 'delete', path: '/p/c' },
        { op: 'delete', path: '/p' },
      ])
      stage.note('gone', await client.exists('/p'))
      await client.create('/p')
      await client.create('/p/c')
      await play(stage, client, 'a parent with a child', [
        { op: 'delete', path: '/p/c' },
        { op: 'delete', path: '/p' },
        { op: 'create', path: '/p/c' },
      ])
      await play(stage, client, 'deleted and created again', [
        { op: 'delete', path: '/p/c' },
        { op: 'create', path: '/p/c', data: 'new' },
        { op: 'check', path: '/p/c', version: 0 },
      ])
      stage.note('c', stage.stat((await client.getData('/p/c')).stat), stage.stat((await client.getData('/p')).stat))
      await play(stage, client, 'below an ephemeral node of the same multi', [
        { op: 'create', path: '/e', flags: RawCreateMode.ephemeral },
        { op: 'create', path: '/e/x' },
      ])
    },
  },
  {
    name: 'multis that cannot be understood as a whole',
    play: async (stage) => {
      const client = await stage.client()
      await client.create('/m')
      for (const type of [RawOp.setAcl, RawOp.exists, RawOp.sync, RawOp.getData, RawOp.getChildren, 99, 0]) {
        await stage.ask(`a part of type ${type}`, client, RawOp.multi, (writer) => {
          header(type)(writer)
          writer.writeString('/m')
          writer.writeBoolean(false)
          writer.writeBytes(new Uint8Array(16))
        })
      }
      await stage.ask('a write among reads', client, RawOp.multiRead, (writer) => {
        header(RawOp.delete)(writer)
        writer.writeString('/m')
        writer.writeInt(-1)
        writer.writeInt(-1)
        writer.writeBoolean(true)
        writer.writeInt(-1)
      })
      await stage.ask('no end', client, RawOp.multi, (writer) => {
        header(RawOp.delete)(writer)
        writer.writeString('/m')
        writer.writeInt(-1)
      })
      stage.note('still there', (await client.exists('/m')) !== null)
    },
  },
  {
    name: 'a create with flags out of range inside a multi',
    play: async (stage) => {
      const client = await stage.client()
      await play(stage, client, 'flags 7', [{ op: 'create', path: '/m', flags: 7 }])
    },
  },
  {
    name: 'a create with flags of a node with a time to live inside a multi',
    play: async (stage) => {
      const client = await stage.client()
      await play(stage, client, 'flags 5', [{ op: 'create', path: '/m', flags: 5 }])
      await play(stage, client, 'flags 6 in create2', [{ op: 'create2', path: '/m', flags: 6 }])
    },
  },
  {
    name: 'a null path inside a multi',
    play: async (stage) => {
      const client = await stage.client()
      await stage.ask('a null path', client, RawOp.multi, (writer) => {
        header(RawOp.delete)(writer)
        writer.writeString(null)
        writer.writeInt(-1)
        writer.writeInt(-1)
        writer.writeBoolean(true)
        writer.writeInt(-1)
      })
    },
  },
  {
    name: 'parts that name one kind of node and carry the flags of another',
    play: async (stage) => {
      const client = await stage.client()
      for (const [flags, ttlMs] of [
        [0, -1],
        [0, 5000],
        [1, -1],
        [4, -1],
        [4, 5000],
        [5, -1],
        [5, 0],
      ] as const) {
        await play(stage, client, `createTTL flags ${flags} ttl ${ttlMs}`, [
          { op: 'createTtl', path: `/ttl${flags}${ttlMs}`, flags, ttlMs },
          { op: 'check', path: '/', version: -1 },
        ])
      }
    },
  },
  {
    name: 'a null ACL inside a multi',
    play: async (stage) => {
      const client = await stage.client()
      await stage.ask('null ACL', client, RawOp.multi, (writer) => {
        writer.writeInt(RawOp.create)
        writer.writeBoolean(false)
        writer.writeInt(-1)
        writeCreate(writer, '/m', null, null, 0)
        writer.writeInt(-1)
        writer.writeBoolean(true)
        writer.writeInt(-1)
      })
    },
  },
  {
    name: 'reads in bulk, each for itself',
    play: async (stage) => {
      const client = await stage.client()
      await client.create('/r', 'data')
      await client.create('/r/a')
      await client.create('/r/closed', 'x', 0, [{ perms: 30, scheme: 'world', id: 'anyone' }])
      await client.create('/r/null', null)
      await stage.outcome(
        'reads',
        client.multiRead([
          { op: 'getData', path: '/r' },
          { op: 'getChildren', path: '/r' },
          { op: 'getData', path: '/nope' },
          { op: 'getChildren', path: '/nope' },
          { op: 'getData', path: '/r/closed' },
          { op: 'getData', path: '/r/null' },
          { op: 'getChildren', path: '' },
        ]),
        (results) => results.map((result) => describe(stage, result)),
      )
      await stage.outcome('none', client.multiRead([]), (results) => results.length)
    },
  },
  {
    name: 'A5 A12: pipelined writes see each other before they are answered',
    play: async (stage) => {
      const client = await stage.client()
      const replies: readonly Promise<unknown>[] = [
        client.create('/p'),
        client.create('/p'),
        client.create('/p/a', null, RawCreateMode.persistentSequential),
        client.create('/p/a', null, RawCreateMode.persistentSequential),
        client.delete('/p'),
        client.setData('/p', '1', 0),
        client.setData('/p', '2', 0),
        client.delete('/p/a0000000000'),
        client.delete('/p/a0000000000'),
        client.delete('/p/a0000000001'),
        client.setAcl('/p', openAcl),
        client.setAcl('/p', openAcl, 1),
        client.setAcl('/p', openAcl, 1),
        client.delete('/p', 1),
        client.create('/p', 'again'),
      ]
      for (const [index, reply] of replies.entries()) await stage.outcome(`request ${index}`, reply)
      stage.note('afterwards', stage.stat((await client.getData('/p')).stat))
    },
  },
]
