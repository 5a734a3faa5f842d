// Every word against the exact text that Apache's server gives in the same state; the texts were captured from one.

import { expect, test } from 'vitest'
import { answer, extraByteCount, lookupWord, WORDS } from '../../src/admin/four-letter-words.ts'
import { Whitelist } from '../../src/admin/whitelist.ts'
import type { Word } from '../../src/admin/word.ts'
import { SERVER_VERSION, VERSION_TEXT } from '../../src/version.ts'
import { recordTraffic } from '../metrics/record-traffic.ts'
import { askingConnection, FakeServerView, fakeConnection } from './fake-server-view.ts'

const NOTHING = new Uint8Array(0)

test('A199: a word is recognised by the first four bytes, lower-case only', () => {
  for (const name of 'conf cons crst dirs dump envi gtmk hash isro mntr reqs ruok srst srvr stat stmk wchc wchp wchs'.split(
    ' ',
  )) {
    expect(lookupWord(codeOf(name))?.name).toBe(name)
  }
  expect(lookupWord(codeOf('RUOK'))).toBeNull()
  expect(lookupWord(codeOf('kill'))).toBeNull()
  expect(lookupWord(44)).toBeNull()
  expect(lookupWord(0)).toBeNull()
  expect(lookupWord(-1)).toBeNull()
})

test('a word is recognised as a signed and as an unsigned number', () => {
  expect(lookupWord(0xfff4fffd)?.name).toBe('telnet close')
  expect(lookupWord(0xfff4fffd | 0)?.name).toBe('telnet close')
})

test('A199: a word that is not in the whitelist is refused by name, with a line end', () => {
  const view = new FakeServerView()
  view.whitelist = new Whitelist(null, false)
  expect(ask(view, 'wchp')).toBe('wchp is not executed because it is not in the whitelist.\n')
  expect(ask(view, 'reqs')).toBe('reqs is not executed because it is not in the whitelist.\n')
  expect(ask(view, 'srvr')).toContain('Zookeeper version: ')
})

test('a refused word is refused even while the server does not serve', () => {
  const view = new FakeServerView()
  view.whitelist = new Whitelist(null, false)
  view.servingState = 'not serving'
  expect(ask(view, 'stat')).toBe('stat is not executed because it is not in the whitelist.\n')
})

test('the bytes with which telnet breaks off are answered with nothing, whatever the whitelist says', () => {
  const view = new FakeServerView()
  view.whitelist = new Whitelist(null, false)
  expect(answer(found(0xfff4fffd), view, NOTHING)).toBe('')
})

test.each('conf cons crst dirs dump mntr reqs srst srvr stat wchc wchp wchs'.split(' '))(
  '%s says that the server does not serve',
  (name) => {
    const view = new FakeServerView()
    view.servingState = 'not serving'
    expect(ask(view, name)).toBe('This ZooKeeper instance is not currently serving requests\n')
  },
)

test('hash says it without a line end', () => {
  const view = new FakeServerView()
  view.servingState = 'not serving'
  expect(ask(view, 'hash')).toBe('This ZooKeeper instance is not currently serving requests')
})

test('ruok, gtmk, stmk and envi answer while the server does not serve, and isro says null', () => {
  const view = new FakeServerView()
  view.servingState = 'not serving'
  expect(ask(view, 'ruok')).toBe('imok')
  expect(ask(view, 'gtmk')).toBe('306')
  expect(ask(view, 'stmk', Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 6))).toBe('6')
  expect(ask(view, 'envi')).toMatch(/^Environment:\n/)
  expect(ask(view, 'isro')).toBe('null')
})

test('resets that are refused or come while the server does not serve change nothing', () => {
  const view = new FakeServerView()
  view.metrics.connections.packetsReceived = 5
  view.servingState = 'not serving'
  ask(view, 'srst')
  ask(view, 'crst')
  view.servingState = 'serving'
  view.whitelist = new Whitelist(null, false)
  ask(view, 'srst')
  ask(view, 'crst')
  expect(view.metrics.connections.packetsReceived).toBe(5)
  expect(view.connectionResets).toBe(0)
})

test('A205: ruok is answered with imok and no line end', () => {
  expect(ask(new FakeServerView(), 'ruok')).toBe('imok')
})

test('isro tells a server that is read-only from one that is not', () => {
  const view = new FakeServerView()
  expect(ask(view, 'isro')).toBe('rw')
  view.servingState = 'read-only'
  expect(ask(view, 'isro')).toBe('ro')
})

