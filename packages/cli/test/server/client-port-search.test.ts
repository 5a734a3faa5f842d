import { expect, test } from 'vitest'
import { type ConfigReader, findClientPort } from '../../src/server/client-port-search.ts'

function reader(
  keys: Record<string, string>,
  myId: string | null = null,
  others: Record<string, Record<string, string>> = {},
): ConfigReader {
  return {
    keys: new Map(Object.entries(keys)),
    myId,
    readOther: (path) => (others[path] === undefined ? null : new Map(Object.entries(others[path]))),
  }
}

function lines(...args: Parameters<typeof reader>): readonly string[] {
  return findClientPort(reader(...args)).lines
}

const NO_MYID = 'myid could not be determined, will not able to locate clientPort in the server configs.'
const LOOK_IN_DYNAMIC = 'Client port not found in static config file. Looking in dynamic config file.'
const NOT_IN_SERVERS = 'Client port not found in the server configs'
const LOOK_FOR_SECURE = 'Client port not found. Looking for secureClientPort in the static config.'
const NOWHERE = 'Unable to find either secure or unsecure client port in any configs. Terminating.'

test('the client port of the main file comes first', () => {
  expect(lines({ clientPort: '2181', 'server.1': 'a:1:2;99' }, '1')).toEqual([
    'Client port found: 2181. Client address: localhost. Client SSL: false.',
  ])
  expect(findClientPort(reader({ clientPort: '2181', clientPortAddress: '10.0.0.1' })).address).toEqual({
    host: '10.0.0.1',
    port: 2181,
    isSecure: false,
  })
})

test('then the part for clients of the own line', () => {
  expect(lines({ 'server.1': 'a:1:2:participant;99', 'server.2': 'b:1:2;98' }, '1')).toEqual([
    'Client port found: 99. Client address: localhost. Client SSL: false.',
  ])
  expect(findClientPort(reader({ 'server.1': 'a:1:2;[::1]:99' }, '1')).address).toEqual({
    host: '::1',
    port: 99,
    isSecure: false,
  })
})

test('then the own line of the dynamic file', () => {
  const dynamic = { '/dynamic': { 'server.1': 'a:1:2;127.0.0.9:99' } }
  expect(lines({ dynamicConfigFile: '/dynamic' }, '1', dynamic)).toEqual([
    LOOK_IN_DYNAMIC,
    'Client port found: 99. Client address: 127.0.0.9. Client SSL: false.',
  ])
})

test.each([
  ['no own line', { 'server.2': 'b:1:2;98' }],
  ['no dynamic file', {}],
  ['a dynamic file that is missing', { dynamicConfigFile: '/nope' }],
])('with %s the server lines are of no use', (_what, keys) => {
  expect(lines(keys, '1')).toEqual([LOOK_IN_DYNAMIC, NOT_IN_SERVERS, LOOK_FOR_SECURE, NOWHERE])
  expect(findClientPort(reader(keys, '1')).address).toBeNull()
})

test('without myid the server lines are not looked at', () => {
  expect(lines({ 'server.1': 'a:1:2;99' })).toEqual([NO_MYID, LOOK_FOR_SECURE, NOWHERE])
})

test('the TLS port comes last', () => {
  expect(lines({ secureClientPort: '2281', secureClientPortAddress: '127.0.0.7' }, '1')).toEqual([
    LOOK_IN_DYNAMIC,
    NOT_IN_SERVERS,
    LOOK_FOR_SECURE,
    'Client port found: 2281. Client address: 127.0.0.7. Client SSL: true.',
  ])
})
