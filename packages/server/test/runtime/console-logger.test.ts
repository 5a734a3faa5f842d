import { expect, test } from 'vitest'
import { ConsoleLogger, type LogLevel, parseLogLevel } from '../../src/runtime/console-logger.ts'
import { StartupError } from '../../src/startup-error.ts'

function makeLogger(level: LogLevel = 'INFO', nowMs = new Date(2026, 10, 20, 18, 6, 0, 123).getTime()) {
  const lines: string[] = []
  const logger = new ConsoleLogger({ level, clock: { nowMs: () => nowMs }, write: (line) => lines.push(line) })
  return { logger, lines }
}

test('a line has the layout of the console of a ZooKeeper server', () => {
  const { logger, lines } = makeLogger()
  logger.info('binding to port /0.0.0.0:2181')
  logger.warn('slow', { tookMs: 5 })
  expect(lines).toEqual([
    '2026-11-20 18:06:00,123 [myid:] - INFO  [main:server] - binding to port /0.0.0.0:2181\n',
    '2026-11-20 18:06:00,123 [myid:] - WARN  [main:server] - slow tookMs=5\n',
  ])
})

test('every part of the time has its full width', () => {
  const { logger, lines } = makeLogger('INFO', new Date(2027, 0, 2, 3, 4, 5, 6).getTime())
  logger.error('x')
  expect(lines[0]).toBe('2027-01-02 03:04:05,006 [myid:] - ERROR [main:server] - x\n')
})

test('components share the id of the server and the level', () => {
  const { logger, lines } = makeLogger('WARN')
  const component = logger.forComponent('config')
  logger.setMyId(3)
  component.info('not written')
  component.warn('written')
  expect(lines).toEqual(['2026-11-20 18:06:00,123 [myid:3] - WARN  [main:config] - written\n'])
})

test.each<[LogLevel, number]>([
  ['TRACE', 5],
  ['DEBUG', 4],
  ['INFO', 3],
  ['WARN', 2],
  ['ERROR', 1],
  ['OFF', 0],
])('at level %s, %d of the five levels are written', (level, count) => {
  const { logger, lines } = makeLogger(level)
  logger.trace('t')
  logger.debug('d')
  logger.info('i')
  logger.warn('w')
  logger.error('e')
  expect(lines).toHaveLength(count)
})

test('fields are written so that they can be taken apart again', () => {
  const { logger, lines } = makeLogger()
  logger.info('m', {
    word: 'a',
    words: 'two words',
    empty: '',
    id: 0x100000dfeea0000n,
    none: null,
    missing: undefined,
    list: [1, 2n],
  })
  expect(lines[0]?.split(' - ')[2]).toBe('m word=a words="two words" empty="" id=0x100000dfeea0000 none=null list=[1,"0x2"]\n')
})

test('a session id is printed unsigned', () => {
  const { logger, lines } = makeLogger()
  logger.info('m', { id: -1n })
  expect(lines[0]).toContain('id=0xffffffffffffffff')
})

test('text from outside cannot start a line of its own', () => {
  const { logger, lines } = makeLogger()
  logger.info('path /a\n2026 fake line\u001b[31m', { data: 'x\r\ny' })
  expect(lines[0]?.match(/\n/g)).toHaveLength(1)
  expect(lines[0]).toContain('path /a\\n2026 fake line\\u001b[31m data="x\\r\\ny"')
})

test('a refused start shows its causes without stack traces', () => {
  const { logger, lines } = makeLogger()
  const cause = new Error('dataDir is not set')
  logger.error('Invalid config, exiting abnormally', { error: new StartupError('Error processing zoo.cfg', 2, { cause }) })
  expect(lines[0]?.split(' - ')[2]).toBe(
    'Invalid config, exiting abnormally\nError processing zoo.cfg\nCaused by: dataDir is not set\n',
  )
})

test('a mistake of the program shows where it happened, even below a refused start', () => {
  const { logger, lines } = makeLogger()
  logger.error('a', { error: new Error('boom') })
  logger.error('b', { error: new StartupError('refused', 1, { cause: new TypeError('undefined is not a function') }) })
  expect(lines[0]).toMatch(/Error: boom\n {4}at /)
  expect(lines[1]).toMatch(/refused\nCaused by: TypeError: undefined is not a function\n {4}at /)
})

test('an error that is its own cause comes to an end', () => {
  const { logger, lines } = makeLogger()
  const error = new StartupError('round and round', 1)
  error.cause = error
  logger.error('x', { error })
  expect(lines[0]?.match(/round and round/g)).toHaveLength(10)
})

test('a log that cannot be written does not disturb the server, and says later what is missing', () => {
  let isBroken = true
  const lines: string[] = []
  const write = (line: string): void => {
    if (isBroken) throw Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })
    lines.push(line)
  }
  const logger = new ConsoleLogger({ level: 'INFO', clock: { nowMs: () => 0 }, write })
  logger.info('lost')
  logger.info('lost, too')
  isBroken = false
  logger.info('back')
  logger.info('normal')
  expect(lines.map((line) => line.replaceAll(/^.*? - /gm, ''))).toEqual([
    'WARN  [main:log] - 2 lines of this log could not be written\nINFO  [main:server] - back\n',
    'INFO  [main:server] - normal\n',
  ])
})

test.each([
  ['info', 'INFO'],
  ['WARNING', 'WARN'],
  ['all', 'TRACE'],
  [' Debug ', 'DEBUG'],
  ['loud', null],
])('the level %j is %s', (text, level) => {
  expect(parseLogLevel(text)).toBe(level)
})