test('stmk sets the mask to eight big-endian bytes, sign included, and gtmk shows it', () => {
  const view = new FakeServerView()
  const word = found(codeOf('stmk'))
  expect(extraByteCount(word, view)).toBe(8)
  expect(answer(word, view, Uint8Array.of(0, 0, 0, 0, 0, 0, 1, 0x36, 0x0a))).toBe('310')
  expect(view.traceMask).toBe(310n)
  expect(ask(view, 'gtmk')).toBe('310')
  expect(answer(word, view, Uint8Array.of(0xff, 0xff, 0, 0, 0, 0, 0, 6))).toBe('-281474976710650')
})

test('stmk reads its bytes where the array has them, not from the start of the buffer behind it', () => {
  const view = new FakeServerView()
  const received = Uint8Array.of(0x73, 0x74, 0x6d, 0x6b, 0, 0, 0, 0, 0, 0, 0, 9)
  expect(answer(found(codeOf('stmk')), view, received.subarray(4))).toBe('9')
})

test('stmk with fewer than eight bytes changes nothing and is answered with nothing', () => {
  const view = new FakeServerView()
  expect(ask(view, 'stmk', new Uint8Array(7))).toBe('')
  expect(view.traceMask).toBe(306n)
})

test('no bytes are waited for when the word will be refused, nor for any other word', () => {
  const view = new FakeServerView()
  for (const word of WORDS) if (word.name !== 'stmk') expect(extraByteCount(word, view), word.name).toBe(0)
  view.whitelist = new Whitelist(null, false)
  expect(extraByteCount(found(codeOf('stmk')), view)).toBe(0)
})

test('crst clears the counters of the connections', () => {
  const view = new FakeServerView()
  expect(ask(view, 'crst')).toBe('Connection stats reset.\n')
  expect(view.connectionResets).toBe(1)
})

test('srst clears latency, packets and sizes of replies, and nothing else', () => {
  const view = busyView()
  view.metrics.connections.bytesReceived = 77
  expect(ask(view, 'srst')).toBe('Server stats reset.\n')
  expect(ask(view, 'srvr')).toBe(
    lines(
      `Zookeeper version: ${VERSION_TEXT}`,
      'Latency min/avg/max: 0/0.0/0',
      'Received: 0',
      'Sent: 0',
      'Connections: 2',
      'Outstanding: 0',
      'Zxid: 0x70',
      'Mode: standalone',
      'Node count: 21',
    ),
  )
  expect(view.metrics.connections.bytesReceived).toBe(77)
})

test('srvr shows version, latency, packets, connections, zxid, mode and the number of nodes', () => {
  expect(ask(busyView(), 'srvr')).toBe(
    lines(
      `Zookeeper version: ${VERSION_TEXT}`,
      'Latency min/avg/max: 0/2.3333/5',
      'Received: 259',
      'Sent: 262',
      'Connections: 2',
      'Outstanding: 0',
      'Zxid: 0x70',
      'Mode: standalone',
      'Node count: 21',
    ),
  )
})

test('srvr of a leader has a line about its proposals, -1 before the first', () => {
  const view = busyView()
  view.mode = 'leader'
  view.lastZxid = 0x100000004
  expect(ask(view, 'srvr')).toContain('Zxid: 0x100000004\nMode: leader\nNode count: 21\nProposal sizes last/min/max: -1/-1/-1\n')
  for (const size of [60, 48, 92]) view.metrics.quorum.proposalSizes.record(size)
  expect(ask(view, 'srvr')).toMatch(/Proposal sizes last\/min\/max: 92\/48\/92\n$/)
})

test('A206: stat shows the clients between the version and the state', () => {
  const view = busyView()
  view.connectionList = [fakeConnection(), askingConnection]
  expect(ask(view, 'stat')).toBe(
    lines(
      `Zookeeper version: ${VERSION_TEXT}`,
      'Clients:',
      ' /127.0.0.1:41680[1](queued=0,recved=8,sent=8)',
      ' /127.0.0.1:42980[0](queued=0,recved=1,sent=0)',
      '',
      'Latency min/avg/max: 0/2.3333/5',
      'Received: 259',
      'Sent: 262',
      'Connections: 2',
      'Outstanding: 0',
      'Zxid: 0x70',
      'Mode: standalone',
      'Node count: 21',
    ),
  )
})

