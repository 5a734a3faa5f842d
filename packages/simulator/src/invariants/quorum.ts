import type { Hierarchy } from '../scenario/traits.ts'

/** Counts by hand whether these servers are a quorum of the voters 1 to `voterCount`. */
export function isQuorum(ids: ReadonlySet<number>, voterCount: number, hierarchy: Hierarchy | null): boolean {
  if (hierarchy === null) return ids.size * 2 > voterCount
  const weightOf = (members: readonly number[]): number => members.reduce((sum, id) => sum + (hierarchy.weights[id - 1] ?? 1), 0)
  const groups = hierarchy.groups.filter((group) => weightOf(group) > 0)
  const won = groups.filter((group) => weightOf(group.filter((id) => ids.has(id))) * 2 > weightOf(group))
  return won.length * 2 > groups.length
}
