// Who watches what. Watches on data count, with those of exists and persistent ones; watches on children are not shown.

import { hexText } from '../hex-text.ts'
import { defineWord, type Word } from '../word.ts'

/**
 * ```
 * 1 connections watching 2 paths
 * Total watches:2
 * ```
 */
export const wchs: Word = defineWord('wchs', 'number of watches', (view) => {
  const { connectionCount, pathCount, watchCount } = view.watchTotals()
  return `${connectionCount} connections watching ${pathCount} paths\nTotal watches:${watchCount}\n`
})

/**
 * Paths by session:
 * ```
 * 0x100000dfeea0010
 *         /h-none
 *         /h1
 *
 * ```
 * The indent is one tab.
 */
export const wchc: Word = defineWord('wchc', 'watched paths by session (large when there are many)', (view) =>
  groupText(view.watchesBySession(), hexText, (path) => path),
)

/** Sessions by path, in the same shape. */
export const wchp: Word = defineWord('wchp', 'watching sessions by path (large when there are many)', (view) =>
  groupText(view.watchesByPath(), (path) => path, hexText),
)

function groupText<Key, Member>(
  groups: Iterable<readonly [Key, Iterable<Member>]>,
  keyText: (key: Key) => string,
  memberText: (member: Member) => string,
): string {
  const lines: string[] = []
  for (const [key, members] of groups) {
    lines.push(keyText(key))
    for (const member of members) lines.push(`\t${memberText(member)}`)
  }
  return [...lines, '', ''].join('\n')
}
