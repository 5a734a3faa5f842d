import { ErrorCode, type ReconfigRequest } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { formatMembership, parseMembershipText } from '../../src/membership/membership.ts'
import { makeQuorumVerifier, type QuorumVerifier } from '../../src/membership/quorum-verifier.ts'
import { LeaderReconfigAuthority, type ReconfigRules } from '../../src/membership/reconfig.ts'

const ZXID = 0x200000003
const THREE =
  'server.1=10.0.0.1:2888:3888:participant;0.0.0.0:2181\n' +
  'server.2=10.0.0.2:2888:3888:participant;0.0.0.0:2181\n' +
  'server.3=10.0.0.3:2888:3888:participant;0.0.0.0:2181\nversion=100000000'
const FOUR = '10.0.0.4:2888:3888;2181'

function verifier(text: string): QuorumVerifier {
  return makeQuorumVerifier(parseMembershipText(text, true))
}

function request(fields: Partial<ReconfigRequest>): ReconfigRequest {
  return { joiningServers: null, leavingServers: null, newMembers: null, curConfigId: -1, ...fields }
}

interface Situation extends Partial<ReconfigRules> {
  readonly committed?: string
  readonly lastSeen?: string
  /** Voters that are up to date, the leader among them. */
  readonly synced?: readonly number[]
}

function authority(situation: Situation = {}): LeaderReconfigAuthority {
  const committed = verifier(situation.committed ?? THREE)
  const synced = new Set(situation.synced ?? [1, 2, 3])
  return new LeaderReconfigAuthority(
    {
      committed,
      lastSeen: situation.lastSeen === undefined ? committed : verifier(situation.lastSeen),
      isQuorumSynced: (next) => next.containsQuorum(synced),
    },
    { isStandaloneEnabled: true, isMultiAddressEnabled: false, ...situation },
  )
}

function plan(fields: Partial<ReconfigRequest>, situation: Situation = {}): string | number {
  const result = authority(situation).plan(request(fields), ZXID)
  return result.next === null ? result.code : formatMembership(result.next.membership)
}

test('a server leaves, and the zxid becomes the version', () => {
  expect(plan({ leavingServers: '3' })).toBe(
    'server.1=10.0.0.1:2888:3888:participant;0.0.0.0:2181\n' +
      'server.2=10.0.0.2:2888:3888:participant;0.0.0.0:2181\nversion=200000003',
  )
})

test('servers join in the order of their ids, named in either way', () => {
  expect(plan({ joiningServers: `5=10.0.0.5:2888:3888:observer;2181, server.4=${FOUR}` })).toBe(
    THREE.replace(
      'version=100000000',
      'server.4=10.0.0.4:2888:3888:participant;0.0.0.0:2181\nserver.5=10.0.0.5:2888:3888:observer;0.0.0.0:2181\nversion=200000003',
    ),
  )
})

test('a server that joins with an id that is taken takes its place', () => {
  expect(plan({ joiningServers: 'server.3=10.0.0.9:2888:3888:observer;2181' })).toBe(
    THREE.replace('10.0.0.3:2888:3888:participant', '10.0.0.9:2888:3888:observer').replace('100000000', '200000003'),
  )
})

test('some leave before others join, so that an address can change hands', () => {
  expect(plan({ leavingServers: '3', joiningServers: 'server.4=10.0.0.3:2888:3888;2181' })).toBe(
    THREE.replace('server.3', 'server.4').replace('100000000', '200000003'),
  )
})

test('leaving without having been there, and joining again unchanged, succeed', () => {
  const unchanged = THREE.replace('100000000', '200000003')
  expect(plan({ leavingServers: '9' })).toBe(unchanged)
  expect(plan({ joiningServers: 'server.1=10.0.0.1:2888:3888;2181' })).toBe(unchanged)
})

test('new members replace all, separated by commas or lines, whatever version they say', () => {
  expect(plan({ newMembers: 'server.1=10.0.0.1:2888:3888;2181,server.2=10.0.0.2:2888:3888;2181\nversion=5' })).toBe(
    'server.1=10.0.0.1:2888:3888:participant;0.0.0.0:2181\n' +
      'server.2=10.0.0.2:2888:3888:participant;0.0.0.0:2181\nversion=200000003',
  )
})

test('groups can be introduced with all members named, and not be changed one by one', () => {
  const grouped = `${THREE.replace('\nversion=100000000', '')}\ngroup.1=1:2:3`
  expect(plan({ newMembers: grouped.replaceAll('\n', ',') })).toContain('group.1=1:2:3\nweight.1=1')
  expect(plan({ leavingServers: '3' }, { committed: grouped })).toBe(ErrorCode.BAD_ARGUMENTS)
})

