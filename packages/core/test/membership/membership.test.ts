import { expect, test } from 'vitest'
import {
  formatMembership,
  isMembershipKey,
  parseMembership,
  parseMembershipText,
  participants,
} from '../../src/membership/membership.ts'

function parse(lines: Record<string, string>, version = 0) {
  return parseMembership(new Map(Object.entries(lines)), version, false)
}

const THREE = { 'server.3': 'c:1:2:observer;2183', 'server.1': 'a:1:2;127.0.0.1:2181', 'server.2': 'b:1:2' }

test('the canonical text has one member a line by ascending id, the version last and no newline at its end', () => {
  expect(formatMembership(parse(THREE, 0x100000000))).toBe(
    'server.1=a:1:2:participant;127.0.0.1:2181\nserver.2=b:1:2:participant\nserver.3=c:1:2:observer;0.0.0.0:2183\nversion=100000000',
  )
})

test('ids are ordered as numbers', () => {
  const text = formatMembership(parse({ 'server.10': 'a:1:2', 'server.9': 'b:1:2' }))
  expect(text).toBe('server.9=b:1:2:participant\nserver.10=a:1:2:participant\nversion=0')
})

test('groups and weights follow the members, and every weight is written', () => {
  const lines = {
    'server.1': 'a:1:2',
    'server.2': 'b:1:2',
    'server.3': 'c:1:2',
    'group.2': '3',
    'group.1': '2:1',
    'weight.2': '5',
  }
  expect(formatMembership(parse(lines))).toBe(
    'server.1=a:1:2:participant\nserver.2=b:1:2:participant\nserver.3=c:1:2:participant\n' +
      'group.1=1:2\ngroup.2=3\nweight.1=1\nweight.2=5\nweight.3=1\nversion=0',
  )
})

test('participants are the members that vote', () => {
  expect(participants(parse(THREE)).map((member) => member.id)).toEqual([1, 2])
})

test.each([
  [{ 'server.x': 'a:1:2' }, 'For input string: "x"'],
  [{ 'server.': 'a:1:2' }, 'For input string: ""'],
  [{ 'server.1.2': 'a:1:2' }, 'For input string: "1.2"'],
  [{ 'group.1': 'x' }, 'For input string: "x"'],
  [{ groupfoo: '1' }, 'For input string: "groupfoo"'],
  [{ 'weight.1': 'x' }, 'For input string: "x"'],
  [{ 'server.1': 'a:1:2', 'server.2': 'b:1:2', 'group.1': '1:2', 'group.2': '2' }, 'Server 2is in multiple groups'],
  [{ 'server.1': 'a:1:2', 'server.2': 'b:1:2', 'group.1': '1' }, 'Server 2is not in a group'],
  [{ 'server.1': 'a:1:2', 'weight.1': '3' }, 'Server 1is not in a group'],
])('%j is refused: %s', (lines, message) => {
  expect(() => parse(lines as unknown as Record<string, string>)).toThrow(message)
})

test('an observer needs no group', () => {
  const membership = parse({ 'server.1': 'a:1:2', 'server.2': 'b:1:2:observer', 'group.1': '1' })
  expect(membership.hierarchy?.groups).toEqual(new Map([[1, [1]]]))
})

test('keys that describe members are known by how they begin', () => {
  expect(['server.1', 'group.1', 'weight.2', 'groupfoo'].every(isMembershipKey)).toBe(true)
  expect(['serverCnxnFactory', 'tickTime'].some(isMembershipKey)).toBe(false)
})

test('the canonical text reads back to itself', () => {
  const text =
    'server.1=a:1:2:participant;127.0.0.1:2181\nserver.2=b:1:2:participant\nserver.3=[0:0:0:0:0:0:0:1]:1:2:observer\n' +
    'group.1=1:2\nweight.1=1\nweight.2=5\nversion=200000003'
  expect(formatMembership(parseMembershipText(text, false))).toBe(text)
})

test('a text may have blanks, comments, other separators and no version', () => {
  const membership = parseMembershipText('# ours\n\n  server.1 = a:1:2 \r\nserver.2: b:1:2;2181\n!done\nserver.3 c:1:2', false)
  expect(formatMembership(membership)).toBe(
    'server.1=a:1:2:participant\nserver.2=b:1:2:participant;0.0.0.0:2181\nserver.3=c:1:2:participant\nversion=0',
  )
})

test.each([
  ['server.1=a:1:2\nclientPort=2181', 'Unrecognised parameter: clientPort'],
  ['server.1=a:1:2\nversion=x', 'For input string: "x"'],
  ['server.1=a:1:2\nversion=ffffffffffffffff', 'For input string: "ffffffffffffffff"'],
  ['server.1=a', 'does not have the form'],
])('the text %j is refused: %s', (text, message) => {
  expect(() => parseMembershipText(text, false)).toThrow(message)
})

test('an observer in a group needs a weight of its own, and without a group has none', () => {
  const lines = { 'server.1': 'a:1:2', 'server.2': 'b:1:2:observer', 'group.1': '1:2' }
  expect(() => parse(lines)).toThrow('Server 2 of group.1 has no weight')
  expect(parse({ ...lines, 'weight.2': '0' }).hierarchy?.weights).toEqual(
    new Map([
      [1, 1],
      [2, 0],
    ]),
  )
})