test('srvr and stat of a read-only server say so on the second line', () => {
  const view = busyView()
  view.servingState = 'read-only'
  view.mode = 'read-only'
  const start = `Zookeeper version: ${VERSION_TEXT}\nREAD-ONLY mode; serving only read-only clients\n`
  expect(ask(view, 'srvr')).toMatch(/\nMode: read-only\n/)
  expect(ask(view, 'srvr').startsWith(`${start}Latency`)).toBe(true)
  expect(ask(view, 'stat').startsWith(`${start}Clients:\n`)).toBe(true)
})

test('A201: cons shows a line for each connection, with what the session did last', () => {
  const view = new FakeServerView()
  view.connectionList = [fakeConnection(), askingConnection]
  expect(ask(view, 'cons')).toBe(
    lines(
      ' /127.0.0.1:41680[1](queued=0,recved=8,sent=8,sid=0x100000dfeea0010,lop=ADDW,est=1795190099470,to=30000,lcxid=0x7,lzxid=0x6f,lresp=1110519,llat=0,minlat=0,avglat=0,maxlat=2)',
      ' /127.0.0.1:42980[0](queued=0,recved=1,sent=0)',
      '',
    ),
  )
})

test('cons of a session that did nothing since crst has no cxid, and the zxid -1', () => {
  const view = new FakeServerView()
  const idle = { lastOpcode: null, lastCxid: -1, lastZxid: -1, lastResponseMs: 0, maxLatencyMs: 0 }
  view.connectionList = [{ ...fakeConnection(idle), packetsReceived: 0, packetsSent: 0 }]
  expect(ask(view, 'cons')).toBe(
    lines(
      ' /127.0.0.1:41680[1](queued=0,recved=0,sent=0,sid=0x100000dfeea0010,lop=NA,est=1795190099470,to=30000,lzxid=0xffffffffffffffff,lresp=0,llat=0,minlat=0,avglat=0,maxlat=0)',
      '',
    ),
  )
})

