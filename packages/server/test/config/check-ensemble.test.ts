import { expect, test } from 'vitest'
import { linesAt, load, refusal } from './sources.ts'

const BASE = 'tickTime=2000\ninitLimit=10\nsyncLimit=5\ndataDir=/data\n'
const THREE = 'server.1=a:2888:3888\nserver.2=b:2888:3888\nserver.3=c:2888:3888\n'

function ensemble(text: string, myId = '1') {
  return load(text, { files: { '/data/myid': `${myId}\n` } })
}

function cause(text: string, myId = '1'): string {
  const { exitCode, cause: text_ } = refusal(() => ensemble(text, myId))
  expect(exitCode).toBe(2)
  return text_
}

test('A139, A140, A148: what an ensemble needs is asked for in this order', () => {
  const members = `dataDir=/data\n${THREE}`
  expect(refusal(() => load(members)).cause).toMatch(/^initLimit is not set: /)
  expect(refusal(() => load(`initLimit=1\n${members}`)).cause).toMatch(/^syncLimit is not set: /)
  expect(refusal(() => load(`initLimit=1\nsyncLimit=1\n${members}`)).cause).toMatch(/^myid file is missing: .*\/data\/myid$/)
})

test.each([
  ['a:2888:3999', 'port 2888 of a is used twice: it is the quorum port of server.1 and the quorum port of server.3'],
  ['a:2999:3888', 'port 3888 of a is used twice: it is the election port of server.1 and the election port of server.3'],
  ['a:3888:3999', 'port 3888 of a is used twice: it is the election port of server.1 and the quorum port of server.3'],
])('A150: a third server at %s is refused with the port that clashes', (line, message) => {
  expect(cause(`${BASE}${THREE.replace('c:2888:3888', line)}`)).toMatch(message)
})

test.each([
  ['clientPort=3888', /^port 3888 is used twice: clientPort is also the election port of server\.1/],
  ['clientPort=2888', /^port 2888 is used twice: clientPort is also the quorum port of server\.1/],
  ['secureClientPort=3888', /^port 3888 is used twice: secureClientPort is also the election port of server\.1/],
])('A150: %s is refused where the server needs that port for its peers', (line, message) => {
  expect(cause(`${BASE}${line}\n${THREE}`)).toMatch(message)
})

test("ports that other servers use on hosts of their own are nobody's business", () => {
  const { config } = ensemble(`${BASE}clientPort=2999\n${THREE.replace('b:2888', 'b:2999')}`)
  expect(config.clientPort).toBe(2999)
})

test('a list in which every host is "all addresses" is taken as it is', () => {
  const members = 'server.1=0.0.0.0:2888:3888\nserver.2=0.0.0.0:2888:3888\nserver.3=c:2888:3888\n'
  expect(ensemble(`${BASE}${members}`).config.isDistributed).toBe(true)
})

test('an id above 254 is refused where session ids share their room with TTLs', () => {
  const members = THREE.replace('server.3', 'server.255')
  expect(cause(`${BASE}${members}extendedTypesEnabled=true\n`, '255')).toMatch(
    /^extendedTypesEnabled is true but Server ID of 255 is larger than max allowed of 254: /,
  )
  expect(ensemble(`${BASE}${members}`, '255').config.myId).toBe(255)
  expect(ensemble(`${BASE}${THREE.replace('server.3', 'server.254')}extendedTypesEnabled=true\n`, '254').config.myId).toBe(254)
})

test.each(['sslQuorum', 'portUnification', 'quorum.auth.enableSasl'])(
  '%s is refused, because peers would go unprotected',
  (key) => {
    expect(cause(`${BASE}${THREE}${key}=true\n`)).toMatch(`${key} is not supported yet: `)
  },
)

test('a server of its own, which has no peers, only says so', () => {
  const { log } = load('dataDir=/data\nsslQuorum=true\n')
  expect(linesAt(log, 'warn').filter((line) => line.startsWith('sslQuorum=true'))).toHaveLength(1)
})

test('how members work together has defaults', () => {
  expect(ensemble(`${BASE}${THREE}`).config.quorum).toMatchObject({
    listensOnAllAddresses: false,
    electionBindAttemptsMax: 3,
    electionConnectTimeoutMs: 5000,
    notificationIntervalMinMs: 200,
    notificationIntervalMaxMs: 60000,
    leaderServes: true,
    epochWaitMs: -1,
    snapshotSyncsMax: 10,
    diffSyncsMax: 100,
    committedLogCount: 500,
    connectToLearnerMasterLimit: 0,
    observerElectionDelayMs: 200,
    isObserverLogging: true,
    observerMasterPort: null,
    areLocalSessionsEnabled: false,
  })
})

test('how members work together can be said in the file', () => {
  const lines = [
    'quorumListenOnAllIPs=true',
    'electionPortBindRetry=-1',
    'leaderServes=no',
    'leader.maxTimeToWaitForEpoch=250',
    'observerMasterPort=2889',
    'syncEnabled=false',
    'localSessionsEnabled=true',
    'localSessionsUpgradingEnabled=true',
    'connectToLearnerMasterLimit=3',
    'leader.maxConcurrentSnapSyncs=1',
    'observer.reconnectDelayMs=700',
  ]
  expect(ensemble(`${BASE}${THREE}${lines.join('\n')}`).config.quorum).toMatchObject({
    listensOnAllAddresses: true,
    electionBindAttemptsMax: 3,
    leaderServes: false,
    epochWaitMs: 250,
    observerMasterPort: 2889,
    isObserverLogging: false,
    areLocalSessionsEnabled: true,
    areLocalSessionsUpgraded: true,
    connectToLearnerMasterLimit: 3,
    snapshotSyncsMax: 1,
    observerReconnectDelayMs: 700,
  })
})

test('votes cannot be sent again later than at the latest', () => {
  const lines = 'fastleader.minNotificationInterval=500\nfastleader.maxNotificationInterval=400\n'
  expect(cause(`${BASE}${THREE}${lines}`)).toMatch(/^fastleader.minNotificationInterval must not be larger/)
})
