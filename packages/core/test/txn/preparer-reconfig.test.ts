import { ByteReader, ByteWriter, ErrorCode, Op, type ReconfigRequest, writeReconfigRequest } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { superIdentity } from '../../src/acl/auth-id.ts'
import { parseMembershipText } from '../../src/membership/membership.ts'
import { makeQuorumVerifier } from '../../src/membership/quorum-verifier.ts'
import { LeaderReconfigAuthority, type ReconfigAuthority } from '../../src/membership/reconfig.ts'
import type { PreparerOptions } from '../../src/txn/preparer.ts'
import { describeNode } from '../tree/tree-description.ts'
import { Workbench } from './workbench.ts'

/** The ensemble of the captures: three voters and an observer. */
const CAPTURED =
  'server.1=127.0.0.1:24281:24381:participant\nserver.2=127.0.0.1:24282:24382:participant\n' +
  'server.3=127.0.0.1:24283:24383:participant\nserver.4=127.0.0.1:24284:24384:observer\nversion=200000000'
const WITHOUT_THREE =
  'server.1=127.0.0.1:24281:24381:participant\nserver.2=127.0.0.1:24282:24382:participant\n' +
  'server.4=127.0.0.1:24284:24384:observer\nversion=200000003'
/** The transaction with which Apache's leader proposed that server 3 leaves, without its digest. */
const CAPTURED_TXN =
  '0100000e9de00000' +
  '00000002' +
  '0000000200000003' +
  '000001a1f9a97080' +
  '00000010' +
  '000000112f7a6f6f6b65657065722f636f6e666967'

function authority(): ReconfigAuthority {
  const committed = makeQuorumVerifier(parseMembershipText(CAPTURED, false))
  return new LeaderReconfigAuthority(
    { committed, lastSeen: committed, isQuorumSynced: () => true },
    { isStandaloneEnabled: true, isMultiAddressEnabled: false },
  )
}

function leader(options: Partial<PreparerOptions> = {}): Workbench {
  const bench = new Workbench({}, { isReconfigEnabled: true, reconfigAuthority: authority(), ...options })
  bench.preparer.lastZxid = 0x200000002
  return bench
}

function prepare(bench: Workbench, fields: Partial<ReconfigRequest>, isSuper = true): { code: number; entry: Uint8Array } {
  const record = new ByteWriter()
  writeReconfigRequest(record, { joiningServers: null, leavingServers: null, newMembers: null, curConfigId: -1, ...fields })
  const out = new ByteWriter()
  const requester = { sessionId: 0x0100000e9de00000n, identities: isSuper ? [superIdentity] : [] }
  const input = new ByteReader(record.toBytes())
  const code = bench.preparer.prepare(Op.reconfig, requester, 2, 0x1a1f9a97080, input, out)
  return { code, entry: out.toBytes() }
}

function apply(bench: Workbench, entry: Uint8Array): void {
  bench.database.apply(entry, new DataView(entry.buffer, entry.byteOffset, entry.byteLength), 0, entry.length)
}

test("a change of members is the transaction that Apache's leader makes of it", () => {
  const { code, entry } = prepare(leader(), { leavingServers: '3' })
  expect(code).toBe(ErrorCode.OK)
  const text = Buffer.from(WITHOUT_THREE)
  const length = text.length.toString(16).padStart(8, '0')
  expect(Buffer.from(entry).toString('hex').slice(0, -24)).toBe(`${CAPTURED_TXN}${length}${text.toString('hex')}ffffffff`)
})

test('the preparer hands on the configuration that it proposes, and forgets it with the next request', () => {
  const bench = leader()
  prepare(bench, { leavingServers: '3' })
  expect([...(bench.preparer.proposedConfig?.voters ?? [])]).toEqual([1, 2])
  expect(bench.preparer.proposedConfig?.version).toBe(0x200000003)
  expect(prepare(bench, { leavingServers: '2' }).code).toBe(ErrorCode.RECONFIG_IN_PROGRESS)
  expect(bench.preparer.proposedConfig).toBeNull()
})

test('the node holds the new text, with the zxid as its mzxid and no count of changes', () => {
  const bench = leader()
  apply(bench, prepare(bench, { leavingServers: '3' }).entry)
  const { data, stat } = describeNode(bench.database.tree, bench.database.find('/zookeeper/config'))
  expect(data).toBe(Buffer.from(WITHOUT_THREE).toString('hex'))
  expect(stat).toMatchObject({ mzxid: 0x200000003, version: -1, czxid: 0 })
  expect(bench.database.digestMismatchCount).toBe(0)
})

test('whoever may not write the node may not change the members, and a good request has been refused for nothing else', () => {
  const bench = leader()
  expect(prepare(bench, { leavingServers: '3' }, false).code).toBe(ErrorCode.NO_AUTH)
  expect(prepare(bench, { leavingServers: '3' }).code).toBe(ErrorCode.OK)
})

test('what is wrong with the request is told before the permission is looked at', () => {
  expect(prepare(leader(), { leavingServers: 'x' }, false).code).toBe(ErrorCode.BAD_ARGUMENTS)
})

test('with ACLs skipped anybody may change the members', () => {
  expect(prepare(leader({ isAclSkipped: true }), { leavingServers: '3' }, false).code).toBe(ErrorCode.OK)
})

test('a refused change gets its zxid and an error transaction', () => {
  const bench = leader()
  const { entry } = prepare(bench, { curConfigId: 5 })
  expect(Buffer.from(entry).toString('hex').slice(56)).toBe('ffffffffffffff99')
  expect(bench.preparer.lastZxid).toBe(0x200000003)
})

test('reconfiguration that is switched off is refused as such, and one without an ensemble is not implemented', () => {
  expect(prepare(leader({ isReconfigEnabled: false }), { leavingServers: '3' }).code).toBe(ErrorCode.RECONFIG_DISABLED)
  const alone = new Workbench({}, { isReconfigEnabled: true })
  expect(prepare(alone, { leavingServers: '3' }).code).toBe(ErrorCode.UNIMPLEMENTED)
})
