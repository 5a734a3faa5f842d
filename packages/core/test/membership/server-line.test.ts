import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatServerLine, type Member, parseServerLine } from '../../src/membership/server-line.ts'

const FORM =
  ' does not have the form server_config or server_config;client_config where server_config is the pipe separated list of ' +
  'host:port:port or host:port:port:type and client_config is port or host:port'

function canonical(text: string, isMultiAddressEnabled = false): string {
  return formatServerLine(parseServerLine(1, text, isMultiAddressEnabled))
}

test.each([
  ['zoo1:2888:3888', 'zoo1:2888:3888:participant'],
  ['zoo1:2888:3888;2181', 'zoo1:2888:3888:participant;0.0.0.0:2181'],
  ['zoo1:2888:3888:observer;2181', 'zoo1:2888:3888:observer;0.0.0.0:2181'],
  ['zoo1:2888:3888:PARTICIPANT;10.0.0.1:2181', 'zoo1:2888:3888:participant;10.0.0.1:2181'],
  ['zoo1:2888:3888;', 'zoo1:2888:3888:participant'],
  ['[::1]:2888:3888;[fe80::1]:2181', '[0:0:0:0:0:0:0:1]:2888:3888:participant;[fe80:0:0:0:0:0:0:1]:2181'],
  ['[2001:db8::1.2.3.4]:2888:3888', '[2001:db8:0:0:0:0:102:304]:2888:3888:participant'],
  ['[2001:DB8:0:0:0:0:0:1]:2888:3888', '[2001:db8:0:0:0:0:0:1]:2888:3888:participant'],
  ['localhost:2287:3387', 'localhost:2287:3387:participant'],
])('A147: %s is understood and written as %s', (text, expected) => {
  expect(canonical(text)).toBe(expected)
})

test('several addresses are sorted by host and name the role once', () => {
  expect(canonical('b:1:2:observer|a:3:4;2181', true)).toBe('a:3:4|b:1:2:observer;0.0.0.0:2181')
})

test.each([
  ['127.0.0.1:28881', FORM],
  ['127.0.0.1', FORM],
  ['', FORM],
  ['127.0.0.1:1:2:observer:5', FORM],
  ['127.0.0.1:1:2;1;2', FORM],
  ['127.0.0.1:1:2;a:b:1', FORM],
  ['[::1]', FORM],
  ['::1:1:2', FORM],
])('%j has not the form of a server line', (text, form) => {
  expect(() => parseServerLine(1, text, false)).toThrow(text + form)
})

test.each([
  ['127.0.0.1:x:2', 'Address unresolved: 127.0.0.1:x'],
  ['127.0.0.1:1:x', 'Address unresolved: 127.0.0.1:x'],
  ['127.0.0.1:1:2;localhost:x', 'Address unresolved: localhost:x'],
  ['127.0.0.1:1:2; 2181', 'Address unresolved: 0.0.0.0: 2181'],
  ['127.0.0.1:1:70000', 'port out of range:70000'],
  ['127.0.0.1:-1:2', 'port out of range:-1'],
  ['127.0.0.1:1:2:foo', 'Unrecognised peertype: foo'],
  ['127.0.0.1:2:2', 'Client and election port must be different! Please update the configuration file on server.1'],
  ['127.0.0.1:1:2|127.0.0.2:1:2', 'Multiple address feature is disabled, but multiple addresses were specified for sid 1'],
  ['[::1:1:2', "[::1:1:2 starts with '[' but has no matching ']:'"],
])('%j is refused: %s', (text, message) => {
  expect(() => parseServerLine(1, text, false)).toThrow(message)
})

test('addresses of one server cannot have different roles', () => {
  expect(() => parseServerLine(1, 'a:1:2:observer|b:1:2:participant', true)).toThrow(
    'Multiple addresses should have similar roles: OBSERVER vs PARTICIPANT',
  )
  expect(parseServerLine(1, 'a:1:2:observer|b:1:2', true).role).toBe('observer')
})

const port = fc.integer({ min: 0, max: 65535 })
const host = fc.oneof(
  fc.stringMatching(/^[a-z][a-z0-9.-]{0,12}$/),
  fc.ipV4(),
  // Written in full, because that is the form that comes back.
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 })
    .map((groups) => groups.map((group) => group.toString(16)).join(':')),
)
const address = fc.record({ host, quorumPort: port, electionPort: port }).filter((one) => one.quorumPort !== one.electionPort)
const member: fc.Arbitrary<Member> = fc.record({
  id: fc.nat({ max: 254 }),
  addresses: fc.array(address, { minLength: 1, maxLength: 3 }),
  role: fc.constantFrom('participant' as const, 'observer' as const),
  client: fc.option(fc.record({ host, port })),
})

test('a member survives being written and read', () => {
  fc.assert(
    fc.property(member, (original) => {
      const text = formatServerLine(original)
      const read = parseServerLine(original.id, text, true)
      expect({ ...read, addresses: new Set(read.addresses) }).toEqual({ ...original, addresses: new Set(original.addresses) })
      expect(formatServerLine(read)).toBe(text)
    }),
  )
})

test('any text is either read, and then its canonical form reads the same, or refused with a message', () => {
  const fragments = fc.constantFrom(
    'a',
    ':',
    '1',
    '2888',
    ';',
    '|',
    '[',
    ']',
    '::',
    'observer',
    ' ',
    '-',
    'participant',
    '70000',
    '.',
  )
  fc.assert(
    fc.property(fc.array(fragments, { maxLength: 14 }), (parts) => {
      const text = parts.join('')
      let read: Member
      try {
        read = parseServerLine(1, text, true)
      } catch (error) {
        expect(error).toMatchObject({ name: 'ConfigError' })
        return
      }
      expect(formatServerLine(parseServerLine(1, formatServerLine(read), true))).toBe(formatServerLine(read))
    }),
    { numRuns: 2000 },
  )
})
