/** What each operation refuses, in which order it looks, and how bytes that are no record are answered. */
import { openAcl, type RawAcl, type RawClient, RawCreateMode, RawOp, requestPayload } from '../../../support/raw-client.ts'
import { writeCreate } from '../../../support/raw-records.ts'
import type { ProtocolCase, Stage } from './stage.ts'

const oddPaths: readonly (string | null)[] = [
  null,
  '',
  'x',
  'no/slash/first',
  '/',
  '//',
  '//b',
  '/a/',
  '/nope/',
  '/a//b',
  '/nope//c',
  '/.',
  '/..',
  '/...',
  '/a/.',
  '/a/..',
  '/a/../c',
  '/nope/.',
  '/nope/../c',
  '/.a',
  '/a\u0000b',
  '/\u0001',
  '/\u001f',
  '/ ',
  '/\u007f',
  '/\u009f',
  '/\u00a0',
  '/\ud7ff',
  '/\ue000',
  '/\uf8ff',
  '/\uf900',
  '/\uffef',
  '/\ufff0',
  '/\u{10000}',
  '/a/b/c/d',
  '/zookeeper',
  '/zookeeper/quota',
  '/zookeeper/config',
  '/zookeeper/new',
  '/zookeeper/config/new',
]

async function fresh(stage: Stage): Promise<RawClient> {
  const client = await stage.client()
  await client.create('/a', 'x')
  return client
}

