import { expect, test } from 'vitest'
import { memberConfig, planEnsemble } from '../../src/ensemble/ensemble-plan.ts'

const OPTIONS = { servers: 3, observers: 0, directory: '/data/local', basePort: 2181 }

test('with the usual first port the members have the usual ports', () => {
  const { members, connectString } = planEnsemble(OPTIONS)
  expect(members[0]).toEqual({
    id: 1,
    isObserver: false,
    clientPort: 2181,
    quorumPort: 2888,
    electionPort: 3888,
    directory: '/data/local/server-1',
    configPath: '/data/local/server-1/zoo.cfg',
    logPath: '/data/local/server-1/server.log',
  })
  expect(connectString).toBe('127.0.0.1:2181,127.0.0.1:2182,127.0.0.1:2183')
})

test('no port is used twice, however many members there are', () => {
  const { members } = planEnsemble({ ...OPTIONS, servers: 60, observers: 4 })
  const ports = members.flatMap(({ clientPort, quorumPort, electionPort }) => [clientPort, quorumPort, electionPort])
  expect(new Set(ports).size).toBe(64 * 3)
})

test('observers come last, and say what they are', () => {
  const plan = planEnsemble({ ...OPTIONS, observers: 1 })
  const [first, , , last] = plan.members
  if (first === undefined || last === undefined) throw new Error('there are four members')
  expect(memberConfig(last, plan)).toBe(
    'tickTime=2000\ninitLimit=10\nsyncLimit=5\ndataDir=/data/local/server-4\nclientPort=2184\nclientPortAddress=127.0.0.1\n' +
      '4lw.commands.whitelist=*\npeerType=observer\nserver.1=127.0.0.1:2888:3888:participant\n' +
      'server.2=127.0.0.1:2889:3889:participant\nserver.3=127.0.0.1:2890:3890:participant\nserver.4=127.0.0.1:2891:3891:observer\n',
  )
  expect(memberConfig(first, plan)).not.toContain('peerType')
})

test('a directory keeps its name in the configuration, whatever it contains', () => {
  const plan = planEnsemble({ ...OPTIONS, directory: '/a\\b\tc' })
  const [first] = plan.members
  expect(first === undefined ? '' : memberConfig(first, plan)).toContain('dataDir=/a\\\\b\\tc/server-1\n')
})

test.each([
  [{ servers: 1, observers: 1 }, '--servers must be at least 2, not 1; for a single one: tskeeper serve --quickstart'],
  [{ servers: 60, observers: 5 }, 'An ensemble here has at most 64 members, not 65'],
  [{ basePort: 0 }, '--base-port must be from 1 to 63826, not 0'],
  [{ basePort: 63_827 }, '--base-port must be from 1 to 63826, not 63827'],
])('%j makes no ensemble', (options, message) => {
  expect(() => planEnsemble({ ...OPTIONS, ...options })).toThrow(message)
})
