import { expect, test } from 'vitest'
import { readShellArguments, serverCount } from '../../src/shell/shell-arguments.ts'

test('without words the shell talks to this machine', () => {
  expect(readShellArguments([])).toEqual({
    servers: 'localhost:2181',
    sessionTimeoutMs: 30_000,
    isReadOnlyAllowed: false,
    waitsForConnection: false,
    configurationFile: null,
    isJson: false,
    hasPrompt: false,
    isHelpWanted: false,
    command: null,
    complaints: [],
  })
})

test('options come first, and the first word without a dash is the command', () => {
  const parsed = readShellArguments(['-server', 'a:1,b:2/root', '-timeout', '5000', '-r', '-waitforconnection', 'ls', '-R', '/'])
  expect(parsed).toMatchObject({
    servers: 'a:1,b:2/root',
    sessionTimeoutMs: 5_000,
    isReadOnlyAllowed: true,
    waitsForConnection: true,
    command: ['ls', '-R', '/'],
  })
})

test('an unknown option is passed over', () => {
  expect(readShellArguments(['-frob', '-server', 'a:1']).servers).toBe('a:1')
})

test('an option without its value is told, and the default stays', () => {
  const parsed = readShellArguments(['-server'])
  expect(parsed.complaints).toEqual(['Error: no argument found for option -server'])
  expect(parsed.servers).toBe('localhost:2181')
})

test('a time-out that is no number is told, and the default stays', () => {
  const parsed = readShellArguments(['-timeout', 'soon'])
  expect(parsed.complaints).toEqual(['Error: -timeout is a number of milliseconds, not soon'])
  expect(parsed.sessionTimeoutMs).toBe(30_000)
})

test.each([
  ['a:1', 1],
  ['a:1,b:2,c:3/x,y', 3],
  ['[::1]:2181,b', 2],
])('%s names %i servers', (servers, count) => {
  expect(serverCount(servers)).toBe(count)
})
