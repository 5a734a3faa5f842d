import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseMembership } from '../../src/membership/membership.ts'
import { makeQuorumVerifier, type QuorumVerifier } from '../../src/membership/quorum-verifier.ts'

function verifier(lines: Readonly<Record<string, string>>): QuorumVerifier {
  return makeQuorumVerifier(parseMembership(new Map(Object.entries(lines)), 7, false))
}

function majorityOf(voterCount: number, observerCount = 0): QuorumVerifier {
  const lines: Record<string, string> = {}
  for (let id = 1; id <= voterCount; id++) lines[`server.${id}`] = `h${id}:1:2`
  for (let id = 1; id <= observerCount; id++) lines[`server.${voterCount + id}`] = `h${voterCount + id}:1:2:observer`
  return verifier(lines)
}

const GROUPS: Readonly<Record<string, string>> = {
  ...Object.fromEntries([1, 2, 3, 4, 5, 6, 7, 8].map((id) => [`server.${id}`, `h${id}:1:2`])),
  'group.1': '1:2:3',
  'group.2': '4:5:6',
  'group.3': '7:8',
  'weight.7': '0',
  'weight.8': '0',
}

test.each([
  [1, 1],
  [2, 2],
  [3, 2],
  [4, 3],
  [5, 3],
  [6, 4],
])('of %i voters, %i are a quorum and one less are not', (voterCount, quorumSize) => {
  const majority = majorityOf(voterCount)
  const ids = [...majority.voters]
  expect(majority.containsQuorum(new Set(ids.slice(0, quorumSize)))).toBe(true)
  expect(majority.containsQuorum(new Set(ids.slice(0, quorumSize - 1)))).toBe(false)
})

test('observers and strangers never make a majority', () => {
  const majority = majorityOf(3, 2)
  expect([...majority.voters]).toEqual([1, 2, 3])
  expect([...majority.observers]).toEqual([4, 5])
  expect(majority.containsQuorum(new Set([1, 4, 5, 99]))).toBe(false)
})

test('a configuration without voters decides nothing', () => {
  expect(makeQuorumVerifier(parseMembership(new Map(), 0, false)).containsQuorum(new Set([1]))).toBe(false)
})

test('a verifier knows its version, its members and what a vote weighs', () => {
  const majority = majorityOf(2, 1)
  expect(majority.version).toBe(7)
  expect(majority.member(3)?.role).toBe('observer')
  expect(majority.member(4)).toBeNull()
  expect(majority.weightOf(1)).toBe(1)
})

test.each([
  [[1, 2], false],
  [[1, 4, 5], false],
  [[1, 2, 4, 5], true],
  [[1, 2, 3, 7, 8], false],
  [[], false],
])('of two groups of three and one without weight, %j are a quorum: %s', (ids, expected) => {
  expect(verifier(GROUPS).containsQuorum(new Set(ids))).toBe(expected)
})

test('a server of weight 0 votes and weighs nothing', () => {
  const hierarchical = verifier(GROUPS)
  expect(hierarchical.voters.has(7)).toBe(true)
  expect(hierarchical.weightOf(7)).toBe(0)
  expect(hierarchical.weightOf(1)).toBe(1)
  expect(hierarchical.weightOf(99)).toBe(0)
})

test('an observer of a group adds to what the group needs, and never to what it has', () => {
  const lines = {
    'server.1': 'a:1:2',
    'server.2': 'b:1:2',
    'server.3': 'c:1:2:observer',
    'group.1': '1:2:3',
    'weight.3': '3',
  }
  expect(verifier(lines).containsQuorum(new Set([1, 2, 3]))).toBe(false)
})

test('groups and a majority are never equal, whatever they would decide', () => {
  const majority = majorityOf(2)
  const grouped = verifier({ 'server.1': 'h1:1:2', 'server.2': 'h2:1:2', 'group.1': '1:2' })
  expect(majority.equals(grouped)).toBe(false)
  expect(grouped.equals(majority)).toBe(false)
})

/** Up to six voters and two observers, in up to three groups or in none, with weights. */
const anyVerifier = fc
  .record({
    groupOf: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 6 }),
    weights: fc.array(fc.nat({ max: 3 }), { minLength: 6, maxLength: 6 }),
    observerCount: fc.nat({ max: 2 }),
    isHierarchical: fc.boolean(),
  })
  .map(({ groupOf, weights, observerCount, isHierarchical }) => {
    const lines: Record<string, string> = {}
    const groups = new Map<number, number[]>()
    for (const [index, group] of groupOf.entries()) {
      lines[`server.${index + 1}`] = `h${index}:1:2`
      groups.set(group, [...(groups.get(group) ?? []), index + 1])
      if (isHierarchical) lines[`weight.${index + 1}`] = String(weights[index])
    }
    for (let i = 0; i < observerCount; i++) lines[`server.${20 + i}`] = `o${i}:1:2:observer`
    if (isHierarchical) for (const [group, ids] of groups) lines[`group.${group}`] = ids.join(':')
    return verifier(lines)
  })
const anyIds = fc.uniqueArray(fc.constantFrom(1, 2, 3, 4, 5, 6, 20, 21, 30))

test('any two quorums of a configuration have a voter in common', () => {
  fc.assert(
    fc.property(anyVerifier, anyIds, anyIds, (rule, one, other) => {
      if (!rule.containsQuorum(new Set(one)) || !rule.containsQuorum(new Set(other))) return
      expect(one.some((id) => other.includes(id) && rule.voters.has(id))).toBe(true)
    }),
    { numRuns: 2000 },
  )
})

test('more servers never unmake a quorum', () => {
  fc.assert(
    fc.property(anyVerifier, anyIds, anyIds, (rule, ids, more) => {
      if (rule.containsQuorum(new Set(ids))) expect(rule.containsQuorum(new Set([...ids, ...more]))).toBe(true)
    }),
    { numRuns: 2000 },
  )
})