test('cons writes IPv6 addresses in full, interest in hexadecimal and session ids unsigned', () => {
  const view = new FakeServerView()
  view.connectionList = [{ ...fakeConnection({ id: -0x7f00000000000000n }), remoteAddress: '::1', interestOps: 5 }]
  expect(ask(view, 'cons')).toMatch(/^ \/\[0:0:0:0:0:0:0:1\]:41680\[5\]\(queued=0,recved=8,sent=8,sid=0x8100000000000000,/)
})

test('cons without connections is one empty line', () => {
  expect(ask(new FakeServerView(), 'cons')).toBe('\n')
})

test('A200: conf gives the configuration, tickTime and dataDir in it', () => {
  expect(ask(new FakeServerView(), 'conf')).toBe('clientPort=2181\ntickTime=2000\ndataDir=/var/lib/zk/version-2\n')
})

test('dirs shows the sizes of both directories', () => {
  expect(ask(new FakeServerView(), 'dirs')).toBe('datadir_size: 67109358\nlogdir_size: 67108880\n')
})

test('A203: envi keeps the keys and the order that scripts know', () => {
  expect(ask(new FakeServerView(), 'envi')).toBe(
    lines(
      'Environment:',
      `zookeeper.version=${VERSION_TEXT}`,
      'host.name=node-1.example.com',
      'java.version=20.20.2',
      'java.vendor=Node.js',
      'java.home=<NA>',
      'java.class.path=<NA>',
      'java.library.path=<NA>',
      'java.io.tmpdir=<NA>',
      'java.compiler=<NA>',
      'os.name=Linux',
      'os.arch=x64',
      'os.version=6.1.0',
      'user.name=keeper',
      'user.home=/home/keeper',
      'user.dir=/srv/keeper',
      'os.memory.free=107MB',
      'os.memory.max=256MB',
      'os.memory.total=128MB',
      'node.version=20.20.2',
    ),
  )
})

test('A202: dump shows sessions by expiry, ephemeral nodes and connections', () => {
  const view = new FakeServerView()
  view.expiry = {
    kind: 'tracker',
    local: null,
    global: [
      { expiresAtMs: 1_005_000, members: [0x100000dfeea000fn] },
      { expiresAtMs: 1_031_000, members: [] },
      { expiresAtMs: 1_033_000, members: [0x100000dfeea0010n] },
    ],
  }
  view.ephemerals = new Map([[0x100000dfeea0010n, ['/h-eph', '/h-eph2']]])
  view.connectionBuckets = [
    { expiresAtMs: 1_011_000, members: [] },
    { expiresAtMs: 1_021_000, members: [{ remoteAddress: '127.0.0.1', remotePort: 42996, sessionId: 0n }] },
    { expiresAtMs: 1_031_000, members: [{ remoteAddress: 'fe80::1', remotePort: 41680, sessionId: 0x100000dfeea0010n }] },
  ]
  expect(ask(view, 'dump')).toBe(
    lines(
      'SessionTracker dump:',
      'Session Sets (3)/(2):',
      '1 expire at Fri Nov 20 15:55:05 UTC 2026:',
      '\t0x100000dfeea000f',
      '0 expire at Fri Nov 20 15:55:31 UTC 2026:',
      '1 expire at Fri Nov 20 15:55:33 UTC 2026:',
      '\t0x100000dfeea0010',
      'ephemeral nodes dump:',
      'Sessions with Ephemerals (1):',
      '0x100000dfeea0010:',
      '\t/h-eph',
      '\t/h-eph2',
      'Connections dump:',
      'Connections Sets (3)/(2):',
      '0 expire at Fri Nov 20 15:55:11 UTC 2026:',
      '1 expire at Fri Nov 20 15:55:21 UTC 2026:',
      '\tip: /127.0.0.1:42996 sessionId: 0x0',
      '1 expire at Fri Nov 20 15:55:31 UTC 2026:',
      '\tip: /[fe80:0:0:0:0:0:0:1]:41680 sessionId: 0x100000dfeea0010',
    ),
  )
})

test('dump of an idle server has its titles and nothing below them', () => {
  expect(ask(new FakeServerView(), 'dump')).toBe(
    lines(
      'SessionTracker dump:',
      'Session Sets (0)/(0):',
      'ephemeral nodes dump:',
      'Sessions with Ephemerals (0):',
      'Connections dump:',
      'Connections Sets (0)/(0):',
    ),
  )
})

test('dump of a learner lists the timeouts of global sessions, after its local sessions', () => {
  const view = new FakeServerView()
  const global = [{ id: 0x400000e151d0000n, timeoutMs: 30000 }]
  view.expiry = { kind: 'learner', global, local: null }
  expect(ask(view, 'dump')).toMatch(
    /^SessionTracker dump:\nGlobal Sessions\(1\):\n0x400000e151d0000\t30000ms\nephemeral nodes dump:\n/,
  )
  view.expiry = { kind: 'learner', global, local: [{ expiresAtMs: 1_022_000, members: [0x10000150f1e0001n] }] }
  expect(ask(view, 'dump')).toMatch(
    /^SessionTracker dump:\nLocal Session Sets \(1\)\/\(1\):\n1 expire at Fri Nov 20 15:55:22 UTC 2026:\n\t0x10000150f1e0001\nGlobal Sessions\(1\):\n/,
  )
})

test('dump of a leader with local sessions names both kinds', () => {
  const view = new FakeServerView()
  view.expiry = {
    kind: 'tracker',
    local: [{ expiresAtMs: 1_022_000, members: [] }],
    global: [{ expiresAtMs: 1_022_000, members: [1n, 2n] }],
  }
  expect(ask(view, 'dump')).toMatch(
    /^SessionTracker dump:\nLocal Session Sets \(1\)\/\(0\):\n0 expire at .*:\nGlobal Session Sets \(1\)\/\(2\):\n2 expire at .*:\n\t0x1\n\t0x2\nephemeral/,
  )
})

test('A207: wchs shows the numbers of connections, paths and watches', () => {
  const view = new FakeServerView()
  view.totals = { connectionCount: 1, pathCount: 2, watchCount: 3 }
  expect(ask(view, 'wchs')).toBe('1 connections watching 2 paths\nTotal watches:3\n')
})

test('A208: wchc groups paths under sessions and ends with an empty line', () => {
  const view = new FakeServerView()
  expect(ask(view, 'wchc')).toBe('\n')
  view.watchedPaths = new Map([[0x100000dfeea0010n, ['/h-none', '/h1']]])
  expect(ask(view, 'wchc')).toBe('0x100000dfeea0010\n\t/h-none\n\t/h1\n\n')
})

test('A209: wchp groups sessions under paths and ends with an empty line', () => {
  const view = new FakeServerView()
  expect(ask(view, 'wchp')).toBe('\n')
  view.watchers = new Map([
    ['/h-none', [0x100000dfeea0010n]],
    ['/h1', [0x100000dfeea0010n]],
  ])
  expect(ask(view, 'wchp')).toBe('/h-none\n\t0x100000dfeea0010\n/h1\n\t0x100000dfeea0010\n\n')
})

test('hash shows the digests by zxid, oldest first, and nothing at first', () => {
  const view = new FakeServerView()
  expect(ask(view, 'hash')).toBe('')
  view.digests = [
    { zxid: 0x80, digest: 10970780714n },
    { zxid: 0x100000100, digest: 1371985504n },
  ]
  expect(ask(view, 'hash')).toBe('80: 10970780714\n100000100: 1371985504\n')
})

test('A204: reqs shows the requests that wait for their answer', () => {
  const view = new FakeServerView()
  expect(ask(view, 'reqs')).toBe('Outstanding requests: 0\n')
  view.requests = [
    { sessionId: 0x100000dfeea0010n, opcode: 1, cxid: 7, zxid: 0x6f, path: '/h1', ageMs: 12.4 },
    { sessionId: 0x100000dfeea0011n, opcode: 14, cxid: 1, zxid: 0, path: null, ageMs: 0 },
  ]
  expect(ask(view, 'reqs')).toBe(
    lines(
      'Outstanding requests: 2',
      'sid=0x100000dfeea0010,op=CREA,cxid=0x7,zxid=0x6f,age=12,path=/h1',
      'sid=0x100000dfeea0011,op=MULT,cxid=0x1,age=0',
    ),
  )
})

test('mntr begins with version and state, and prints a key, a tab and a value on each line', () => {
  const view = busyView()
  const text = ask(view, 'mntr')
  expect(text.startsWith(`zk_version\t${VERSION_TEXT}\nzk_server_state\tstandalone\nzk_avg_latency\t2.3333\n`)).toBe(true)
  expect(text.endsWith('\n')).toBe(true)
  for (const line of text.slice(0, -1).split('\n').slice(2)) expect(line).toMatch(/^zk_[A-Za-z0-9_.-]+\t-?[0-9]+(\.[0-9]+)?$/)
})

test('every line of mntr suits the pattern by which collectors take it apart', () => {
  const view = busyView()
  recordTraffic(view.metrics.requests.writeTraffic, '/my test/a', 10)
  const collected = ask(view, 'mntr')
    .trimEnd()
    .split('\n')
    .map((line) => /^zk_(\w[\w.-]*)\s+([\w.-]+)/.exec(line))
  expect(collected).not.toContain(null)
  expect(collected.find((match) => match?.[1] === 'version')?.[2]).toBe(`3.9.5-tskeeper.${SERVER_VERSION}`)
  expect(collected.find((match) => match?.[1] === 'avg_my_test_write_per_namespace')?.[2]).toBe('10.0')
})

test('mntr of a member of an ensemble shows what the peer does', () => {
  const view = busyView()
  view.mode = 'observer'
  view.peerState = 'observing - broadcast'
  view.observerMasterId = '2'
  expect(ask(view, 'mntr')).toMatch(
    /^.*\nzk_server_state\tobserver\nzk_peer_state\tobserving - broadcast\nzk_observer_master_id\t2\n/,
  )
})

function busyView(): FakeServerView {
  const view = new FakeServerView()
  for (const latencyMs of [0, 2, 5]) view.metrics.requests.latency.record(latencyMs)
  view.metrics.connections.packetsReceived = 259
  view.metrics.connections.packetsSent = 262
  view.metrics.requests.responseSizes.record(20)
  view.readings.aliveConnectionCount = 2
  view.readings.znodeCount = 21
  view.lastZxid = 0x70
  return view
}

function ask(view: FakeServerView, name: string, extra: Uint8Array = NOTHING): string {
  return answer(found(codeOf(name)), view, extra)
}

function found(code: number): Word {
  const word = lookupWord(code)
  if (word === null) throw new Error(`no word has the code ${code}`)
  return word
}

function codeOf(name: string): number {
  return Buffer.from(name, 'latin1').readInt32BE(0)
}

function lines(...text: string[]): string {
  return text.map((line) => `${line}\n`).join('')
}