test('one change at a time: another is refused while one is proposed', () => {
  const situation = { lastSeen: THREE.replace('100000000', '100000005') }
  expect(plan({ leavingServers: '3' }, situation)).toBe(ErrorCode.RECONFIG_IN_PROGRESS)
})

test('one change at a time: another is refused while one is prepared and not proposed yet', () => {
  const leader = authority()
  const first = leader.plan(request({ leavingServers: '3' }), ZXID)
  if (first.next === null) throw new Error('the first change is good')
  expect(leader.plan(request({ leavingServers: '2' }), ZXID + 1)).toHaveProperty('next.version', ZXID + 1)
  leader.prepared(first.next)
  expect(leader.plan(request({ leavingServers: '2' }), ZXID + 1)).toEqual({ next: null, code: ErrorCode.RECONFIG_IN_PROGRESS })
})

test('what is in force again is ready for the next change', () => {
  const next = verifier(THREE.replace('100000000', '200000003'))
  const leader = new LeaderReconfigAuthority(
    { committed: next, lastSeen: next, isQuorumSynced: () => true },
    { isStandaloneEnabled: true, isMultiAddressEnabled: false },
  )
  leader.prepared(next)
  expect(leader.plan(request({ leavingServers: '3' }), ZXID + 1)).toHaveProperty('next.version', ZXID + 1)
})

test('a change of another version than the present one is refused', () => {
  expect(plan({ leavingServers: '3', curConfigId: 0x100000001 })).toBe(ErrorCode.BAD_VERSION)
  expect(plan({ leavingServers: '3', curConfigId: 0x100000000 })).toContain('version=200000003')
})

test.each<[string, Partial<ReconfigRequest>]>([
  ['new members without any', { newMembers: '' }],
  ['new members that are no lines of members', { newMembers: 'tickTime=2000' }],
  ['a malformed line', { newMembers: 'server.1=10.0.0.1' }],
  ['a leaving server that is no number', { leavingServers: 'server.3' }],
  ['a joining server without an id', { joiningServers: '10.0.0.4:2888:3888;2181' }],
  ['a joining server with another id than a number', { joiningServers: `server.x=${FOUR}` }],
  ['a joining server with two lines', { joiningServers: `server.4=${FOUR}=5` }],
  ['a joining server without an election port', { joiningServers: 'server.4=10.0.0.4:2888;2181' }],
  ['a joining server that does not say where its clients go', { joiningServers: 'server.4=10.0.0.4:2888:3888' }],
  ["another member's quorum address", { joiningServers: 'server.4=10.0.0.1:2888:3999;2181' }],
  ["another member's election address", { joiningServers: 'server.4=10.0.0.1:2999:3888;2181' }],
  ["another member's quorum address for elections", { joiningServers: 'server.4=10.0.0.1:2999:2888;2181' }],
  ["another member's quorum address for clients", { joiningServers: 'server.4=10.0.0.4:2888:3888;10.0.0.1:2888' }],
  ['several addresses where they are off', { joiningServers: 'server.4=10.0.0.4:2888:3888|10.0.1.4:2888:3888;2181' }],
  ['everybody leaving', { leavingServers: '1,2,3' }],
  ['one voter left', { leavingServers: '2,3' }],
])('%s are bad arguments', (_, fields) => {
  expect(plan(fields)).toBe(ErrorCode.BAD_ARGUMENTS)
})

test.each(['127.0.0.1', 'localhost', '[::1]', '0.0.0.0'])(
  'the same ports at %s are no clash, every machine has that address',
  (host) => {
    const committed = `server.1=${host}:2888:3888;2181\nserver.2=${host}:2889:3889;2182`
    expect(plan({ joiningServers: `server.4=${host}:2888:3888;2181` }, { committed, synced: [1, 2] })).toContain('server.4=')
  },
)

test('one voter is enough where no server is run by itself, and none never is', () => {
  const situation = { isStandaloneEnabled: false }
  expect(plan({ leavingServers: '2,3' }, situation)).toContain('version=200000003')
  expect(plan({ leavingServers: '1,2,3' }, situation)).toBe(ErrorCode.BAD_ARGUMENTS)
})

test('a configuration is refused when too few of its voters are up to date', () => {
  const joiningServers = `server.4=${FOUR},server.5=10.0.0.5:2888:3888;2181`
  expect(plan({ joiningServers, leavingServers: '1,2' })).toBe(ErrorCode.NEW_CONFIG_NO_QUORUM)
  expect(plan({ joiningServers })).toContain('server.5=')
})
