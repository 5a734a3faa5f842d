// Four-letter words as scripts ask them: over a socket, whole or in pieces, from clients that close their side or do not.

import { expect, test } from 'vitest'
import { RawCreateMode } from '../support/raw-client.ts'
import { ask } from './ask.ts'
import { HeldDisk } from './held-disk.ts'
import { until } from './outcomes.ts'
import { TestServer } from './test-server.ts'

const ALL_WORDS = 'conf cons crst dirs dump envi gtmk hash isro mntr reqs ruok srst srvr stat wchc wchp wchs'.split(' ')

function hex(id: bigint): string {
  return `0x${id.toString(16)}`
}

function mask(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigInt64(0, value)
  return bytes
}

test('A199 A205: a word is answered, with or without a line end behind it, to a client that closes its side or does not', async () => {
  await using server = await TestServer.start()
  const { port } = server
  for (const text of ['ruok', 'ruok\n', 'ruok\r\n', 'ruokruok', 'ruok and whatever comes behind it']) {
    expect(await ask(port, text)).toBe('imok')
    expect(await ask(port, text, { endsAfter: true })).toBe('imok')
  }
  expect(await ask(port, ['r', 'u', 'o', 'k'])).toBe('imok')
  expect(await ask(port, ['ru', 'ok\n'], { endsAfter: true })).toBe('imok')
})

test('A199: without a whitelist only srvr is answered, and every other word refused by name', async () => {
  await using server = await TestServer.start({ '4lw.commands.whitelist': '' })
  expect(await ask(server.port, 'srvr')).toMatch(/^Zookeeper version: .*\nLatency/)
  for (const word of [...ALL_WORDS, 'stmk'].filter((name) => name !== 'srvr')) {
    expect(await ask(server.port, word)).toBe(`${word} is not executed because it is not in the whitelist.\n`)
  }
})

test('A199: the whitelist names what is answered', async () => {
  await using server = await TestServer.start({ '4lw.commands.whitelist': 'stat, ruok,isro, nonsense' })
  expect(await ask(server.port, 'ruok')).toBe('imok')
  expect(await ask(server.port, 'isro')).toBe('rw')
  expect(await ask(server.port, 'stat')).toContain('Mode: standalone\n')
  expect(await ask(server.port, 'conf')).toBe('conf is not executed because it is not in the whitelist.\n')
})

test.each(['RUOK', 'kill', 'nope', 'r', 'ruo'])('%s is no word: the connection ends without an answer', async (text) => {
  await using server = await TestServer.start()
  expect(await ask(server.port, text, { endsAfter: true })).toBe('')
})

test('the bytes with which telnet breaks off end the connection without an answer', async () => {
  await using server = await TestServer.start({ '4lw.commands.whitelist': '' })
  expect(await ask(server.port, [Uint8Array.from([0xff, 0xf4, 0xff, 0xfd])])).toBe('')
})

test('a word behind the connect request is a length that no frame has', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  client.connection.sendBytes(Buffer.from('ruok'))
  const { bytesReceived } = client.connection
  await client.connection.waitForClose()
  expect(client.connection.bytesReceived).toBe(bytesReceived)
})

test('each word is answered to netcat, which closes its side behind the question', async () => {
  await using server = await TestServer.start()
  await server.connect()
  for (const word of ALL_WORDS) {
    const answer = await ask(server.port, `${word}\n`, { endsAfter: true })
    if (word !== 'hash') expect([word, answer]).not.toEqual([word, ''])
  }
})

test('stmk sets the trace mask to its eight bytes, and gtmk tells it', async () => {
  await using server = await TestServer.start()
  expect(await ask(server.port, 'gtmk')).toBe('306')
  expect(await ask(server.port, [Buffer.concat([Buffer.from('stmk'), mask(2n)])])).toBe('2')
  expect(await ask(server.port, 'gtmk')).toBe('2')
})

test('stmk waits for its eight bytes, in however many packets they come', async () => {
  await using server = await TestServer.start()
  const bytes = mask(-3n)
  expect(await ask(server.port, ['stmk', bytes])).toBe('-3')
  expect(await ask(server.port, 'gtmk')).toBe('-3')
  const pieces = [...Buffer.concat([Buffer.from('stmk'), mask(77n)])].map((byte) => Uint8Array.of(byte))
  expect(await ask(server.port, pieces)).toBe('77')
  expect(await ask(server.port, ['st', 'mk', mask(78n).subarray(0, 3), mask(78n).subarray(3)], { endsAfter: true })).toBe('78')
  expect(await ask(server.port, ['stmk', Buffer.concat([mask(79n), Buffer.from('surplus')])])).toBe('79')
})

