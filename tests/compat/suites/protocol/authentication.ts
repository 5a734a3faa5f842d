/** Identities of a connection and what ACLs make of them. */
import { openAcl, type RawAcl, type RawClient, RawCreateMode, RawOp, requestPayload } from '../../../support/raw-client.ts'
import { errorName, type ProtocolCase, text } from './stage.ts'

const DIGEST_ID = 'u:Jq7wMyA/w2Vd5WIDAKdu4OIIFEQ='

function authPayload(xid: number, scheme: string | null, auth: Uint8Array | null, type = 0): Uint8Array {
  return requestPayload(xid, RawOp.auth, (writer) => {
    writer.writeInt(type)
    writer.writeString(scheme)
    writer.writeBuffer(auth)
  })
}

const bytes = (value: string): Uint8Array => new TextEncoder().encode(value)

export const authenticationCases: readonly ProtocolCase[] = [
  {
    name: 'A76 A221: what the auth request accepts and refuses, and when the connection is closed',
    play: async (stage) => {
      const tries: readonly [what: string, payload: Uint8Array][] = [
        ['digest', authPayload(-4, 'digest', bytes('u:p'))],
        ['digest under another xid', authPayload(17, 'digest', bytes('u:p'))],
        ['an odd type', authPayload(-4, 'digest', bytes('u:p'), 9)],
        ['digest without a colon', authPayload(-4, 'digest', bytes('user'))],
        ['digest with an empty user', authPayload(-4, 'digest', bytes(':p'))],
        ['digest with two colons', authPayload(-4, 'digest', bytes('a:b:c'))],
        ['digest of nothing', authPayload(-4, 'digest', bytes(''))],
        ['digest of null', authPayload(-4, 'digest', null)],
        ['ip', authPayload(-4, 'ip', bytes('10.0.0.1'))],
        ['world', authPayload(-4, 'world', bytes('anyone'))],
        ['auth', authPayload(-4, 'auth', bytes(''))],
        ['super', authPayload(-4, 'super', bytes(''))],
        ['sasl', authPayload(-4, 'sasl', bytes(''))],
        ['nosuch', authPayload(-4, 'nosuch', bytes('x'))],
        ['a null scheme', authPayload(-4, null, bytes('x'))],
        ['an empty scheme', authPayload(-4, '', bytes('x'))],
      ]
      for (const [what, payload] of tries) {
        const connection = await stage.handshaken()
        connection.sendFrame(payload)
        await stage.fate(what, connection)
      }
    },
  },
  {
    name: 'an identity that cannot be read',
    play: async (stage) => {
      const connection = await stage.handshaken()
      connection.sendFrame(requestPayload(-4, RawOp.auth, (writer) => writer.writeInt(0)))
      await stage.fate('half a record', connection)
    },
  },
  {
    name: 'A218: identities are added, and whoAmI tells them',
    play: async (stage) => {
      const client = await stage.client()
      const tell = async (what: string): Promise<void> => {
        const identities = await client.whoAmI()
        stage.note(what, identities.map(({ scheme, user }) => `${scheme}:${user}`).sort())
      }
      await tell('at first')
      await client.auth('digest', 'u:p')
      await tell('one')
      await client.auth('digest', 'u:p')
      await tell('the same again')
      await client.auth('digest', 'v:q')
      await client.auth('digest', 'nocolon')
      await client.auth('ip', '')
      await tell('several')
      await client.auth('digest', 'super:test')
      await tell('and the administrator')
    },
  },
  {
    name: 'A217 A219: how lists of permissions are taken, changed and refused',
    play: async (stage) => {
      const client = await stage.client()
      await client.auth('digest', 'u:p')
      const entry = (perms: number, scheme: string | null, id: string | null): RawAcl => ({ perms, scheme, id })
      const lists: Readonly<Record<string, readonly RawAcl[]>> = {
        'world anyone': [entry(31, 'world', 'anyone')],
        'world someone': [entry(31, 'world', 'someone')],
        auth: [entry(31, 'auth', '')],
        'auth with an id that counts for nothing': [entry(7, 'auth', 'whatever')],
        digest: [entry(1, 'digest', DIGEST_ID)],
        'digest of an empty user': [entry(1, 'digest', ':x')],
        'digest without a hash': [entry(1, 'digest', 'u')],
        'digest with an empty hash': [entry(1, 'digest', 'u:')],
        'digest of three parts': [entry(1, 'digest', 'a:b:c')],
        'digest of nothing': [entry(1, 'digest', '')],
        'an address': [entry(31, 'ip', '127.0.0.1')],
        'a range': [entry(31, 'ip', '127.0.0.0/8')],
        'every address': [entry(31, 'ip', '0.0.0.0/0')],
        'too many bits': [entry(31, 'ip', '127.0.0.0/33')],
        'negative bits': [entry(31, 'ip', '127.0.0.0/-1')],
        'bits that are no number': [entry(31, 'ip', '127.0.0.0/x')],
        'three parts of an address': [entry(31, 'ip', '127.0.0')],
        'an address out of range': [entry(31, 'ip', '256.0.0.1')],
        'a name for an address': [entry(31, 'ip', 'localhost')],
        'an unknown scheme': [entry(31, 'nosuch', 'x')],
        super: [entry(31, 'super', '')],
        sasl: [entry(31, 'sasl', 'x')],
        'a null scheme': [entry(31, null, 'x')],
        'nothing at all': [],
        'no permissions': [entry(0, 'world', 'anyone')],
        'permissions beyond the known': [entry(0xff, 'world', 'anyone')],
        'negative permissions': [entry(-1, 'world', 'anyone')],
        'the same twice': [entry(31, 'world', 'anyone'), entry(31, 'world', 'anyone')],
        'the same with other permissions': [
          entry(1, 'world', 'anyone'),
          entry(16, 'world', 'anyone'),
          entry(1, 'world', 'anyone'),
        ],
        'a good and a bad one': [entry(31, 'world', 'anyone'), entry(31, 'nosuch', 'x')],
        'auth among others': [entry(1, 'world', 'anyone'), entry(30, 'auth', '')],
        'auth that doubles a digest': [entry(31, 'digest', DIGEST_ID), entry(31, 'auth', '')],
      }
      for (const [what, acl] of Object.entries(lists)) {
        const admin = await stage.administrator()
        const path = `/${what}`
        await stage.outcome(what, client.create(path, null, 0, acl))
        if ((await admin.exists(path)) !== null) stage.note(`${what}: kept as`, (await admin.getAcl(path)).acl)
        await admin.close()
      }
    },
  },
  {
    name: 'a null id in an ACL',
    play: async (stage) => {
      const client = await stage.client()
      await stage.outcome('world', client.create('/n', null, 0, [{ perms: 31, scheme: 'world', id: null }]))
    },
  },
  {
    name: 'an address of the sixth version in an ACL',
    play: async (stage) => {
      const client = await stage.client()
      for (const id of ['::1', '2001:db8::/32', '::1/129', 'fe80::1%lo']) {
        await stage.outcome(id, client.create(`/${id.replaceAll('/', ' ')}`, null, 0, [{ perms: 31, scheme: 'ip', id }]))
      }
    },
  },
  {
    name: 'auth expands to every identity that counts',
    play: async (stage) => {
      const client = await stage.client()
      await stage.outcome('none', client.create('/none', null, 0, [{ perms: 31, scheme: 'auth', id: '' }]))
      await client.auth('digest', 'u:p')
      await client.auth('digest', 'v:q')
      await client.create('/two', null, 0, [{ perms: 5, scheme: 'auth', id: '' }])
      const admin = await stage.administrator()
      const { acl } = await admin.getAcl('/two')
      stage.note('two', acl.map(({ perms, scheme, id }) => `${perms} ${scheme} ${id}`).sort())
      await stage.outcome('the administrator alone', admin.create('/admin', null, 0, [{ perms: 31, scheme: 'auth', id: '' }]))
      if ((await admin.exists('/admin')) !== null) stage.note('kept as', (await admin.getAcl('/admin')).acl)
    },
  },
  {
    name: 'A18 A210 A211 A212 A213 A214 A215: which permission each operation needs',
    play: async (stage) => {
      const admin = await stage.administrator()
      const client = await stage.client()
      for (let perms = 0; perms <= 31; perms++) {
        // One permission at a time, then all but one: enough to tell which an operation looks at.
        if (![0, 1, 2, 4, 8, 16, 31, 30, 29, 27, 23, 15].includes(perms)) continue
        await admin.create('/n', 'x')
        await admin.create('/n/c', 'x')
        await admin.setAcl('/n', [{ perms, scheme: 'world', id: 'anyone' }])
        const calls: Readonly<Record<string, () => Promise<unknown>>> = {
          getData: () => client.getData('/n'),
          getChildren: () => client.getChildren('/n'),
          getChildren2: () => client.getChildren2('/n'),
          count: () => client.getAllChildrenNumber('/n'),
          getAcl: () => client.getAcl('/n'),
          sync: () => client.sync('/n'),
          watch: () => client.addWatch('/n', 0),
          setData: () => client.setData('/n', 'y'),
          create: () => client.create('/n/new'),
          delete: () => client.delete('/n/c'),
          check: () => client.multi([{ op: 'check', path: '/n', version: -1 }]).then((results) => results[0]?.err),
          setAcl: () => client.setAcl('/n', openAcl),
        }
        for (const [what, call] of Object.entries(calls)) {
          await stage.outcome(`${perms}: ${what}`, call(), (value) =>
            typeof value === 'number' && value <= 0 ? errorName(value) : 'ok',
          )
        }
        for (const path of ['/n/new', '/n/c', '/n']) await admin.delete(path).catch(() => undefined)
      }
    },
  },
  {
    name: 'exists on a node that may not be read',
    play: async (stage) => {
      const client = await stage.client()
      await client.create('/n', 'x', 0, [{ perms: 30, scheme: 'world', id: 'anyone' }])
      await stage.outcome('exists', client.exists('/n'), (stat) => (stat === null ? 'none' : 'a Stat'))
    },
  },
  {
    name: 'A218: who sees the digests of an ACL',
    play: async (stage) => {
      const acl = [
        { perms: 1, scheme: 'world', id: 'anyone' },
        { perms: 31, scheme: 'digest', id: DIGEST_ID },
        { perms: 31, scheme: 'ip', id: '10.0.0.1' },
      ]
      const reader = await stage.client()
      await reader.create('/n', 'x', 0, acl)
      stage.note('a reader', (await reader.getAcl('/n')).acl)
      await reader.auth('digest', 'u:p')
      stage.note('with the right to administer', (await reader.getAcl('/n')).acl)
      const admin = await stage.administrator()
      stage.note('the administrator', (await admin.getAcl('/n')).acl)
      await admin.setAcl('/n', [{ perms: 16, scheme: 'world', id: 'anyone' }])
      stage.note('administering without reading', (await (await stage.client()).getAcl('/n')).acl)
    },
  },
  {
    name: 'identities hold from the frame behind them, also when pipelined',
    play: async (stage) => {
      const owner = await stage.client()
      await owner.create('/n', 'x', 0, [{ perms: 31, scheme: 'digest', id: DIGEST_ID }])
      const client = await stage.client()
      const before = client.getData('/n').catch((error: unknown) => error)
      const auth = client.auth('digest', 'u:p')
      const after = client.getData('/n')
      stage.note('before', (await before) instanceof Error)
      await auth
      stage.note('after', text((await after).data))
      await client.create('/e', null, RawCreateMode.ephemeral)
      const { sessionId, password } = client
      const again: RawClient = await stage.client({ sessionId, password })
      await stage.outcome('another connection of the session has them not', again.getData('/n'))
    },
  },
  {
    name: 'sasl on a server without it',
    play: async (stage) => {
      const connection = await stage.handshaken()
      connection.sendFrame(requestPayload(5, RawOp.sasl, (writer) => writer.writeBuffer(bytes('token'))))
      await stage.fate('sasl', connection)
    },
  },
]
