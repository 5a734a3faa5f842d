// The deterministic heart of the server: it takes inputs and returns outputs, and knows no clock,
// timer, socket or file.

export { isAllowed } from './acl/acl-check.ts'
export { type AclScheme, AclSchemes } from './acl/acl-scheme.ts'
export { type AclList, AclTable, MISSING_ACL_ID, OPEN_ACL_ID } from './acl/acl-table.ts'
export { addIdentity, hasScheme, type Identity, superIdentity } from './acl/auth-id.ts'
export { digestScheme } from './acl/digest-scheme.ts'
export { canonicalIpText, parseIpAddress } from './acl/ip-address.ts'
export { ipScheme } from './acl/ip-scheme.ts'
export { maskAcl } from './acl/masking.ts'
export { whoAmI } from './acl/who-am-i.ts'
export type { ElectionEffects } from './election/election-effects.ts'
export { type ElectionConfiguration, type ElectionOptions, FastLeaderElection } from './election/fast-leader-election.ts'
export { beats, type CastVote, type CurrentVote, type Vote, votesAgree } from './election/vote.ts'
export { AssertionError, assert } from './lib/assert.ts'
export { Ring } from './lib/ring.ts'
export { SeededRandom } from './lib/seeded-random.ts'
export { ConfigError } from './membership/config-error.ts'
export { bracketedHost, expandIpv6, isAnyAddress, isIpv4 } from './membership/ip-literal.ts'
export {
  formatMembership,
  type Hierarchy,
  isMembershipKey,
  type Membership,
  membershipLines,
  parseMembership,
  parseMembershipText,
  parseMembershipVersion,
  participants,
} from './membership/membership.ts'
export { QuorumTracker, verifiersInForce } from './membership/quorum-tracker.ts'
export { makeQuorumVerifier, type QuorumVerifier } from './membership/quorum-verifier.ts'
export {
  LeaderReconfigAuthority,
  type ReconfigAuthority,
  type ReconfigPlan,
  type ReconfigRules,
  type ReconfigState,
} from './membership/reconfig.ts'
export { hasSameQuorumAddresses, isSameMember, isSameMembership } from './membership/same-member.ts'
export {
  formatServerLine,
  type Member,
  type MemberAddress,
  type MemberRole,
  parseRole,
  parseServerLine,
} from './membership/server-line.ts'
export { INTEGER_MAX, INTEGER_MIN, notANumber, parseWholeNumber } from './membership/whole-number.ts'
export { localOwner, Session, type SessionOwner } from './session/session.ts'
export { firstSessionId, SessionIdSource, type SessionIdsInUse } from './session/session-id.ts'
export { passwordMatches, SESSION_PASSWORD_LENGTH, sessionPassword } from './session/session-password.ts'
export { defaultTimeoutLimits, negotiateTimeout, type SessionTimeoutLimits } from './session/session-timeout.ts'
export { SessionCheck, type SessionsDue, SessionTracker } from './session/session-tracker.ts'
export { DataTree, NewNode } from './tree/data-tree.ts'
export { Database, type DatabaseOptions, type DigestRecord } from './tree/database.ts'
export { beginSnapshot, DatabaseRestorer } from './tree/database-snapshot.ts'
export type { Crc32 } from './tree/node-digest.ts'
export * as NodeField from './tree/node-fields.ts'
export type { QuotaExcess } from './tree/quota-table.ts'
export type {
  SnapshotAclList,
  SnapshotDigest,
  SnapshotSession,
  SnapshotSource,
  SnapshotTarget,
} from './tree/snapshot-io.ts'
export { ChangeHints } from './txn/change-hints.ts'
export type { PreparerOptions, Requester } from './txn/change-preparer.ts'
export { create2PartsOf } from './txn/multi-layout.ts'
export { Preparer } from './txn/preparer.ts'
export { WATCH_PERSISTENT, WATCH_RECURSIVE, WATCH_STANDARD, type Watcher, WatchTable } from './watch/watch-table.ts'
export { COMMITTED_ENTRIES_MIN, CommittedWindow, WINDOW_BYTES_MAX } from './zab/committed-window.ts'
export { designateLeader } from './zab/designated-leader.ts'
export { Leader, type LeaderPhase } from './zab/leader.ts'
export type { LeaderEffects, LeaderOptions } from './zab/leader-effects.ts'
export { Learner, type LearnerStage } from './zab/learner.ts'
export type { LearnerEffects, LearnerOptions } from './zab/learner-effects.ts'
export { LearnerSync, type SyncKind, type SyncOptions, type SyncSink } from './zab/learner-sync.ts'
export { ObserverMaster, type ObserverMasterEffects, type ObserverMasterOptions } from './zab/observer-master.ts'
export { processReconfig, type ReconfigContext, type ReconfigOutcome, type SuggestedVote } from './zab/process-reconfig.ts'