test('stmk whose bytes never come changes nothing and is answered with nothing', async () => {
  await using server = await TestServer.start()
  expect(await ask(server.port, ['stmk', mask(5n).subarray(0, 7)], { endsAfter: true })).toBe('')
  expect(await ask(server.port, 'stmk', { endsAfter: true })).toBe('')
  expect(await ask(server.port, 'gtmk')).toBe('306')
})

test('stmk that is not allowed is refused at once: nothing is waited for', async () => {
  await using server = await TestServer.start({ '4lw.commands.whitelist': 'gtmk' })
  expect(await ask(server.port, 'stmk')).toBe('stmk is not executed because it is not in the whitelist.\n')
})

test('A200: conf tells the configuration that is in force', async () => {
  await using server = await TestServer.start({ tickTime: 1234, maxClientCnxns: 17, minSessionTimeout: 3000 })
  const lines = (await ask(server.port, 'conf')).split('\n')
  expect(lines).toContain(`clientPort=${server.port}`)
  expect(lines).toContain('tickTime=1234')
  expect(lines).toContain(`dataDir=${server.dataFolder}`)
  expect(lines).toContain(`dataLogDir=${server.dataFolder}`)
  expect(lines).toContain('maxClientCnxns=17')
  expect(lines).toContain('minSessionTimeout=3000')
  expect(lines).toContain('maxSessionTimeout=24680')
  expect(lines).toContain('serverId=0')
})

test('A201: cons shows each connection with what its session did last, and the asking one without a session', async () => {
  await using server = await TestServer.start({ tickTime: 3000 })
  const client = await server.connect({ timeoutMs: 30_000, pingIntervalMs: 0 })
  await client.create('/a')
  await client.getChildren('/a')
  const answer = await ask(server.port, 'cons')
  const [first, second, third, fourth] = answer.split('\n')
  const clientPort = client.connection.socket.localPort
  expect(first).toMatch(
    new RegExp(
      `^ /127\\.0\\.0\\.1:${clientPort}\\[1\\]\\(queued=0,recved=3,sent=3,sid=${hex(client.sessionId)},lop=GETC,est=\\d{13},to=30000,` +
        'lcxid=0x2,lzxid=0x2,lresp=\\d+,llat=\\d+,minlat=\\d+,avglat=\\d+,maxlat=\\d+\\)$',
    ),
  )
  expect(second).toMatch(/^ \/127\.0\.0\.1:\d+\[0\]\(queued=0,recved=1,sent=0\)$/)
  expect([third, fourth]).toEqual(['', ''])
})

test('A202: dump shows sessions, their ephemeral nodes and the connections', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  const other = await server.connect()
  await client.create('/e', null, RawCreateMode.ephemeral)
  await client.create('/e2', null, RawCreateMode.ephemeral)
  await other.create('/not-ephemeral')
  const answer = await ask(server.port, 'dump')
  expect(answer).toMatch(/^SessionTracker dump:\nSession Sets \(\d+\)\/\(2\):\n/)
  expect(answer).toContain(`\t${hex(client.sessionId)}\n`)
  expect(answer).toContain(`\t${hex(other.sessionId)}\n`)
  expect(answer).toContain(`Sessions with Ephemerals (1):\n${hex(client.sessionId)}:\n\t/e\n\t/e2\n`)
  expect(answer).toMatch(/\nConnections dump:\nConnections Sets \(\d+\)\/\(3\):\n/)
  expect(answer).toContain(`\tip: /127.0.0.1:${other.connection.socket.localPort} sessionId: ${hex(other.sessionId)}\n`)
})

test('A203: envi shows the environment', async () => {
  await using server = await TestServer.start()
  const answer = await ask(server.port, 'envi')
  expect(answer).toMatch(/^Environment:\nzookeeper\.version=/)
  expect(answer).toContain(`\nuser.dir=${process.cwd()}\n`)
})

