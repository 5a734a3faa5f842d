import { expect, test } from 'vitest'
import { type Membership, parseMembershipText } from '../../src/membership/membership.ts'
import { hasSameQuorumAddresses, isSameMembership } from '../../src/membership/same-member.ts'
import { type Member, parseServerLine } from '../../src/membership/server-line.ts'

const TWO = 'server.1=a:1:2;127.0.0.1:2181\nserver.2=b:1:2\n'

function membership(text: string): Membership {
  return parseMembershipText(text, true)
}

function member(line: string): Member {
  return parseServerLine(1, line, true)
}

test('the same version is the same configuration, whatever the texts say', () => {
  expect(isSameMembership(membership(`${TWO}version=3`), membership('server.7=x:1:2\nversion=3'))).toBe(true)
})

test('the same members are the same configuration, whatever the versions', () => {
  expect(isSameMembership(membership(`${TWO}version=3`), membership(`${TWO}version=4`))).toBe(true)
})

test.each([
  ['a role', 'server.1=a:1:2:observer;127.0.0.1:2181\nserver.2=b:1:2'],
  ['a quorum port', 'server.1=a:9:2;127.0.0.1:2181\nserver.2=b:1:2'],
  ['an election port', 'server.1=a:1:9;127.0.0.1:2181\nserver.2=b:1:2'],
  ['a host', 'server.1=z:1:2;127.0.0.1:2181\nserver.2=b:1:2'],
  ["a client's port", 'server.1=a:1:2;127.0.0.1:2182\nserver.2=b:1:2'],
  ["a client's host", 'server.1=a:1:2;127.0.0.2:2181\nserver.2=b:1:2'],
  ['a client address that was not there', 'server.1=a:1:2;127.0.0.1:2181\nserver.2=b:1:2;2182'],
  ['a member more', `${TWO}server.3=c:1:2`],
  ['a member less', 'server.1=a:1:2;127.0.0.1:2181'],
  ['another id', 'server.1=a:1:2;127.0.0.1:2181\nserver.3=b:1:2'],
])('%s makes another configuration', (_, text) => {
  expect(isSameMembership(membership(`${TWO}version=3`), membership(`${text}\nversion=4`))).toBe(false)
})

test.each([
  ['server.1=a:1:2\nserver.2=b:1:2\ngroup.1=1:2\n', 'server.1=a:1:2\nserver.2=b:1:2\ngroup.1=1\ngroup.2=2\n'],
  ['server.1=a:1:2\nserver.2=b:1:2\ngroup.1=1:2\n', 'server.1=a:1:2\nserver.2=b:1:2\ngroup.1=1:2\nweight.1=2\n'],
  ['server.1=a:1:2\nserver.2=b:1:2\ngroup.1=1:2\n', 'server.1=a:1:2\nserver.2=b:1:2\n'],
])('other groups or weights make another configuration', (one, other) => {
  expect(isSameMembership(membership(`${one}version=3`), membership(`${other}version=4`))).toBe(false)
  expect(isSameMembership(membership(`${one}version=3`), membership(`${one}version=4`))).toBe(true)
})

test('the order of addresses and the form of an IPv6 address make no difference', () => {
  const one = membership('server.1=[::1]:1:2|b:3:4\nversion=1')
  const other = membership('server.1=b:3:4|[0:0:0:0:0:0:0:1]:1:2\nversion=2')
  expect(isSameMembership(one, other)).toBe(true)
})

test("a leader's followers find it as before when only its election port, role or client address changed", () => {
  expect(hasSameQuorumAddresses(member('a:1:2;2181'), member('a:1:9:observer;2182'))).toBe(true)
  expect(hasSameQuorumAddresses(member('a:1:2'), member('a:3:2'))).toBe(false)
  expect(hasSameQuorumAddresses(member('a:1:2'), member('a:1:2|b:1:2'))).toBe(false)
})
