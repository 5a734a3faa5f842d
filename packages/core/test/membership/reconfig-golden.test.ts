// Requests that Apache's leader of three voters, all of them up to date, answered one after the other
// (`golden/reconfig-answers.txt`). Ours has to come to the same members, or to the same refusal.

import { readFileSync } from 'node:fs'
import { ErrorCode } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { formatMembership, parseMembershipText } from '../../src/membership/membership.ts'
import { makeQuorumVerifier } from '../../src/membership/quorum-verifier.ts'
import { LeaderReconfigAuthority } from '../../src/membership/reconfig.ts'

/**
 * What Apache's leader answers to ids that are no numbers, and to a group of servers that do not exist: as if the bytes of the request
 * could not be read. Ours says that the arguments are wrong.
 */
const ANSWER_TO_UNREADABLE_TEXT = ErrorCode.MARSHALLING_ERROR

type Line = readonly [
  joining: string | null,
  leaving: string | null,
  members: string | null,
  version: number,
  answer: string | number,
]

const lines = readFileSync(new URL('../golden/reconfig-answers.txt', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Line)

test("a series of requests comes to the members and the refusals that Apache's leader gave", () => {
  const synced = new Set([1, 2, 3])
  let committed = makeQuorumVerifier(
    parseMembershipText(
      [1, 2, 3].map((id) => `server.${id}=127.0.0.1:3228${id}:3238${id};127.0.0.1:3218${id}`).join('\n'),
      false,
    ),
  )
  for (const [index, [joiningServers, leavingServers, newMembers, curConfigId, expected]] of lines.entries()) {
    const authority = new LeaderReconfigAuthority(
      { committed, lastSeen: committed, isQuorumSynced: (next) => next.containsQuorum(synced) },
      { isStandaloneEnabled: true, isMultiAddressEnabled: false },
    )
    const plan = authority.plan({ joiningServers, leavingServers, newMembers, curConfigId }, index + 1)
    expect([index, plan.next === null ? plan.code : withoutVersion(formatMembership(plan.next.membership))]).toEqual([
      index,
      expected === ANSWER_TO_UNREADABLE_TEXT ? ErrorCode.BAD_ARGUMENTS : expected,
    ])
    committed = plan.next ?? committed
  }
})

function withoutVersion(text: string): string {
  return text.slice(0, text.lastIndexOf('\n'))
}