test('A206: srvr and stat count what they are asked about', async () => {
  await using server = await TestServer.start()
  const client = await server.connect({ pingIntervalMs: 0 })
  await client.create('/a')
  const srvr = await ask(server.port, 'srvr')
  // Connect, create and the word itself came in; two replies went out.
  expect(srvr).toMatch(/^Received: 3\nSent: 2\nConnections: 2\nOutstanding: 0\nZxid: 0x2\nMode: standalone\nNode count: 6\n$/m)
  expect(srvr).toMatch(/^Latency min\/avg\/max: \d+\/\d+\.\d+\/\d+$/m)
  const stat = await ask(server.port, 'stat')
  const clientPort = client.connection.socket.localPort
  expect(stat).toContain(`\nClients:\n /127.0.0.1:${clientPort}[1](queued=0,recved=2,sent=2)\n /127.0.0.1:`)
  expect(stat).toContain('\n\nLatency min/avg/max: ')
  expect(await ask(server.port, 'srst')).toBe('Server stats reset.\n')
  expect(await ask(server.port, 'crst')).toBe('Connection stats reset.\n')
  expect(await ask(server.port, 'srvr')).toContain('\nReceived: 2\nSent: 2\n')
})

test('A207 A208 A209: wchs, wchc and wchp show who watches what', async () => {
  await using server = await TestServer.start()
  expect(await ask(server.port, 'wchs')).toBe('0 connections watching 0 paths\nTotal watches:0\n')
  expect(await ask(server.port, 'wchc')).toBe('\n')
  const client = await server.connect()
  const other = await server.connect()
  await client.create('/a')
  await client.getData('/a', true)
  await client.exists('/none', true)
  // Watches on children are not shown.
  await client.getChildren('/', true)
  await other.exists('/a', true)
  expect(await ask(server.port, 'wchs')).toBe('2 connections watching 2 paths\nTotal watches:3\n')
  const [first, second] = [hex(client.sessionId), hex(other.sessionId)]
  expect(await ask(server.port, 'wchc')).toBe(`${first}\n\t/a\n\t/none\n${second}\n\t/a\n\n`)
  expect(await ask(server.port, 'wchp')).toBe(`/a\n\t${first}\n\t${second}\n/none\n\t${first}\n\n`)
  expect(await ask(server.port, 'mntr')).toMatch(/^zk_watch_count\t4$/m)
  other.destroy()
  await until(async () => (await ask(server.port, 'wchs')).startsWith('1 connections'), 'the end of the watches')
  expect(await ask(server.port, 'wchs')).toBe('1 connections watching 2 paths\nTotal watches:2\n')
})

test('A199: an answer of megabytes arrives whole, also at a client that has closed its side', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  const prefix = `/${'p'.repeat(2000)}`
  await Promise.all(Array.from({ length: 2000 }, (_, index) => client.exists(`${prefix}${index}`, true)))
  const answer = await ask(server.port, 'wchc\n', { endsAfter: true })
  const lines = answer.split('\n')
  expect([lines[0], lines.length]).toEqual([hex(client.sessionId), 1 + 2000 + 2])
  // Paths come in no particular order.
  expect(new Set(lines.slice(1, -2))).toEqual(new Set(Array.from({ length: 2000 }, (_, index) => `\t${prefix}${index}`)))
})

test('hash shows the digest of every 128th transaction', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/a')
  await Promise.all(Array.from({ length: 300 }, () => client.setData('/a', 'x')))
  expect(await ask(server.port, 'hash')).toMatch(/^80: \d+\n100: \d+\n$/)
})

test('A204: reqs shows writes that are on their way', async () => {
  const disk = new HeldDisk()
  await using server = await TestServer.start({}, { runtime: { disk } })
  const client = await server.connect()
  expect(await ask(server.port, 'reqs')).toBe('Outstanding requests: 0\n')
  disk.hold()
  const created = client.create('/a')
  await until(() => disk.heldCount > 0, 'the sync of the write')
  expect(await ask(server.port, 'reqs')).toMatch(
    new RegExp(`^Outstanding requests: 1\nsid=${hex(client.sessionId)},op=CREA,cxid=0x1,zxid=0x2,age=\\d+`),
  )
  disk.release()
  await created
  expect(await ask(server.port, 'reqs')).toBe('Outstanding requests: 0\n')
})
