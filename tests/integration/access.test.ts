// Who may do what: permissions, identities, and how a client gets them.

import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import {
  openAcl,
  type RawAcl,
  type RawClient,
  type RawClientOptions,
  RawCreateMode,
  RawOp,
  requestPayload,
} from '../support/raw-client.ts'
import { toBytes } from '../support/raw-records.ts'
import { outcome } from './outcomes.ts'
import { errorName, nextReply, openSession } from './raw-session.ts'
import { TestServer } from './test-server.ts'

const READ = 1
const WRITE = 2
const CREATE = 4
const DELETE = 8
const ADMIN = 16
const ALL = 31

/** The id of scheme digest that belongs to "user:password". */
function digestId(credentials: string): string {
  const user = credentials.slice(0, credentials.indexOf(':'))
  return `${user}:${createHash('sha1').update(credentials).digest('base64')}`
}

function world(perms: number): RawAcl[] {
  return [{ perms, scheme: 'world', id: 'anyone' }]
}

function digest(perms: number, credentials: string): RawAcl {
  return { perms, scheme: 'digest', id: digestId(credentials) }
}

async function connectAs(server: TestServer, credentials: string, options: RawClientOptions = {}): Promise<RawClient> {
  const client = await server.connect(options)
  await client.auth('digest', credentials)
  return client
}

type Attempt = (client: RawClient) => Promise<unknown>

/** Everything that can be tried on /n, which has the children /n/c and /n/d, and what it takes. */
const ATTEMPTS: readonly [string, number, Attempt][] = [
  ['create a child', CREATE, (client) => client.create('/n/new')],
  ['create a sequential child', CREATE, (client) => client.create('/n/s-', null, RawCreateMode.persistentSequential)],
  ['create a container below', CREATE, (client) => client.createContainer('/n/container')],
  ['delete a child', DELETE, (client) => client.delete('/n/d')],
  ['get the data', READ, (client) => client.getData('/n')],
  ['list the children', READ, (client) => client.getChildren('/n')],
  ['list the children with the Stat', READ, (client) => client.getChildren2('/n')],
  ['look whether it exists', READ, (client) => client.exists('/n')],
  ['count what is below', READ, (client) => client.getAllChildrenNumber('/n')],
  ['get the ACL', READ | ADMIN, (client) => client.getAcl('/n')],
  ['set the data', WRITE, (client) => client.setData('/n', 'x')],
  ['set the ACL', ADMIN, (client) => client.setAcl('/n', openAcl)],
]

test('A210 A211 A212 A213 A214: each operation takes its permission, and no other will do', async () => {
  await using server = await TestServer.start({ 'DigestAuthenticationProvider.superDigest': digestId('admin:secret') })
  const admin = await connectAs(server, 'admin:secret')
  const client = await server.connect()
  const single = [READ, WRITE, CREATE, DELETE, ADMIN]
  for (const perms of [0, ...single, ...single.map((bit) => ALL & ~bit), ALL]) {
    for (const [what, needed, attempt] of ATTEMPTS) {
      await Promise.all([admin.create('/n'), admin.create('/n/c'), admin.create('/n/d'), admin.setAcl('/n', world(perms))])
      const expected = (perms & needed) === 0 ? 'NOAUTH' : 'OK'
      expect([perms, what, await outcome(attempt(client))]).toEqual([perms, what, expected])
      const names = await admin.getChildren('/n')
      await Promise.all([...names.map((name) => admin.delete(`/n/${name}`)), admin.delete('/n')])
    }
  }
})

test('A215: permissions to create and delete concern children: the parent decides about the node itself', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/n', null, RawCreateMode.persistent, world(READ))
  await client.create('/open')
  await client.create('/open/locked', null, RawCreateMode.persistent, world(0))
  expect(await outcome(client.delete('/n'))).toBe('OK')
  expect(await outcome(client.delete('/open/locked'))).toBe('OK')
  await client.create('/closed')
  await client.create('/closed/free')
  await client.setAcl('/closed', world(ALL & ~DELETE))
  expect(await outcome(client.delete('/closed/free'))).toBe('NOAUTH')
})

