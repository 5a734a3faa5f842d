// The shell's commands against a real server. What they print for people is compared with Apache's command line in tests/compat; here
// stand the session's commands, the older spellings, JSON, and the commands that only this shell has.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from '@tskeeper/client'
import { afterAll, expect, test } from 'vitest'
import { freePort } from '../support/server-process.ts'
import { Gate } from './gate.ts'
import { ShellStage, type ShellStageOptions } from './shell-stage.ts'
import { TestServer } from './test-server.ts'

const folder = mkdtempSync(join(tmpdir(), 'tskeeper-shell-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function serversOf(server: TestServer): string {
  return `127.0.0.1:${server.port}`
}

function shellOf(server: TestServer, options: ShellStageOptions = {}): Promise<ShellStage> {
  return ShellStage.connect(serversOf(server), { workingDirectory: folder, ...options })
}

function start(): Promise<TestServer> {
  return TestServer.start({ extendedTypesEnabled: 'true', enforceQuota: 'true' })
}

const NOTHING = { out: '', err: '', exitCode: 0 }

test('A159 A168: the prompt names the server, the state, and how many lines were entered', async () => {
  await using server = await start()
  await using stage = await shellOf(server)
  expect(stage.shell.prompt()).toBe(`[zk: ${serversOf(server)}(CONNECTED) 0] `)
  await stage.enter('ls /')
  await stage.enter('')
  await stage.enter('nonsense')
  expect(stage.shell.prompt()).toBe(`[zk: ${serversOf(server)}(CONNECTED) 2] `)
})

test('A174: after close the prompt says CLOSED, commands say Not connected, and connect begins a new session', async () => {
  await using server = await start()
  await using stage = await shellOf(server)
  await stage.enter('create -e /e')
  expect(await stage.enter('close')).toEqual(NOTHING)
  await stage.told('Closed')
  expect(stage.shell.prompt()).toContain('(CLOSED) 2]')
  expect(await stage.enter('get /e')).toEqual({ out: 'Not connected\n', err: '', exitCode: 1 })
  expect(await stage.enter('printwatches')).toEqual({ out: 'printwatches is on\nNot connected\n', err: '', exitCode: 0 })
  expect((await stage.enter('close')).out).toBe('Not connected\n')
  expect(await stage.enter('connect')).toEqual(NOTHING)
  expect((await stage.enter('stat /e')).err).toBe('Node does not exist: /e\n')
})

test('A176: connect ends the session and goes to the server that is named', async () => {
  await using first = await start()
  await using second = await start()
  await using stage = await shellOf(first)
  await stage.enter('create /here first')
  await stage.enter(`connect ${serversOf(second)}`)
  await stage.told('Closed')
  expect((await stage.enter('get /here')).err).toBe('Node does not exist: /here\n')
  expect(stage.shell.prompt()).toContain(serversOf(second))
})

test('of several servers one that lives is found', async () => {
  await using server = await start()
  const dead = `127.0.0.1:${await freePort()},127.0.0.1:${await freePort()}`
  await using stage = new ShellStage(`${dead},${serversOf(server)}`)
  await stage.session.open()
  expect(await stage.ask('ls /')).toBe('[zookeeper]\n')
})

test('A160: one of several servers is picked by chance, and the session survives when that one dies', async () => {
  await using server = await start()
  const picked = new Set<number>()
  // Two ways to one server, as two members of an ensemble would be: what happens when one of them goes is the same for the client.
  while (picked.size < 2) {
    await using first = await Gate.open(server.port)
    await using second = await Gate.open(server.port)
    const gates = [first, second]
    await using stage = await ShellStage.connect(gates.map((gate) => `127.0.0.1:${gate.port}`).join(','))
    await stage.enter('create -e /mine')
    const index = gates.findIndex((gate) => gate.isUsed)
    picked.add(index)
    await gates[index]?.close()
    await stage.told('Disconnected')
    expect(await stage.ask('getEphemerals')).toBe('[/mine]\n')
    expect(gates[1 - index]?.isUsed).toBe(true)
  }
})

test('when every server refuses, the first command fails at once', async () => {
  await using stage = new ShellStage(`127.0.0.1:${await freePort()},127.0.0.1:${await freePort()}`, { patienceMs: 600_000 })
  await stage.session.open()
  expect(await stage.enter('get /x')).toEqual({ out: '', err: 'KeeperErrorCode = ConnectionLoss for /x\n', exitCode: 1 })
})

test('a person is told which server refused, and how', async () => {
  const servers = `127.0.0.1:${await freePort()}`
  await using stage = new ShellStage(servers, { isInteractive: true })
  await stage.session.open()
  expect((await stage.enter('get /x')).err).toBe(
    `KeeperErrorCode = ConnectionLoss for /x\n${servers}: connect ECONNREFUSED ${servers}\n`,
  )
})

test('a session that expired is told, and connect begins another one', async () => {
  await using server = await start()
  await using stage = await shellOf(server)
  const { sessionId, password } = stage.session.client
  // Somebody who takes the session over and closes it: for the shell it is gone, as after a long silence.
  const thief = await connect(serversOf(server), { session: { id: sessionId, password } })
  await thief.close()
  await stage.told('Expired')
  expect(stage.shell.prompt()).toContain('(CLOSED)')
  expect((await stage.enter('ls /')).out).toBe('Not connected\n')
  await stage.enter('connect')
  expect(await stage.ask('ls /')).toBe('[zookeeper]\n')
})

test('a chroot stands for the root', async () => {
  await using server = await start()
  await using outside = await shellOf(server)
  await outside.enter('create /app')
  await using inside = await ShellStage.connect(`${serversOf(server)}/app`)
  await inside.enter('create /x 1')
  expect(await outside.ask('ls -R /app')).toBe('/app\n/app/x\n')
})

test('A187: events are printed or not, as is said', async () => {
  await using server = await start()
  await using stage = await shellOf(server)
  await stage.enter('create /n')
  await stage.enter('printwatches off')
  await stage.enter('get -w /n')
  await stage.enter('set /n 1')
  await stage.enter('sync /')
  expect(stage.events).not.toContain('NodeDataChanged /n')
  expect(await stage.ask('printwatches')).toBe('printwatches is off\n')
  await stage.enter('printwatches on')
  await stage.enter('get -w /n')
  await stage.enter('set /n 2')
  await stage.told('NodeDataChanged /n')
})

test('A188: quit ends the shell with the exit code of the command before it', async () => {
  await using server = await start()
  await using stage = await shellOf(server)
  await stage.enter('get /nope')
  expect(stage.shell.isOver).toBe(false)
  expect((await stage.enter('quit')).exitCode).toBe(1)
  expect(stage.shell.isOver).toBe(true)
  await stage.told('Closed')
})

test('A183 A190: history numbers the lines, and redo runs one of them again', async () => {
  await using server = await start()
  await using stage = await shellOf(server)
  await stage.enter('create -s /q-')
  expect((await stage.enter('redo 0')).err).toBe('Created /q-0000000001\n')
  expect(await stage.ask('history')).toBe('0 - create -s /q-\n1 - create -s /q-\n2 - history\n')
  expect(await stage.enter('redo 9')).toEqual({ out: '', err: 'Command index out of range\n', exitCode: 1 })
  expect(await stage.enter('redo x')).toEqual({ out: '', err: 'redo cmdno\n', exitCode: 1 })
  expect(await stage.enter('redo')).toEqual(NOTHING)
})

test('A186 A192 A198: spellings of older releases and guides are understood', async () => {
  await using server = await start()
  await using stage = await shellOf(server)
  await stage.enter('create /p 1')
  await stage.enter('create /p/c')
  const older = await stage.enter('ls2 /p')
  expect(older.err).toBe("'ls2' has been deprecated. Please use 'ls [-s] path' instead.\n")
  expect(older.out).toMatch(/^\[c\]\ncZxid = 0x/)
  expect(await stage.enter('setData /p 2')).toEqual(NOTHING)
  expect(await stage.ask('getData /p')).toBe('2\n')
  expect(await stage.ask('getChildren /p')).toBe('[c]\n')
  expect(await stage.ask('exists /p')).toMatch(/^cZxid = 0x/)
  expect(await stage.enter('rmr /p')).toEqual({
    out: '',
    err: "The command 'rmr' has been deprecated. Please use 'deleteall' instead.\n",
    exitCode: 0,
  })
  expect(await stage.ask('ls /')).toBe('[zookeeper]\n')
})

test('A178: the older way to name a version is honoured', async () => {
  await using server = await start()
  await using stage = await shellOf(server)
  await stage.enter('create /p 1')
  const advice = "'delete path [version]' has been deprecated. Please use 'delete [-v version] path' instead.\n"
  expect(await stage.enter('delete /p 3')).toEqual({ out: '', err: `${advice}version No is not valid : /p\n`, exitCode: 1 })
  expect(await stage.enter('delete /p 0')).toEqual({ out: '', err: advice, exitCode: 0 })
})

test('A172: an unknown word is answered with the usage, and 127', async () => {
  await using server = await start()
  await using stage = await shellOf(server)
  const { out, err, exitCode } = await stage.enter('help')
  expect([out, exitCode]).toEqual(['', 127])
  const lines = err.split('\n')
  expect(lines[0]).toBe('ZooKeeper -server host:port -client-configuration properties-file cmd args')
  expect(lines).toHaveLength(31)
  expect(lines).toContain('\tset path data [-s] [-v version] [-b]')
  expect(lines).toContain('\twhoami ')
  expect(err).toMatch(/Command not found: Command not found help\n$/)
})

test('a person is told of the commands that only this shell has, and each is explained', async () => {
  await using server = await start()
  await using stage = await shellOf(server, { isInteractive: true })
  expect((await stage.enter('frob')).err).toContain(
    'Only here: cp, diff, du, export, find, help, import, tree, watch; help and one of these explains it\n',
  )
  expect(await stage.ask('help export')).toBe(
    'export [-a] path [file]\n' +
      'Writes a subtree as JSON lines, to a file or to the output. Paths in it count from the top of the subtree.\n' +
      ' -a   with the access control lists\n',
  )
  expect((await stage.enter('help frob')).exitCode).toBe(127)
})

test('data goes in and comes out in base64 and as a table of bytes', async () => {
  await using server = await start()
  await using stage = await shellOf(server)
  await stage.enter('create /n')
  expect(await stage.enter('set /n -b dGVzdERhdGE=')).toEqual(NOTHING)
  expect(await stage.ask('get /n')).toBe('testData\n')
  expect(await stage.ask('get -b /n')).toBe('dGVzdERhdGE=\n')
  expect(await stage.ask('get -x /n')).toContain(
    '|00000000| 74 65 73 74 44 61 74 61                         |testData        |\n',
  )
  expect((await stage.enter('set /n -b x')).err).toMatch(/^x is not base64/)
})

test('A191: watches of each kind are removed by kind', async () => {
  await using server = await start()
  await using stage = await shellOf(server)
  await stage.enter('create /n')
  await stage.enter('addWatch -m persistent /n')
  await stage.enter('removewatches /n -p')
  await stage.told('PersistentWatchRemoved /n')
  await stage.enter('addWatch /n')
  expect((await stage.enter('removewatches /n -d')).err).toBe('KeeperErrorCode = No such watcher for /n\n')
  expect(await stage.enter('removewatches /n -r')).toEqual(NOTHING)
})

test('A179: a tree of any shape is deleted in batches of any size', async () => {
  await using server = await start()
  await using stage = await shellOf(server)
  await stage.enter('create /t')
  for (const path of ['/t/a', '/t/a/b', '/t/a/b/c', '/t/d', '/t/e', '/t/e/f']) await stage.enter(`create ${path}`)
  expect(await stage.enter('deleteall /t -b 2')).toEqual(NOTHING)
  expect(await stage.ask('ls /')).toBe('[zookeeper]\n')
})

test('with --json every answer is one value, and so is every failure', async () => {
  await using server = await start()
  await using stage = await shellOf(server)
  const json = async (line: string): Promise<unknown> => JSON.parse(await stage.ask(line))
  expect(await json('create --json /n grün')).toEqual({ path: '/n' })
  expect(await json('get /n --json')).toMatchObject({
    path: '/n',
    data: 'grün',
    encoding: 'utf8',
    stat: { version: 0, dataLength: 5 },
  })
  expect(await json('ls / --json')).toMatchObject({ children: ['n', 'zookeeper'] })
  expect(await json('ls -R / --json')).toEqual({ paths: ['/', '/n', '/zookeeper', '/zookeeper/config', '/zookeeper/quota'] })
  expect(await json('stat /n --json')).toMatchObject({ stat: { ephemeralOwner: '0x0' } })
  expect(await json('getAcl /n --json')).toMatchObject({ acl: [{ scheme: 'world', id: 'anyone', perms: 'cdrwa' }] })
  expect(await json('whoami --json')).toEqual({ identities: [{ scheme: 'ip', id: '127.0.0.1' }] })
  expect(await json('get /nope --json')).toEqual({
    error: { code: 'NO_NODE', message: 'Node does not exist: /nope', path: '/nope' },
  })
  expect(await json('frob --json')).toEqual({
    error: { code: 'NO_COMMAND', message: 'Command not found: Command not found frob', path: null },
  })
  expect(await json('getAllChildrenNumber / --json')).toEqual({ path: '/', count: 4 })
})

test('a shell that speaks JSON tells events as values, too', async () => {
  await using server = await start()
  await using stage = await shellOf(server, { isJson: true })
  await stage.enter('create /n')
  await stage.enter('get -w /n')
  const { out } = await stage.enter('set /n 1')
  const lines = out.trimEnd().split('\n')
  expect(lines.map((line) => Object.keys(JSON.parse(line) as object))).toContainEqual(['event'])
})

test('tree draws what find finds and du adds up', async () => {
  await using server = await start()
  await using stage = await shellOf(server)
  for (const line of ['create /t 12345', 'create /t/a 1', 'create /t/a/deep 123', 'create -e /t/b', 'create -c /t/box'])
    await stage.enter(line)
  expect(await stage.ask('tree /t')).toBe('/t\n├── a\n│   └── deep\n├── b\n└── box\n')
  expect(await stage.ask('tree -d 1 -s /t')).toBe('/t (5)\n├── a (1)\n├── b (0)\n└── box (0)\n')
  expect(await stage.ask('find -name d* /t')).toBe('/t/a/deep\n')
  expect(await stage.ask('find -type ephemeral')).toBe('/t/b\n')
  expect((await stage.enter('find -type big /t')).err).toBe('-type is persistent or ephemeral, not big\n')
  expect(await stage.ask('find -size +2 /t')).toBe('/t\n/t/a/deep\n')
  expect(await stage.ask('find -text 23 -size 3 /t')).toBe('/t/a/deep\n')
  expect(await stage.ask('du /t')).toBe(
    'nodes  bytes  path\n    5      9  /t\n    2      4  /t/a\n    1      0  /t/b\n    1      0  /t/box\n',
  )
  expect(await stage.ask('du -d 0 /t')).toBe('nodes  bytes  path\n    5      9  /t\n')
  expect((await stage.enter('find -size big /t')).err).toMatch(/^-size is a number/)
  await stage.enter('setAcl /t/a world:anyone:a')
  expect(await stage.enter('tree /t')).toEqual({
    out: '/t\n├── b\n└── box\n',
    err: 'skipped /t/a: Insufficient permission\n',
    exitCode: 0,
  })
})

test('cp copies a subtree to another server, and diff tells what is not the same', async () => {
  await using here = await start()
  await using there = await start()
  await using stage = await shellOf(here)
  const other = `zk://${serversOf(there)}`
  for (const line of [
    'create /app top',
    'create /app/empty ""',
    'create /app/none',
    'create -e /app/live x',
    'create -t 100000 /app/brief 1',
  ])
    await stage.enter(line)
  await stage.enter('setAcl /app/none world:anyone:rwa')
  expect(await stage.enter(`cp -r -a /app ${other}/copy`)).toEqual({
    out: 'Copied 4 nodes, left 1 ephemeral ones\n',
    err: 'skipped /app/live: it is ephemeral\n',
    exitCode: 0,
  })
  expect(await stage.enter(`diff -a /app ${other}/copy`)).toEqual({ out: '- /live\n', err: '', exitCode: 1 })
  await stage.enter('delete /app/live')
  expect(await stage.enter(`diff -a /app ${other}/copy`)).toEqual(NOTHING)
  await stage.enter('set /app/empty filled')
  await stage.enter('setAcl /app/none world:anyone:ra')
  expect((await stage.enter(`diff -a ${other}/copy /app`)).out).toBe('~ /empty (data)\n~ /none (acl)\n')
  expect((await stage.enter(`cp -r /app ${other}/copy`)).err).toBe('Node already exists: /copy\n')
  await stage.enter('setAcl /app/none world:anyone:cdrwa')
  expect((await stage.enter(`cp -r -f -a /app ${other}/copy`)).out).toBe('Copied 4 nodes\n')
  expect(await stage.enter(`diff -a /app ${other}/copy`)).toEqual(NOTHING)
  expect((await stage.enter('cp -r /app /app/inside')).err).toBe(
    '/app/inside lies in /app: a subtree cannot be copied into itself\n',
  )
})

test('a server that cannot be reached is named, with the reason', async () => {
  await using server = await start()
  await using stage = await shellOf(server)
  const nowhere = `127.0.0.1:${await freePort()}`
  expect((await stage.enter(`cp / zk://${nowhere}/x`)).err).toBe(
    `${nowhere} cannot be reached: ${nowhere}: connect ECONNREFUSED ${nowhere}\n`,
  )
})

test('what export writes import makes again', async () => {
  await using server = await start()
  await using stage = await shellOf(server)
  for (const line of ['create /app grün', 'create /app/none', 'create -c /app/box ""', 'create /app/bytes'])
    await stage.enter(line)
  await stage.enter('set -b /app/bytes /wA=')
  const lines = [
    '{"path":"/","data":"grün","encoding":"utf8"}',
    '{"path":"/box","data":"","encoding":"utf8"}',
    '{"path":"/bytes","data":"/wA=","encoding":"base64"}',
    '{"path":"/none","data":null,"encoding":null}',
  ]
  expect(await stage.ask('export /app')).toBe(`${lines.join('\n')}\n`)
  expect(await stage.ask('export -a /app app.jsonl')).toBe('Exported 4 nodes\n')
  expect(readFileSync(join(folder, 'app.jsonl'), 'utf8')).toContain('"acl":["world:anyone:cdrwa"]')
  expect(await stage.ask('import app.jsonl /again')).toBe('Imported 4 nodes\n')
  expect(await stage.enter('diff -a /app /again')).toEqual(NOTHING)
  expect((await stage.enter('import app.jsonl /again')).err).toBe('Node already exists: /again\n')
  expect(await stage.ask('import -f app.jsonl /again')).toBe('Imported 4 nodes\n')
})

test('a file that is no export is refused with the line and the reason', async () => {
  await using server = await start()
  await using stage = await shellOf(server)
  writeFileSync(join(folder, 'bad.jsonl'), '{"path":"/","data":"1"}\n\n{"path":"x"}\n')
  expect((await stage.enter('import bad.jsonl /t')).err).toBe(
    'bad.jsonl, line 3: path must be text that begins with /, not "x"\n',
  )
  expect((await stage.enter('import missing.jsonl /t')).err).toMatch(/^ENOENT: no such file/)
  expect((await stage.enter('export / no/such/folder')).err).toMatch(/^ENOENT: no such file/)
  expect((await stage.enter('export /nope some-file')).err).toBe('Node does not exist: /nope\n')
  expect((await stage.enter('import - /t')).err).toMatch(/^- is the input of this shell itself/)
})

test('watch shows a subtree and then each change, as often as was asked for', async () => {
  await using server = await start()
  await using stage = await shellOf(server)
  await using other = await shellOf(server)
  await stage.enter('create /t top')
  await stage.enter('create /t/a 1')
  const watching = stage.enter('watch -R -n 3 /t --json')
  await other.enter('getEphemerals')
  const seen = async (count: number): Promise<void> => {
    while (stage.printed.trimEnd().split('\n').length < count) await new Promise((resolve) => setImmediate(resolve))
  }
  await seen(2)
  await other.enter('set /t/a 2')
  await seen(3)
  await other.enter('create /t/b new')
  await seen(4)
  await other.enter('delete /t/a')
  const { out, exitCode } = await watching
  const lines = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; path: string; data?: string })
  expect(lines.map(({ type, path, data }) => [type, path, data])).toEqual([
    ['present', '/t', 'top'],
    ['present', '/t/a', '1'],
    ['changed', '/t/a', '2'],
    ['created', '/t/b', 'new'],
    ['deleted', '/t/a', undefined],
  ])
  expect(exitCode).toBe(0)
})

test('Ctrl-C ends a watch, and that is no failure', async () => {
  await using server = await start()
  await using stage = await shellOf(server)
  const watching = stage.enter('watch /nothing-yet')
  while (stage.printed === '') await new Promise((resolve) => setImmediate(resolve))
  stage.shell.interrupt()
  expect(await watching).toMatchObject({ err: '', exitCode: 0 })
  expect(await stage.ask('ls /')).toBe('[zookeeper]\n')
})
