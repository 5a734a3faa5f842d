import type { QuorumVerifier } from '../membership/quorum-verifier.ts'
import { hasSameQuorumAddresses } from '../membership/same-member.ts'

/**
 * Who leads after a change of configuration. The present leader if it stays a voter that its peers reach as before; else, of the voters of
 * the new configuration that acknowledged the change, the one that has come farthest. The present leader when there is none.
 */
export function designateLeader(
  leader: number,
  committed: QuorumVerifier,
  next: QuorumVerifier,
  changeZxid: number,
  ackedBy: (sid: number) => number,
): number {
  if (staysReachable(leader, committed, next)) return leader
  let designated = leader
  let farthest = -1
  for (const sid of next.voters) {
    const acked = ackedBy(sid)
    if (sid === leader || acked < changeZxid || acked <= farthest) continue
    designated = sid
    farthest = acked
  }
  return designated
}

/** True when the server votes in both configurations, at the same addresses for the quorum. */
export function staysReachable(sid: number, one: QuorumVerifier, other: QuorumVerifier): boolean {
  if (!one.voters.has(sid) || !other.voters.has(sid)) return false
  const member = one.member(sid)
  const otherMember = other.member(sid)
  return member !== null && otherMember !== null && hasSameQuorumAddresses(member, otherMember)
}