test('A216: a node is open to the world unless somebody says otherwise, and no child inherits an ACL', async () => {
  await using server = await TestServer.start()
  const client = await connectAs(server, 'u:p')
  await client.create('/n', null, RawCreateMode.persistent, [digest(ALL, 'u:p')])
  await client.create('/n/c')
  expect((await client.getAcl('/n/c')).acl).toEqual(world(ALL))
  const stranger = await server.connect()
  expect(await outcome(stranger.getData('/n'))).toBe('NOAUTH')
  expect(await outcome(stranger.setData('/n/c', 'x'))).toBe('OK')
})

test('A217: auth stands for all identities of the session; without one the ACL is invalid', async () => {
  await using server = await TestServer.start()
  const client = await connectAs(server, 'u:p')
  await client.auth('digest', 'v:q')
  await client.create('/n', null, RawCreateMode.persistent, [{ perms: READ | ADMIN, scheme: 'auth', id: 'whatever' }])
  const { acl } = await client.getAcl('/n')
  expect(acl.toSorted((left, right) => ((left.id ?? '') < (right.id ?? '') ? -1 : 1))).toEqual([
    digest(READ | ADMIN, 'u:p'),
    digest(READ | ADMIN, 'v:q'),
  ])
  const anonymous = await server.connect()
  expect(await outcome(anonymous.create('/x', null, 0, [{ perms: ALL, scheme: 'auth', id: '' }]))).toBe('INVALIDACL')
  for (const credentials of ['u:p', 'v:q']) {
    expect(await outcome((await connectAs(server, credentials)).getData('/n'))).toBe('OK')
  }
  expect(await outcome((await connectAs(server, 'w:r')).getData('/n'))).toBe('NOAUTH')
})

test('A218: digest is the base64 of the SHA-1 of user and password', async () => {
  await using server = await TestServer.start()
  const client = await connectAs(server, 'super:test')
  await client.create('/n', null, RawCreateMode.persistent, [{ perms: ALL, scheme: 'auth', id: '' }])
  expect((await client.getAcl('/n')).acl).toEqual([{ perms: ALL, scheme: 'digest', id: 'super:D/InIHSb7yEEbrWz8b9l71RjZJU=' }])
  for (const wrong of ['super:Test', 'super:test ', 'Super:test', 'super:']) {
    expect(await outcome((await connectAs(server, wrong)).getData('/n'))).toBe('NOAUTH')
  }
})

test('A218: a user without a password, and passwords with colons and other letters, are users like any other', async () => {
  await using server = await TestServer.start()
  for (const credentials of ['nopassword', 'u:p:q', 'ü:ö', ':p', 'u:']) {
    const client = await connectAs(server, credentials)
    await client.create('/n', null, RawCreateMode.persistent, [{ perms: ALL, scheme: 'auth', id: '' }])
    const user = credentials.split(':', 1)[0]
    const hash = createHash('sha1').update(credentials).digest('base64')
    expect((await client.getAcl('/n')).acl).toEqual([{ perms: ALL, scheme: 'digest', id: `${user}:${hash}` }])
    await client.delete('/n')
    await client.close()
  }
})

test('A219: ip matches addresses by their first bits', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  const cases = {
    '127.0.0.1': 'OK',
    '127.0.0.1/32': 'OK',
    '127.0.0.0/8': 'OK',
    '127.0.0.2': 'NOAUTH',
    '127.0.0.0/32': 'NOAUTH',
    '128.0.0.0/1': 'NOAUTH',
    '10.0.0.0/8': 'NOAUTH',
    '0.0.0.0/0': 'OK',
    '1.2.3.4/0': 'OK',
    '::1': 'NOAUTH',
    '::/0': 'NOAUTH',
  }
  for (const [id, expected] of Object.entries(cases)) {
    const path = `/${id.replaceAll('/', '-').replaceAll(':', '_')}`
    await client.create(path, null, RawCreateMode.persistent, [{ perms: READ, scheme: 'ip', id }])
    expect([id, await outcome(client.getData(path))]).toEqual([id, expected])
  }
  for (const id of ['', 'localhost', '127.0.0', '127.0.0.1/33', '127.0.0.1/', '127.0.0.1/-1', '256.0.0.1', '1.2.3.4/x']) {
    const acl = [{ perms: READ, scheme: 'ip', id }]
    expect([id, await outcome(client.create('/invalid', null, 0, acl))]).toEqual([id, 'INVALIDACL'])
  }
})