export const errorCases: readonly ProtocolCase[] = [
  {
    name: 'create with odd paths',
    play: async (stage) => {
      const client = await fresh(stage)
      for (const path of oddPaths) {
        await stage.ask(`create ${path}`, client, RawOp.create, (writer) => writeCreate(writer, path, 'x', openAcl, 0))
      }
      stage.note('left', (await client.getChildren('/')).sort(), (await client.getChildren('/zookeeper')).sort())
    },
  },
  {
    name: 'create of sequential nodes with odd paths',
    play: async (stage) => {
      const client = await fresh(stage)
      for (const path of oddPaths) {
        await stage.ask(`create ${path}`, client, RawOp.create2, (writer) =>
          writeCreate(writer, path, 'x', openAcl, RawCreateMode.persistentSequential),
        )
      }
      const names = await client.getChildren('/')
      stage.note('left', names.map((name) => name.replace(/\d{10}$/, 'N')).sort())
    },
  },
  {
    name: 'create with odd flags',
    play: async (stage) => {
      const client = await fresh(stage)
      for (const op of [RawOp.create, RawOp.create2]) {
        for (const flags of [4, 5, 6, 7, -1, 100, 0x7fffffff]) {
          const path = `/flags-${op}-${flags}`
          await stage.ask(`op ${op} flags ${flags}`, client, op, (writer) => writeCreate(writer, path, 'x', openAcl, flags))
        }
      }
      for (const flags of [5, 7]) {
        await stage.ask(`container flags ${flags}`, client, RawOp.createContainer, (writer) =>
          writeCreate(writer, `/container-${flags}`, 'x', openAcl, flags),
        )
      }
    },
  },
  {
    name: 'createContainer with flags of another kind of node',
    play: async (stage) => {
      const client = await fresh(stage)
      for (const flags of [0, 1]) {
        await stage.ask(`flags ${flags}`, client, RawOp.createContainer, (writer) =>
          writeCreate(writer, `/container-${flags}`, 'x', openAcl, flags),
        )
      }
    },
  },
  {
    name: 'createTTL with odd times to live',
    play: async (stage) => {
      const client = await fresh(stage)
      for (const flags of [5, 6]) {
        for (const ttlMs of [1, 1_099_511_627_775, 1_099_511_627_776, 0, -1, -1000]) {
          await stage.ask(`flags ${flags} ttl ${ttlMs}`, client, RawOp.createTtl, (writer) => {
            writeCreate(writer, `/ttl${flags}${ttlMs}`, 'x', openAcl, flags)
            writer.writeNumber(ttlMs)
          })
        }
      }
      await stage.ask('flags 0 ttl 5', client, RawOp.createTtl, (writer) => {
        writeCreate(writer, '/no-ttl', 'x', openAcl, 0)
        writer.writeNumber(5)
      })
    },
  },
  {
    name: 'create refuses in a fixed order',
    play: async (stage) => {
      const client = await fresh(stage)
      await client.create('/e', null, RawCreateMode.ephemeral)
      await client.create('/closed', null, 0, [{ perms: 1 + 16, scheme: 'world', id: 'anyone' }])
      const ask = (what: string, path: string, flags: number, acl: readonly RawAcl[] | null): Promise<unknown> =>
        stage.ask(what, client, RawOp.create, (writer) => writeCreate(writer, path, null, acl, flags))
      await ask('bad flags before a bad path', 'x', 9, openAcl)
      await ask('a bad ACL before a missing parent', '/nope/x', 0, [])
      await ask('a null ACL', '/x', 0, null)
      await ask('a missing parent before its permission', '/nope/x', 0, openAcl)
      await ask('the permission before an existing node', '/closed/x', 0, openAcl)
      await ask('the permission before a bad name', '/closed//x', 0, openAcl)
      await ask('below an ephemeral node', '/e/x', 0, openAcl)
      await ask('an ephemeral node below an ephemeral node', '/e/x', 1, openAcl)
      await ask('a sequential node below an ephemeral node', '/e/x', 2, openAcl)
      await ask('an existing node', '/a', 0, openAcl)
      await ask('an existing node, now ephemeral', '/a', 1, openAcl)
    },
  },
  {
    name: 'delete, setData, setACL and check with odd paths',
    play: async (stage) => {
      const client = await fresh(stage)
      await client.create('/a/b')
      for (const path of oddPaths) {
        await stage.ask(`delete ${path}`, client, RawOp.delete, (writer) => {
          writer.writeString(path)
          writer.writeInt(99)
        })
        await stage.ask(`setData ${path}`, client, RawOp.setData, (writer) => {
          writer.writeString(path)
          writer.writeBuffer(new Uint8Array(1))
          writer.writeInt(99)
        })
        await stage.ask(`setACL ${path}`, client, RawOp.setAcl, (writer) => {
          writer.writeString(path)
          writer.writeInt(1)
          writer.writeInt(31)
          writer.writeString('world')
          writer.writeString('anyone')
          writer.writeInt(99)
        })
        if (path !== null) {
          await stage.outcome(`check ${path}`, client.multi([{ op: 'check', path, version: 99 }]), (results) => results[0]?.err)
        }
      }
      await stage.ask('delete a full node', client, RawOp.delete, (writer) => {
        writer.writeString('/a')
        writer.writeInt(-1)
      })
    },
  },
  {
    name: 'reads with odd paths',
    play: async (stage) => {
      const client = await fresh(stage)
      for (const path of oddPaths) {
        for (const op of [RawOp.exists, RawOp.getData, RawOp.getChildren, RawOp.getChildren2] as const) {
          const reply = await client.request(op, (writer) => {
            writer.writeString(path)
            writer.writeBoolean(false)
          })
          stage.note(`op ${op} ${path}`, reply.err)
        }
        for (const op of [RawOp.getAcl, RawOp.sync, RawOp.getAllChildrenNumber] as const) {
          const reply = await client.request(op, (writer) => writer.writeString(path))
          stage.note(`op ${op} ${path}`, reply.err)
        }
        // Apache's table of watches stumbles over a path without a slash.
        if (path === null || !path.startsWith('/')) continue
        for (const op of [RawOp.checkWatches, RawOp.removeWatches, RawOp.addWatch] as const) {
          const reply = await client.request(op, (writer) => {
            writer.writeString(path)
            writer.writeInt(1)
          })
          stage.note(`op ${op} ${path}`, reply.err)
        }
        await client.removeWatches(path, 3)
      }
    },
  },
  {
    name: 'watches on a null path',
    play: async (stage) => {
      const client = await fresh(stage)
      for (const op of [RawOp.addWatch, RawOp.checkWatches, RawOp.removeWatches] as const) {
        for (const mode of [0, 1]) {
          const reply = await client.request(op, (writer) => {
            writer.writeString(null)
            writer.writeInt(mode)
          })
          stage.note(`op ${op} mode ${mode}`, reply.err)
        }
      }
    },
  },
  {
    name: 'a read of the root by the empty path',
    play: async (stage) => {
      const client = await fresh(stage)
      stage.note('children', (await client.getChildren('')).sort())
      const byName = await client.exists('/')
      const byEmpty = await client.exists('')
      stage.note('the same Stat', JSON.stringify(byName, bigintText) === JSON.stringify(byEmpty, bigintText))
      stage.note('ACL', (await client.getAcl('')).acl)
    },
  },
  {
    name: 'the root and the reserved nodes are writable as far as they are',
    play: async (stage) => {
      const client = await fresh(stage)
      await stage.outcome('root', client.setData('/', 'x'), (stat) => stat.dataLength)
      await client.setData('/', '')
      await stage.outcome('/zookeeper', client.setData('/zookeeper', 'x'), (stat) => stat.dataLength)
      await client.setData('/zookeeper', '')
      await stage.outcome('/zookeeper/config', client.setData('/zookeeper/config', 'x'))
      await stage.outcome('below', client.create('/zookeeper/mine'), (path) => path)
      await stage.outcome('ACL of the root', client.setAcl('/', openAcl), (stat) => stat.numChildren)
    },
  },
  {
    name: 'records that end too early are marshalling errors and leave the connection open',
    play: async (stage) => {
      const client = await fresh(stage)
      const ops = [
        RawOp.create,
        RawOp.delete,
        RawOp.exists,
        RawOp.getData,
        RawOp.setData,
        RawOp.getAcl,
        RawOp.setAcl,
        RawOp.getChildren,
        RawOp.sync,
        RawOp.getChildren2,
        RawOp.multi,
        RawOp.create2,
        RawOp.checkWatches,
        RawOp.removeWatches,
        RawOp.createContainer,
        RawOp.createTtl,
        RawOp.multiRead,
        RawOp.setWatches,
        RawOp.setWatches2,
        RawOp.addWatch,
        RawOp.getEphemerals,
        RawOp.getAllChildrenNumber,
      ] as const
      for (const op of ops) {
        for (const [what, bytes] of [
          ['nothing', []],
          ['half a length', [0, 0]],
          ['a path alone', [0, 0, 0, 2, 0x2f, 0x61]],
          ['a path longer than the frame', [0, 0, 1, 0, 0x2f, 0x61]],
          ['a path of negative length', [0xff, 0xff, 0xff, 0xf0, 0x2f, 0x61]],
        ] as const) {
          // Some of these are whole records: of these only the error matters here, the rest is in other cases.
          const reply = await client.request(op, (writer) => writer.writeBytes(Uint8Array.from(bytes)))
          stage.note(`op ${op} with ${what}`, reply.err)
        }
      }
    },
  },
  {
    name: 'surplus bytes, odd booleans and odd counts in records',
    play: async (stage) => {
      const client = await fresh(stage)
      await stage.ask('surplus', client, RawOp.getData, (writer) => {
        writer.writeString('/a')
        writer.writeBoolean(false)
        writer.writeBytes(new Uint8Array(100))
      })
      await stage.ask('a boolean of 7', client, RawOp.getData, (writer) => {
        writer.writeString('/a')
        writer.writeByte(7)
      })
      await client.setData('/a', 'y')
      stage.note('events of it', client.events.length)
      for (const count of [-3, 0, 1000]) {
        await stage.ask(`ACL count ${count}`, client, RawOp.create, (writer) => {
          writer.writeString('/acl')
          writer.writeBuffer(null)
          writer.writeInt(count)
          writer.writeInt(0)
        })
      }
      await stage.ask('invalid UTF-8', client, RawOp.create, (writer) => {
        writer.writeInt(3)
        writer.writeBytes(Uint8Array.of(0x2f, 0xff, 0xfe))
        writer.writeBuffer(null)
        writer.writeInt(1)
        writer.writeInt(31)
        writer.writeString('world')
        writer.writeString('anyone')
        writer.writeInt(0)
      })
    },
  },
  {
    name: 'unknown operations are answered and the connection is closed',
    play: async (stage) => {
      for (const op of [-1, 0, 10, 23, 99, 108, 1000, -12]) {
        const connection = await stage.handshaken()
        connection.sendFrame(requestPayload(7, op))
        await stage.fate(`op ${op}`, connection)
      }
    },
  },
  {
    name: 'check outside a multi',
    play: async (stage) => {
      const client = await fresh(stage)
      await stage.ask('check', client, RawOp.check, (writer) => {
        writer.writeString('/a')
        writer.writeInt(0)
      })
    },
  },
  {
    name: 'deleteContainer sent by a client',
    play: async (stage) => {
      const client = await fresh(stage)
      await client.createContainer('/box')
      await stage.ask('deleteContainer', client, RawOp.deleteContainer, (writer) => writer.writeString('/box'))
      const observer = await stage.client()
      stage.note('still there', (await observer.exists('/box')) !== null)
    },
  },
  {
    name: 'a reconfig that cannot be read',
    play: async (stage) => {
      const client = await fresh(stage)
      const reply = await client.request(RawOp.reconfig)
      stage.note('an empty record', reply.err)
    },
  },
  {
    name: 'reconfig on a standalone server',
    play: async (stage) => {
      const client = await fresh(stage)
      await stage.ask('reconfig', client, RawOp.reconfig, (writer) => {
        writer.writeString(null)
        writer.writeString('3')
        writer.writeString(null)
        writer.writeNumber(-1)
      })
    },
  },
]

function bigintText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}
