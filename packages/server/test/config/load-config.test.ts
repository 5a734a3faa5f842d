import { expect, test } from 'vitest'
import { ownMember } from '../../src/config/own-member.ts'
import { linesAt, load, loadPath, loadProperties, refusal } from './sources.ts'

const MINIMAL = 'dataDir=/var/lib/zookeeper\nclientPort=2181\n'
const ENSEMBLE = `${MINIMAL}initLimit=5\nsyncLimit=2\nserver.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2\n`
const MYID = '/var/lib/zookeeper/myid'

const SAMPLE = `# The number of milliseconds of each tick
tickTime=2000
# ticks for the first synchronization
initLimit=10
# ticks of silence
syncLimit=5
# do not use /tmp for real
dataDir=/tmp/zookeeper
clientPort=2181
#maxClientCnxns=60
#autopurge.snapRetainCount=3
`

test('A137: the sample file is read', () => {
  const { config } = load(SAMPLE)
  expect(config).toMatchObject({
    tickTimeMs: 2000,
    initLimit: 10,
    syncLimit: 5,
    clientPort: 2181,
    dataDir: '/tmp/zookeeper',
    maxClientCnxns: 60,
  })
  expect(config).toMatchObject({ configPath: '/srv/conf/zoo.cfg', configText: SAMPLE, isDistributed: false, membership: null })
})

test('A138: tickTime is taken, and session timeouts follow it', () => {
  expect(load(`${MINIMAL}tickTime=500\n`).config).toMatchObject({
    tickTimeMs: 500,
    minSessionTimeoutMs: 1000,
    maxSessionTimeoutMs: 10000,
  })
  expect(load(MINIMAL).config).toMatchObject({ tickTimeMs: 3000, minSessionTimeoutMs: 6000, maxSessionTimeoutMs: 60000 })
})

test('A139, A140: initLimit and syncLimit are taken', () => {
  expect(load(`${MINIMAL}initLimit=10\nsyncLimit=5\n`).config).toMatchObject({ initLimit: 10, syncLimit: 5 })
})

test('A141: a data directory below /tmp is warned about', () => {
  expect(linesAt(load(SAMPLE).log, 'warn')).toEqual([expect.stringContaining('/tmp/zookeeper is below /tmp')])
  expect(linesAt(load(MINIMAL).log, 'warn')).toEqual([])
})

test('A142: clientPort is taken and its address logged', () => {
  const { config, log } = load(`${MINIMAL}clientPortAddress=127.0.0.1\n`)
  expect(config).toMatchObject({ clientPort: 2181, clientPortAddress: '127.0.0.1' })
  expect(linesAt(log, 'info')).toContain('clientPortAddress is 127.0.0.1:2181')
})

test('A142: without an address, and with 0.0.0.0, every address is meant', () => {
  expect(load(MINIMAL).config.clientPortAddress).toBe('')
  expect(load(`${MINIMAL}clientPortAddress=0.0.0.0\n`).config.clientPortAddress).toBe('')
  expect(linesAt(load(MINIMAL).log, 'info')).toContain('clientPortAddress is 0.0.0.0:2181')
})

test('without clientPort, and with 0, there is no listener', () => {
  expect(load('dataDir=/d\n').config.clientPort).toBeNull()
  expect(load('dataDir=/d\nclientPort=0\n').config.clientPort).toBeNull()
})

test('A143: maxClientCnxns is taken', () => {
  expect(load(`${MINIMAL}maxClientCnxns=7\n`).config.maxClientCnxns).toBe(7)
})

test('A144: autopurge.snapRetainCount below 3 is raised to 3 with a warning', () => {
  const { config, log } = load(`${MINIMAL}autopurge.snapRetainCount=1\n`)
  expect(config.autopurgeSnapRetainCount).toBe(3)
  expect(linesAt(log, 'warn')).toEqual(['Invalid autopurge.snapRetainCount: 1. Defaulting to 3'])
  expect(load(`${MINIMAL}autopurge.snapRetainCount=5\n`).config.autopurgeSnapRetainCount).toBe(5)
})

test('A145: autopurge.purgeInterval is hours, 0 by default', () => {
  expect(load(`${MINIMAL}autopurge.purgeInterval=1\n`).config.autopurgePurgeIntervalHours).toBe(1)
  expect(load(MINIMAL).config.autopurgePurgeIntervalHours).toBe(0)
})

test('A146: dataLogDir is apart from dataDir when it is set, and the same otherwise', () => {
  expect(load(`${MINIMAL}dataLogDir=/log\n`).config).toMatchObject({ dataDir: '/var/lib/zookeeper', dataLogDir: '/log' })
  expect(load(MINIMAL).config.dataLogDir).toBe('/var/lib/zookeeper')
})