test('an ACL entry must name a scheme that there is and an id that it knows', async () => {
  await using server = await TestServer.start()
  const client = await connectAs(server, 'u:p')
  const invalid: RawAcl[] = [
    { perms: ALL, scheme: 'world', id: 'someone' },
    { perms: ALL, scheme: 'world', id: '' },
    { perms: ALL, scheme: 'nope', id: 'x' },
    { perms: ALL, scheme: 'super', id: '' },
    { perms: ALL, scheme: '', id: '' },
    { perms: ALL, scheme: null, id: 'anyone' },
    { perms: ALL, scheme: 'world', id: null },
    { perms: ALL, scheme: 'digest', id: 'u' },
    { perms: ALL, scheme: 'digest', id: 'u:' },
    { perms: ALL, scheme: 'digest', id: 'a:b:c' },
    { perms: ALL, scheme: 'sasl', id: 'user' },
  ]
  await client.create('/n')
  for (const entry of invalid) {
    expect([entry, await outcome(client.create('/x', null, 0, [entry]))]).toEqual([entry, 'INVALIDACL'])
    expect([entry, await outcome(client.setAcl('/n', [...openAcl, entry]))]).toEqual([entry, 'INVALIDACL'])
  }
  expect(await outcome(client.create('/x', null, 0, []))).toBe('INVALIDACL')
  expect(await outcome(client.create('/x', null, 0, null))).toBe('INVALIDACL')
})

test('entries are kept in order, without repetitions, with whatever bits they have', async () => {
  await using server = await TestServer.start()
  const client = await connectAs(server, 'u:p')
  const acl = [
    digest(READ, 'x:y'),
    ...world(READ | ADMIN),
    digest(READ, 'x:y'),
    { perms: 64 | READ, scheme: 'ip', id: '127.0.0.1' },
    { perms: 0, scheme: 'ip', id: '127.0.0.1' },
    ...world(READ | ADMIN),
    digest(WRITE, 'x:y'),
    { perms: -1, scheme: 'ip', id: '10.1.1.1' },
  ]
  await client.create('/n', null, RawCreateMode.persistent, acl)
  expect((await client.getAcl('/n')).acl).toEqual([acl[0], acl[1], acl[3], acl[4], acl[6], acl[7]])
})

test('setACL takes effect at once, for everybody and behind a restart', async () => {
  await using server = await TestServer.start()
  const owner = await connectAs(server, 'u:p')
  const reader = await server.connect()
  await owner.create('/n', 'x')
  expect(await outcome(reader.getData('/n'))).toBe('OK')
  const results = await Promise.all([
    owner.setAcl('/n', [{ perms: ALL, scheme: 'auth', id: '' }]).then(() => 'set'),
    outcome(owner.getData('/n')),
  ])
  expect(results).toEqual(['set', 'OK'])
  expect(await outcome(reader.getData('/n'))).toBe('NOAUTH')
  expect(await outcome(reader.setAcl('/n', openAcl))).toBe('NOAUTH')
  await server.restart()
  expect(await outcome((await server.connect()).getData('/n'))).toBe('NOAUTH')
  expect(await outcome((await connectAs(server, 'u:p')).getData('/n'))).toBe('OK')
})

test('identities belong to the connection: who resumes a session has to show them again', async () => {
  await using server = await TestServer.start()
  const owner = await connectAs(server, 'u:p')
  await owner.create('/n', 'x', RawCreateMode.persistent, [{ perms: ALL, scheme: 'auth', id: '' }])
  const resumed = await server.connect({ sessionId: owner.sessionId, password: owner.password })
  expect(await outcome(resumed.getData('/n'))).toBe('NOAUTH')
  await resumed.auth('digest', 'u:p')
  expect(await outcome(resumed.getData('/n'))).toBe('OK')
})

