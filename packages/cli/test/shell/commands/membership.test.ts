import { expect, test } from 'vitest'
import { clientConfig } from '../../../src/shell/commands/membership.ts'

test('A175: the version and the addresses for clients stand on one line', () => {
  const text = [
    'server.1=127.0.0.1:2888:3888:participant;127.0.0.1:2181',
    'server.2=127.0.0.1:2889:3889:participant',
    'version=100000000',
  ].join('\n')
  expect(clientConfig(text)).toBe('100000000 127.0.0.1:2181,')
})

test('A175: a server that belongs to no ensemble has nothing to say', () => {
  expect(clientConfig('')).toBe(' ')
})