test('A147: more than one voting server make an ensemble', () => {
  const { config } = load(`${ENSEMBLE}server.4=d:1:2:observer;2181\n`, { files: { [MYID]: '4\n' } })
  expect(config).toMatchObject({ isDistributed: true, myId: 4, peerRole: 'observer' })
  expect([...(config.membership?.members.keys() ?? [])]).toEqual([1, 2, 3, 4])
})

test('A148: an ensemble without myid is refused with exit code 2', () => {
  const { exitCode, cause } = refusal(() => load(ENSEMBLE))
  expect(exitCode).toBe(2)
  expect(cause).toBe(
    'myid file is missing: write the id of this server, the N of its line server.N, into /var/lib/zookeeper/myid',
  )
})

test('A148: a server of its own needs no myid', () => {
  expect(load(MINIMAL).config.myId).toBeNull()
})

test('A149: id 0 is good when there is a server.0', () => {
  const { config } = load(`${ENSEMBLE}server.0=z:1:2\n`, { files: { [MYID]: '0' } })
  expect(ownMember(config).addresses[0]?.host).toBe('z')
})

test('A149: an id without a line is refused when the server looks for itself', () => {
  const { config } = load(ENSEMBLE, { files: { [MYID]: '9' } })
  expect(refusal(() => ownMember(config))).toMatchObject({
    exitCode: 1,
    message: 'My id 9 not in the peer list: /var/lib/zookeeper/myid must hold one of 1, 2, 3',
  })
})

test('A150, A151: each of three servers on one host has its own ports and directories', () => {
  const servers = 'server.1=localhost:2287:3387\nserver.2=localhost:2288:3388\nserver.3=localhost:2289:3389\n'
  const configs = [1, 2, 3].map((id) => {
    const text = `tickTime=2000\ninitLimit=10\nsyncLimit=5\ndataDir=/zk${id}/data\nclientPort=${2181 + id}\ndataLogDir=/zk${id}/logs\n\n${servers}`
    return load(text, { files: { [`/zk${id}/data/myid`]: `${id}\n` } }).config
  })
  expect(configs.map((config) => config.clientPort)).toEqual([2182, 2183, 2184])
  expect(configs.map((config) => config.dataLogDir)).toEqual(['/zk1/logs', '/zk2/logs', '/zk3/logs'])
  expect(configs.map((config) => ownMember(config).addresses[0]?.electionPort)).toEqual([3387, 3388, 3389])
  expect(configs.every((config) => config.isDistributed)).toBe(true)
})