test('whoAmI tells the address and every identity, passwords left out', async () => {
  await using server = await TestServer.start({ 'DigestAuthenticationProvider.superDigest': digestId('admin:secret') })
  const client = await server.connect()
  const address = { scheme: 'ip', user: '127.0.0.1' }
  expect(await client.whoAmI()).toEqual([address])
  await client.auth('digest', 'u:p')
  await client.auth('digest', 'v:q')
  await client.auth('digest', 'u:p')
  await client.auth('ip', '')
  const sorted = (infos: Awaited<ReturnType<RawClient['whoAmI']>>): string[] =>
    infos.map(({ scheme, user }) => `${scheme} ${user}`).toSorted()
  expect(sorted(await client.whoAmI())).toEqual(['digest u', 'digest v', 'ip 127.0.0.1'])
  await client.auth('digest', 'admin:secret')
  expect(sorted(await client.whoAmI())).toEqual(['digest admin', 'digest u', 'digest v', 'ip 127.0.0.1', 'super '])
})

test('the super user may do everything, and nobody else with the same name', async () => {
  await using server = await TestServer.start({ 'DigestAuthenticationProvider.superDigest': digestId('admin:secret') })
  const owner = await connectAs(server, 'u:p')
  await owner.create('/n', 'x', RawCreateMode.persistent, [digest(READ, 'u:p')])
  await owner.create('/n/c').catch(() => {})
  const pretender = await connectAs(server, 'admin:guess')
  expect(await outcome(pretender.setData('/n', 'x'))).toBe('NOAUTH')
  const admin = await connectAs(server, 'admin:secret')
  expect((await admin.getAcl('/n')).acl).toEqual([digest(READ, 'u:p')])
  for (const [, , attempt] of ATTEMPTS.filter(([what]) => !what.startsWith('delete')))
    expect(await outcome(attempt(admin))).toBe('OK')
  expect(await outcome(admin.delete('/n/new'))).toBe('OK')
  expect((await admin.setData('/zookeeper/config', 'server.1=x')).version).toBe(1)
})

test('with skipACL nobody is asked', async () => {
  await using server = await TestServer.start()
  const owner = await connectAs(server, 'u:p')
  await owner.create('/n', 'x', RawCreateMode.persistent, [digest(0, 'u:p')])
  await server.restart({ skipACL: 'yes' })
  const client = await server.connect()
  expect(await outcome(client.setData('/n', 'y'))).toBe('OK')
  expect((await client.getAcl('/n')).acl).toEqual([digest(0, 'u:p')])
  expect(await outcome(client.setAcl('/n', openAcl))).toBe('OK')
})

test.each([
  ['world', 'anyone'],
  ['auth', ''],
  ['super', ''],
  ['sasl', 'x'],
  ['', ''],
])('A76 A221: nobody can authenticate with the scheme "%s"', async (scheme, auth) => {
  await using server = await TestServer.start()
  const client = await server.connect()
  expect(await outcome(client.auth(scheme, auth))).toBe('AUTHFAILED')
  await client.connection.waitForClose()
})

test('A76: credentials that are missing fail with a header alone, and the connection is closed', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/n')
  const connection = await server.open()
  const { sessionId, password } = await openSession(connection)
  connection.sendFrame(
    requestPayload(-4, RawOp.auth, (writer) => {
      writer.writeInt(0)
      writer.writeString('digest')
      writer.writeBuffer(null)
    }),
  )
  // What comes behind a failed authentication is not served.
  connection.sendFrame(
    requestPayload(1, RawOp.delete, (writer) => {
      writer.writeString('/n')
      writer.writeInt(-1)
    }),
  )
  expect(await nextReply(connection)).toMatchObject({ xid: -4, zxid: 0, err: -115, bodyLength: 0 })
  await connection.waitForClose()
  expect(await client.exists('/n')).not.toBeNull()
  expect((await server.connect({ sessionId, password })).sessionId).toBe(sessionId)
})

test('a scheme that is switched off is no scheme', async () => {
  await using server = await TestServer.start({ 'DigestAuthenticationProvider.enabled': false })
  const client = await server.connect()
  expect(await outcome(client.auth('digest', 'u:p'))).toBe('AUTHFAILED')
  const other = await server.connect()
  expect(await outcome(other.create('/n', null, 0, [digest(ALL, 'u:p')]))).toBe('INVALIDACL')
})

