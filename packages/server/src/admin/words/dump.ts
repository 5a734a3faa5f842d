import { hexText } from '../hex-text.ts'
import { javaDateText } from '../java-date.ts'
import { remoteAddressText } from '../remote-address.ts'
import type { ExpiryBucket, ServerView, SessionExpiryView } from '../server-view.ts'
import { defineWord, type Word } from '../word.ts'

/**
 * Sessions, ephemeral nodes and connections. `(3)/(2)` counts the moments of expiry and what expires at them.
 * ```
 * SessionTracker dump:
 * Session Sets (3)/(2):
 * 1 expire at Fri Nov 20 15:55:05 UTC 2026:
 *         0x100000dfeea000f
 * 0 expire at Fri Nov 20 15:55:31 UTC 2026:
 * 1 expire at Fri Nov 20 15:55:33 UTC 2026:
 *         0x100000dfeea0010
 * ephemeral nodes dump:
 * Sessions with Ephemerals (1):
 * 0x100000dfeea0010:
 *         /h-eph
 * Connections dump:
 * Connections Sets (1)/(1):
 * 1 expire at Fri Nov 20 15:55:21 UTC 2026:
 *         ip: /127.0.0.1:42996 sessionId: 0x0
 * ```
 * The indent is one tab. A learner lists the timeouts of the global sessions instead of their expiry.
 */
export const dump: Word = defineWord('dump', 'sessions and when they expire, ephemeral znodes, connections', (view) =>
  [
    'SessionTracker dump:',
    ...sessionLines(view, view.sessionExpiry()),
    'ephemeral nodes dump:',
    ...ephemeralLines(view),
    'Connections dump:',
    ...bucketLines(
      view,
      'Connections Sets',
      view.connectionExpiry(),
      ({ remoteAddress, remotePort, sessionId }) =>
        `ip: ${remoteAddressText(remoteAddress, remotePort)} sessionId: ${hexText(sessionId)}`,
    ),
    '',
  ].join('\n'),
)

function sessionLines(view: ServerView, expiry: SessionExpiryView): string[] {
  const lines = expiry.local === null ? [] : bucketLines(view, 'Local Session Sets', expiry.local, hexText)
  if (expiry.kind === 'learner') {
    lines.push(`Global Sessions(${expiry.global.length}):`)
    for (const { id, timeoutMs } of expiry.global) lines.push(`${hexText(id)}\t${timeoutMs}ms`)
    return lines
  }
  const title = expiry.local === null ? 'Session Sets' : 'Global Session Sets'
  return [...lines, ...bucketLines(view, title, expiry.global, hexText)]
}

function ephemeralLines(view: ServerView): string[] {
  const lines: string[] = []
  let sessionCount = 0
  for (const [sessionId, paths] of view.ephemeralsBySession()) {
    sessionCount++
    lines.push(`${hexText(sessionId)}:`)
    for (const path of paths) lines.push(`\t${path}`)
  }
  return [`Sessions with Ephemerals (${sessionCount}):`, ...lines]
}

/** Expiry is reckoned in monotonic time; people are shown the wall clock that it will be. */
function bucketLines<Member>(
  view: ServerView,
  title: string,
  buckets: readonly ExpiryBucket<Member>[],
  memberText: (member: Member) => string,
): string[] {
  const wallClockAheadMs = Math.round(view.nowMs() - view.monotonicMs())
  const memberCount = buckets.reduce((total, { members }) => total + members.length, 0)
  const lines = [`${title} (${buckets.length})/(${memberCount}):`]
  for (const { expiresAtMs, members } of buckets) {
    lines.push(`${members.length} expire at ${javaDateText(expiresAtMs + wallClockAheadMs, view.timeZone)}:`)
    for (const member of members) lines.push(`\t${memberText(member)}`)
  }
  return lines
}