// The texts that Apache's server gives as the cause, each with exit code 2.
test.each<[string, string]>([
  ['dataDir=/d\nclientPort=abc', 'For input string: "abc"'],
  ['dataDir=/d\nmaxClientCnxns=2 # x', 'For input string: "2 # x"'],
  ['dataDir=/d\ntickTime=', 'For input string: ""'],
  ['dataDir=/d\ntickTime=99999999999', 'For input string: "99999999999"'],
  ['dataDir=/d\ntickTime=2.5', 'For input string: "2.5"'],
  ['dataDir=/d\ntickTime=0x10', 'For input string: "0x10"'],
  ['clientPort=2181', 'dataDir is not set'],
  ['dataDir=', 'dataDir is not set'],
  ['dataDir=/d\ntickTime=0', 'tickTime is not set'],
  ['dataDir=/d\nminSessionTimeout=5000\nmaxSessionTimeout=4000', 'minSessionTimeout must not be larger than maxSessionTimeout'],
  ['dataDir=/d\ntickTime=2000\nmaxSessionTimeout=3000', 'minSessionTimeout must not be larger than maxSessionTimeout'],
  ['dataDir=/d\nsyncEnabled=yes', "Invalid option yes for syncEnabled. Choose 'true' or 'false.'"],
  ['dataDir=/d\nreconfigEnabled=1', "Invalid option 1 for reconfigEnabled. Choose 'true' or 'false.'"],
  ['dataDir=/d\nlocalSessionsEnabled=', "Invalid option  for localSessionsEnabled. Choose 'true' or 'false.'"],
  ['dataDir=/d\nelectionAlg=2', 'Invalid electionAlg value. Only 3 is supported.'],
  ['dataDir=/d\npeerType=foo', 'Unrecognised peertype: foo'],
  ['dataDir=/d\nclientPortAddress=127.0.0.1', 'clientPortAddress is set but clientPort is not set'],
  ['dataDir=/d\nsecureClientPortAddress=127.0.0.1', 'secureClientPortAddress is set but secureClientPort is not set'],
  ['dataDir=/d\nclientPort=70000', 'port out of range:70000'],
  [
    'dataDir=/d\nquorum.auth.serverRequireSasl=true',
    'quorum.auth.enableSasl is disabled, so cannot enable quorum.auth.serverRequireSasl',
  ],
  [
    'dataDir=/d\nquorum.auth.learnerRequireSasl=true',
    'quorum.auth.enableSasl is disabled, so cannot enable quorum.auth.learnerRequireSasl',
  ],
  [
    'dataDir=/d\nquorum.auth.enableSasl=true\nquorum.auth.serverRequireSasl=true',
    'quorum.auth.learnerRequireSasl is disabled, so cannot enable quorum.auth.serverRequireSasl',
  ],
  ['dataDir=/d\nmetricsProvider.className=foo.Bar', 'metrics provider class was not found'],
  ['dataDir=/d\nfoo=\\u00zz', 'Malformed \\uxxxx encoding.'],
  ['dataDir=/d\nstandaloneEnabled=false', 'standaloneEnabled = false then number of participants should be >0'],
  ['dataDir=/d\nserver.1=a:1:2:observer', 'Observers w/o participants is an invalid configuration'],
  ['dataDir=/d\nserver.1=a:1:2:observer\nserver.2=b:1:2', 'Observers w/o quorum is an invalid configuration'],
  ['dataDir=/d\nserver.1=a:1:2\nserver.2=b:1:2\nsyncLimit=5', 'initLimit is not set'],
  ['dataDir=/d\nserver.1=a:1:2\nserver.2=b:1:2\ninitLimit=5', 'syncLimit is not set'],
  ['dataDir=/d\nserver.1=a:1:2\nserver.2=b:1:2\ninitLimit=5\nsyncLimit=5', 'myid file is missing'],
  ['dataDir=/d\nserver.1=a:1', 'a:1 does not have the form server_config or server_config;client_config where'],
  ['dataDir=/d\nserver.1=127.0.0.1:x:2', 'Address unresolved: 127.0.0.1:x'],
  ['dataDir=/d\nserver.x=127.0.0.1:1:2', 'For input string: "x"'],
  ['dataDir=/d\nserver.1=a:2:2', 'Client and election port must be different! Please update the configuration file on server.1'],
  ['dataDir=/d\nserver.1=a:1:2|b:1:2', 'Multiple address feature is disabled, but multiple addresses were specified for sid 1'],
  ['dataDir=/d\nserver.1=a:1:2\ngroup.1=1\ngroup.2=1', 'Server 1is in multiple groups'],
])('exit code 2 for %j: %s', (text, cause) => {
  const refused = refusal(() => load(text))
  expect(refused).toMatchObject({ exitCode: 2, message: 'Error processing /srv/conf/zoo.cfg' })
  expect(refused.cause.slice(0, cause.length)).toBe(cause)
  // The words that people know are followed by what would be right.
  expect(refused.cause.length).toBeGreaterThan(cause.length + 10)
})

// Settings that Apache reads as system properties; it ignores most mistakes in them, this server does not.
test.each<[string, string]>([
  [
    'dataDir=/d\nsnapCount=many',
    'For input string: "many": snapCount=many in /srv/conf/zoo.cfg must be a whole number (transactions), for example snapCount=100000',
  ],
  [
    'dataDir=/d\npreAllocSize=0',
    'preAllocSize is out of range: preAllocSize=0 in /srv/conf/zoo.cfg must be a whole number of at least 1 (KiB), for example preAllocSize=65536',
  ],
  ['dataDir=/d\nforceSync=true', "Invalid option true for forceSync. Choose 'yes' or 'no.': forceSync=true in /srv/conf/zoo.cfg"],
  [
    'dataDir=/d\nsnapshot.compression.method=zip',
    'Invalid option zip for snapshot.compression.method: snapshot.compression.method=zip in /srv/conf/zoo.cfg must be one of: gz, snappy, CHECKED',
  ],
  [
    'dataDir=/d\nsnapshotSizeFactor=big',
    'For input string: "big": snapshotSizeFactor=big in /srv/conf/zoo.cfg must be a number, for example 0.33',
  ],
  [
    'dataDir=/d\ncnxTimeout=soon',
    'For input string: "soon": cnxTimeout=soon in /srv/conf/zoo.cfg must be a whole number (ms), for example cnxTimeout=5000',
  ],
])('a value that makes no sense is refused by name, value and remedy: %j', (text, cause) => {
  expect(refusal(() => load(text))).toMatchObject({ exitCode: 2, cause })
})