test('another hash makes other identities', async () => {
  await using server = await TestServer.start({ 'DigestAuthenticationProvider.digestAlg': 'SHA-256' })
  const client = await connectAs(server, 'u:p')
  await client.create('/n', null, RawCreateMode.persistent, [{ perms: ALL, scheme: 'auth', id: '' }])
  const id = `u:${createHash('sha256').update('u:p').digest('base64')}`
  expect((await client.getAcl('/n')).acl).toEqual([{ perms: ALL, scheme: 'digest', id }])
})

test.each([
  ['a read', RawOp.getData, 1],
  ['a write', RawOp.delete, 2],
  ['a ping', RawOp.ping, -2],
  ['the end of the session', RawOp.closeSession, 3],
])(
  'where clients must authenticate, %s of one that has not is refused with zxid 0, and the connection closed',
  async (_what, op, xid) => {
    await using server = await TestServer.start({ 'enforce.auth.enabled': true, 'enforce.auth.schemes': 'digest' })
    const connection = await server.open()
    const { timeoutMs } = await openSession(connection)
    expect(timeoutMs).toBe(10_000)
    connection.sendFrame(
      requestPayload(xid, op, (writer) => {
        writer.writeString('/')
        writer.writeInt(0)
      }),
    )
    const reply = await nextReply(connection)
    expect([reply.xid, reply.zxid, errorName(reply.err), reply.bodyLength]).toEqual([xid, 0, 'SESSIONCLOSEDREQUIRESASLAUTH', 0])
    await connection.waitForClose()
  },
)

test('where clients must authenticate, those that have are served like everywhere', async () => {
  await using server = await TestServer.start({ 'enforce.auth.enabled': true, 'enforce.auth.schemes': 'digest' })
  const client = await server.connect({ pingIntervalMs: 0 })
  await client.auth('ip', '')
  await client.auth('digest', 'u:p')
  expect(await outcome(client.create('/a'))).toBe('OK')
  expect(await outcome(client.getData('/a'))).toBe('OK')
  expect((await client.ping()).err).toBe(0)
  await client.close()
})

test('a server that should require SASL, which it does not have, does not start', async () => {
  const start = TestServer.start({ sessionRequireClientSASLAuth: true })
  await expect(start).rejects.toThrow('clients must authenticate with sasl')
})

test('getACL hides the hashes from whoever may not administrate, and leaves the rest as it is', async () => {
  await using server = await TestServer.start()
  const owner = await connectAs(server, 'u:p')
  const acl = [...world(READ), digest(ALL, 'u:p'), digest(WRITE, 'v:q'), { perms: READ, scheme: 'ip', id: '10.0.0.0/8' }]
  await owner.create('/n', null, RawCreateMode.persistent, acl)
  expect((await owner.getAcl('/n')).acl).toEqual(acl)
  const reader = await server.connect()
  const shown = (await reader.getAcl('/n')).acl
  expect(shown).toEqual([acl[0], { ...acl[1], id: 'u:x' }, { ...acl[2], id: 'v:x' }, acl[3]])
  await owner.setAcl('/n', [...world(ADMIN), digest(ALL, 'u:p')])
  expect((await reader.getAcl('/n')).acl).toEqual([...world(ADMIN), digest(ALL, 'u:p')])
  await owner.setAcl('/n', [...world(WRITE), digest(ALL, 'u:p')])
  expect(await outcome(reader.getAcl('/n'))).toBe('NOAUTH')
})

test('exists without permission leaves no watch, without a node it does', async () => {
  await using server = await TestServer.start()
  const owner = await connectAs(server, 'u:p')
  await owner.create('/n', null, RawCreateMode.persistent, [digest(ALL, 'u:p')])
  const stranger = await server.connect()
  expect(await outcome(stranger.exists('/n', true))).toBe('NOAUTH')
  expect(await outcome(stranger.checkWatches('/n', 3))).toBe('NOWATCHER')
  expect(await stranger.exists('/none', true)).toBeNull()
  expect(await outcome(stranger.checkWatches('/none', 3))).toBe('OK')
})

test('credentials that come as no text at all are hashed as they are', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.auth('digest', toBytes('u:p'))
  await client.create('/n', null, RawCreateMode.persistent, [{ perms: ALL, scheme: 'auth', id: '' }])
  expect((await client.getAcl('/n')).acl).toEqual([digest(ALL, 'u:p')])
})
