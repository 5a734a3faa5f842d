import { expect, test } from 'vitest'
import {
  announce,
  type LaunchOptions,
  nodeFlags,
  outputFile,
  readLaunchSettings,
  serverCommandLine,
} from '../../src/server/launch-settings.ts'
import { FakeSurroundings } from '../fake-surroundings.ts'

const NOTHING = { configDirectory: null, configFile: null }

function settings(environment: Record<string, string>, options: Partial<LaunchOptions> = {}) {
  return readLaunchSettings({ ...NOTHING, ...options }, new FakeSurroundings(environment))
}

test('the configuration is zoo.cfg in the directory of the environment', () => {
  expect(settings({ ZOOCFGDIR: '/etc/zk' }).configPath).toBe('/etc/zk/zoo.cfg')
  expect(settings({ ZOOCFGDIR: '/etc/zk', ZOOCFG: 'other.cfg' }).configPath).toBe('/etc/zk/other.cfg')
})

test('--config wins over the environment', () => {
  expect(settings({ ZOOCFGDIR: '/etc/zk' }, { configDirectory: '/srv' }).configPath).toBe('/srv/zoo.cfg')
})

test('A155: a file without a slash is in that directory, any other is where it says', () => {
  expect(settings({ ZOOCFGDIR: '/etc/zk' }, { configFile: 'zoo1.cfg' }).configPath).toBe('/etc/zk/zoo1.cfg')
  expect(settings({ ZOOCFGDIR: '/etc/zk' }, { configFile: './conf/zoo1.cfg' }).configPath).toBe('./conf/zoo1.cfg')
  expect(settings({ ZOOCFGDIR: '/etc/zk' }, { configFile: '/x/zoo1.cfg' }).configPath).toBe('/x/zoo1.cfg')
})

test('directories follow the place of the launchers', () => {
  expect(settings({ ZOOBINDIR: '/opt/zk/bin' })).toEqual({
    configPath: '/opt/zk/bin/../etc/zookeeper/zoo.cfg',
    logDirectory: '/opt/zk/bin/../logs',
  })
  expect(settings({ ZOOBINDIR: '/opt/zk/bin', ZOO_LOG_DIR: '/var/log/zk' }).logDirectory).toBe('/var/log/zk')
})

test('A154: every call begins with the lines that log matchers know', () => {
  const surroundings = new FakeSurroundings({})
  announce({ configPath: '/opt/zk/bin/../conf/zoo.cfg', logDirectory: '' }, surroundings)
  expect(surroundings.stderr).toBe('ZooKeeper JMX enabled by default\nUsing config: /opt/zk/bin/../conf/zoo.cfg\n')
  expect(surroundings.stdout).toBe('')
})

test.each([
  [{ JMXDISABLE: 'true' }, 'JMX disabled by user request\n'],
  [{ JMXDISABLE: 'false' }, 'ZooKeeper JMX enabled by default\n'],
  [
    { JMXPORT: '9999', JMXSSL: 'true' },
    'ZooKeeper JMX enabled by default\nZooKeeper remote JMX Port set to 9999\nZooKeeper remote JMX authenticate set to false\n' +
      'ZooKeeper remote JMX ssl set to true\nZooKeeper remote JMX log4j set to true\n',
  ],
])('with %j the first lines are others', (environment, expected) => {
  const surroundings = new FakeSurroundings(environment)
  announce({ configPath: 'x', logDirectory: '' }, surroundings)
  expect(surroundings.stderr).toBe(`${expected}Using config: x\n`)
})

test('the output of a server in the background is named after user and host', () => {
  const surroundings = new FakeSurroundings({ USER: 'zk', HOSTNAME: 'node1' })
  expect(outputFile({ configPath: '', logDirectory: '/var/log/zk' }, surroundings)).toBe(
    '/var/log/zk/zookeeper-zk-server-node1.out',
  )
})

test('the heap and the flags of the runtime come from the environment', () => {
  expect(nodeFlags({})).toEqual([])
  expect(nodeFlags({ NODE_FLAGS: ' --max-semi-space-size=32  --expose-gc ', ZK_SERVER_HEAP: '512' })).toEqual([
    '--max-semi-space-size=32',
    '--expose-gc',
    '--max-old-space-size=512',
  ])
})

test('the command line of a server has the flags before the program and the configuration last', () => {
  const surroundings = new FakeSurroundings({ ZK_SERVER_HEAP: '512', ZOO_DATADIR_AUTOCREATE_DISABLE: '1' })
  const [program, ...args] = serverCommandLine({ configPath: '/etc/zk/zoo.cfg', logDirectory: '' }, surroundings)
  expect(program).toBe(process.execPath)
  expect(args).toEqual([
    '--max-old-space-size=512',
    expect.stringMatching(/\/main\.js$/),
    'serve',
    '-Dzookeeper.datadir.autocreate=false',
    '/etc/zk/zoo.cfg',
  ])
})