test('a file that is not there is named', () => {
  expect(refusal(() => loadPath('/srv/conf/nope.cfg', {}))).toMatchObject({
    exitCode: 2,
    message: 'Error processing /srv/conf/nope.cfg',
    cause: expect.stringMatching(/^\/srv\/conf\/nope\.cfg file is missing/),
  })
})

test('a mistake in myid is refused, for a server of its own as well', () => {
  expect(refusal(() => load(MINIMAL, { files: { [MYID]: 'one\n' } })).cause).toMatch(/^serverid one is not a number/)
  expect(refusal(() => load(MINIMAL, { files: { [MYID]: '' } })).cause).toMatch(/^serverid {2}is not a number/)
})

test('only the first line of myid counts', () => {
  expect(load(MINIMAL, { files: { [MYID]: '7\nrest' } }).config.myId).toBe(7)
  expect(load(MINIMAL, { files: { [MYID]: '7\r\n' } }).config.myId).toBe(7)
})

test('relative paths start at the working directory and are warned about unless they begin with a dot', () => {
  const { config, log } = load('dataDir=data\ndataLogDir=./logs\n')
  expect(config).toMatchObject({ dataDir: '/srv/data', dataLogDir: '/srv/logs' })
  expect(linesAt(log, 'warn')).toEqual(["data is relative. Prepend ./ to indicate that you're sure!"])
})

test('a relative configuration path is warned about and found', () => {
  const given = { files: { '/srv/zoo.cfg': MINIMAL } }
  const { config, log } = loadPath('zoo.cfg', given)
  expect(log.lines.slice(0, 2)).toEqual([
    'info Reading configuration from: zoo.cfg',
    "warn zoo.cfg is relative. Prepend ./ to indicate that you're sure!",
  ])
  expect(config.configPath).toBe('/srv/zoo.cfg')
  expect(linesAt(loadPath('./zoo.cfg', given).log, 'warn')).toEqual([])
})

test('one listed server runs on its own, with the complaint that operators know', () => {
  const { config, log } = load(`${MINIMAL}server.1=a:1:2\n`)
  expect(config.isDistributed).toBe(false)
  expect(linesAt(log, 'error')).toEqual(['Invalid configuration, only one server specified (ignoring)'])
})

test('one listed server with standaloneEnabled=false is an ensemble', () => {
  const text = `${MINIMAL}standaloneEnabled=false\ninitLimit=5\nsyncLimit=2\nserver.1=a:1:2\n`
  expect(load(text, { files: { [MYID]: '1' } }).config.isDistributed).toBe(true)
})

test.each([
  [2, 'No server failure will be tolerated. You need at least 3 servers.'],
  [4, 'Non-optimal configuration, consider an odd number of servers.'],
])('%d voting servers are warned about', (count, warning) => {
  const servers = Array.from({ length: count }, (_, index) => `server.${index + 1}=host${index}:1:2\n`).join('')
  const { log } = load(`${MINIMAL}initLimit=5\nsyncLimit=2\n${servers}`, { files: { [MYID]: '1' } })
  expect(linesAt(log, 'warn')).toEqual([warning])
})

test('the role in the list wins over peerType', () => {
  const { config, log } = load(`${ENSEMBLE}peerType=observer\n`, { files: { [MYID]: '1' } })
  expect(config.peerRole).toBe('participant')
  expect(linesAt(log, 'warn')).toEqual([
    "Peer type from servers list (PARTICIPANT) doesn't match peerType (OBSERVER). Defaulting to servers list.",
  ])
})

test('the client port can stand in the own line alone, also for one server', () => {
  const { config } = load('dataDir=/d\nserver.1=localhost:2888:3888;2181\n', { files: { '/d/myid': '1' } })
  expect(config).toMatchObject({ clientPort: 2181, clientPortAddress: '', isDistributed: false })
  const bound = load('dataDir=/d\nserver.1=localhost:2888:3888;127.0.0.1:2181\n', { files: { '/d/myid': '1' } })
  expect(bound.config).toMatchObject({ clientPort: 2181, clientPortAddress: '127.0.0.1' })
})

test('the client port may stand in both places when they agree', () => {
  const text = 'dataDir=/d\nclientPort=2181\nserver.1=localhost:2888:3888;127.0.0.1:2181\n'
  expect(load(text, { files: { '/d/myid': '1' } }).config).toMatchObject({ clientPort: 2181, clientPortAddress: '' })
})

