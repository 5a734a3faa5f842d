import { type ErrorCode, ZooKeeperError } from '@tskeeper/client'
import { expect, test } from 'vitest'
import { describeFailure, failureAbout } from '../../../src/shell/text/error-text.ts'

const expected: readonly (readonly [ErrorCode, string])[] = [
  ['NO_NODE', 'Node does not exist: /x'],
  ['NODE_EXISTS', 'Node already exists: /x'],
  ['NOT_EMPTY', 'Node not empty: /x'],
  ['NO_CHILDREN_FOR_EPHEMERALS', 'Ephemerals cannot have children: /x'],
  ['BAD_VERSION', 'version No is not valid : /x'],
  ['NO_AUTH', 'Insufficient permission : /x'],
  ['INVALID_ACL', 'Acl is not valid : /x'],
  ['BAD_ARGUMENTS', 'Arguments are not valid : /x'],
  ['NOT_READ_ONLY', 'Not a read-only call: /x'],
  ['QUOTA_EXCEEDED', 'Quota has exceeded : /x'],
  ['RECONFIG_IN_PROGRESS', 'Another reconfiguration is in progress -- concurrent reconfigs not supported (yet)'],
  ['RECONFIG_DISABLED', 'KeeperErrorCode = Reconfig is disabled'],
  ['CONNECTION_LOSS', 'KeeperErrorCode = ConnectionLoss for /x'],
  ['SESSION_EXPIRED', 'KeeperErrorCode = Session expired for /x'],
  ['NO_WATCHER', 'KeeperErrorCode = No such watcher for /x'],
]

test.each(expected)('%s is told as: %s', (code, text) => {
  const failure = describeFailure(new ZooKeeperError(code, 'a message', { path: '/x' }), null)
  expect(failure.message).toBe(text)
  expect(failure).toMatchObject({ code, path: '/x', exitCode: 1 })
})

test('an error without a path of its own is told with the path of the command', () => {
  expect(describeFailure(new ZooKeeperError('NO_NODE', ''), '/y').message).toBe('Node does not exist: /y')
})

test('a reconfiguration has no path, and its texts end where it would stand', () => {
  const error = new ZooKeeperError('BAD_VERSION', '', { path: '/zookeeper/config' })
  expect(failureAbout(error, '').message).toBe('version No is not valid : ')
})

test('what is no error of the client is thrown on', () => {
  const mistake = new TypeError('a mistake of the program')
  expect(() => describeFailure(mistake, null)).toThrow(mistake)
})