test.each([
  ['server.7=a:1:2;5', '', '0.0.0.0/0.0.0.0:2181', '/0.0.0.0:5'],
  ['server.7=a:1:2;localhost:5', '', '0.0.0.0/0.0.0.0:2181', 'localhost/127.0.0.1:5'],
  ['server.7=a:1:2;127.0.0.1:2181', 'clientPortAddress=127.0.0.2', '/127.0.0.2:2181', '/127.0.0.1:2181'],
])('client ports that differ are refused: %s %s', (line, address, inFile, inLine) => {
  const text = `dataDir=/d\nclientPort=2181\n${line}\n${address}\n`
  expect(refusal(() => load(text, { files: { '/d/myid': '7' } })).cause).toContain(
    `client address for this server (id = 7) in static config file is ${inFile} is different from client address found in dynamic file: ${inLine}`,
  )
})

test('members can stand in a dynamic file, whose name ends with the version', () => {
  const files = { '/srv/conf/zoo.cfg.dynamic.100000002': 'server.1=a:1:2;2181\nserver.2=b:1:2\nserver.3=c:1:2', '/d/myid': '1' }
  const text = 'dataDir=/d\ninitLimit=5\nsyncLimit=2\ndynamicConfigFile=/srv/conf/zoo.cfg.dynamic.100000002\n'
  const { config } = load(text, { files })
  expect(config).toMatchObject({ isDistributed: true, clientPort: 2181, lastSeenMembership: null })
  expect(config.membership?.version).toBe(0x100000002)
})

test('a newer proposed membership is read from the file beside the main one, with the version inside', () => {
  const files = {
    '/srv/members': 'server.1=a:1:2;2181',
    '/srv/conf/zoo.cfg.dynamic.next': 'server.1=a:1:2;2181\nserver.2=b:1:2\nversion=200000001',
  }
  const { config } = load('dataDir=/d\ndynamicConfigFile=members\n', { files })
  expect(config.membership?.version).toBe(0)
  expect(config.lastSeenMembership?.version).toBe(0x200000001)
  expect(config.lastSeenMembership?.members.size).toBe(2)
})

test.each([
  ['dynamicConfigFile=/nope', 'Error processing /nope'],
  ['dynamicConfigFile=/dynamic.version', "dynamic file shouldn't have version inside"],
  ['dynamicConfigFile=/dynamic.foreign', 'Unrecognised parameter: tickTime'],
  ['dynamicConfigFile=/dynamic.good\nserver.1=a:1:2', 'parameter: server.1 must be in a separate dynamic config file'],
])('%j is refused: %s', (lines, cause) => {
  const files = {
    '/dynamic.version': 'server.1=a:1:2\nversion=5',
    '/dynamic.foreign': 'server.1=a:1:2\ntickTime=5',
    '/dynamic.good': 'server.1=a:1:2',
  }
  const refused = refusal(() => load(`dataDir=/d\n${lines}\n`, { files }))
  expect(refused.exitCode).toBe(2)
  expect(refused.cause.slice(0, cause.length)).toBe(cause)
})

test('keys and values without a file make a configuration, too', () => {
  const { config } = loadProperties({ dataDir: './data', clientPort: '2181' })
  expect(config).toMatchObject({ configPath: null, configText: '', dataDir: '/srv/data', clientPort: 2181 })
  expect(refusal(() => loadProperties({}))).toMatchObject({ exitCode: 2, message: 'Error processing the arguments' })
})

test('lists are split at commas and trimmed', () => {
  const { config } = load(`${MINIMAL}4lw.commands.whitelist=stat, ruok ,,conf\nenforce.auth.schemes=digest,sasl\n`)
  expect(config.fourLetterWordWhitelist).toEqual(['stat', 'ruok', 'conf'])
  expect(config.enforceAuthSchemes).toEqual(['digest', 'sasl'])
})

test('the rest of the settings have the documented defaults', () => {
  expect(load('dataDir=/d\n').config).toMatchObject({
    clientPortListenBacklog: -1,
    maxCnxns: 0,
    sessionlessConnectionTimeoutMs: 10000,
    snapCount: 100000,
    snapSizeLimitKb: 4194304,
    txnLogSizeLimitKb: -1,
    preAllocSizeKb: 65536,
    snapshotCompression: 'none',
    forceSync: true,
    fsyncWarningThresholdMs: 1000,
    juteMaxBuffer: 1048575,
    juteMaxBufferExtraSize: 1048575,
    globalOutstandingLimit: 1000,
    containerCheckIntervalMs: 60000,
    isExtendedTypesEnabled: false,
    fourLetterWordWhitelist: ['srvr'],
    skipAcl: false,
    superDigest: null,
    isDigestAuthEnabled: true,
  })
})
