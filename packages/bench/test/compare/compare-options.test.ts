import { expect, test } from 'vitest'
import { UsageError } from '../../src/command-line.ts'
import { COMPARE_USAGE, parseCompareOptions } from '../../src/compare/compare-options.ts'
import { ensembleLifeRowNames } from '../../src/compare/ensemble-life.ts'
import { lifeRowNames } from '../../src/compare/life-cycle.ts'
import { ensembleRows, loadRows } from '../../src/compare/rows.ts'
import { commandFor, parseTarget } from '../../src/compare/target.ts'
import { parseLoadOptions } from '../../src/load/load-options.ts'

test('without options Apache is A and ours is B, five times five seconds', () => {
  expect(parseCompareOptions([])).toMatchObject({
    a: 'apache',
    b: 'ours',
    repeats: 5,
    durationS: 5,
    nodes: 1000000,
    only: null,
    isTemporary: true,
  })
})

test('--quick does everything once, and single options still win over it', () => {
  expect(parseCompareOptions(['--quick'])).toMatchObject({ repeats: 1, lifeRepeats: 1, durationS: 1, isQuick: true })
  expect(parseCompareOptions(['--quick', '--duration', '3', '--repeat', '2'])).toMatchObject({ repeats: 2, durationS: 3 })
})

test.each([
  ['--repeat 0', '--repeat 0: a whole number of at least 1'],
  ['--only (', '--only (:'],
  ['--colour red', "Unknown option '--colour'"],
])('"%s" is refused with the reason', (line, message) => {
  expect(() => parseCompareOptions(line.split(' '))).toThrow(UsageError)
  expect(() => parseCompareOptions(line.split(' '))).toThrow(message)
})

test('ensembles have at least three members and rows of their own, all spread over the members and held against half of the p99', () => {
  expect(parseCompareOptions([])).toMatchObject({ ensembleSize: null })
  expect(parseCompareOptions(['--ensemble', '3'])).toMatchObject({
    ensembleSize: 3,
    nodes: 100000,
    idleKills: 10,
    loadedKills: 5,
  })
  expect(parseCompareOptions(['--ensemble', '5', '--quick', '--nodes', '2000'])).toMatchObject({ ensembleSize: 5, nodes: 2000 })
  expect(() => parseCompareOptions(['--ensemble', '2'])).toThrow('--ensemble 2: a whole number from 3 to 9 is expected')
  const rows = ensembleRows()
  for (const row of rows) {
    expect(parseLoadOptions(row.argv).payloadBytes).toBe(row.payloadBytes)
    expect(row.goals).toMatchObject({ p99: 0.5, throughput: expect.any(Number) })
    expect(row.hasEcho).toBe(false)
  }
  const names = [...rows.map((row) => row.name), ...ensembleLifeRowNames(1000)]
  expect(new Set(names).size).toBe(names.length)
})

test('a target is a known server or a command with the place of its configuration', () => {
  expect(commandFor(parseTarget('cmd:java -jar zk.jar {cfg} -v'), '/d/zoo.cfg')).toEqual({
    program: 'java',
    args: ['-jar', 'zk.jar', '/d/zoo.cfg', '-v'],
  })
  expect(commandFor(parseTarget('cmd:serve'), '/d/zoo.cfg')).toEqual({ program: 'serve', args: ['/d/zoo.cfg'] })
  expect(commandFor(parseTarget('apache'), '/d/zoo.cfg').args).toContain('-Xmx1g')
  expect(() => parseTarget('etcd')).toThrow(UsageError)
  expect(() => parseTarget('cmd:')).toThrow(UsageError)
})

test.each([true, false])('every row is a load that the generator accepts, under a name of its own (quick: %s)', (isQuick) => {
  const rows = loadRows(isQuick)
  for (const row of rows) {
    const options = parseLoadOptions(row.argv)
    expect(options.payloadBytes).toBe(row.payloadBytes)
    expect(options.operations !== null).toBe(row.isCounted)
    if (row.hasEcho) expect(parseLoadOptions([...row.argv, '--raw']).isRaw).toBe(true)
  }
  const names = [...rows.map((row) => row.name), ...lifeRowNames(1000)]
  expect(new Set(names).size).toBe(names.length)
})

test('the usage names each option', () => {
  for (const option of [
    'only',
    'repeat',
    'duration',
    'warmup',
    'quick',
    'ensemble',
    'nodes',
    'a',
    'b',
    'directory',
    'out',
    'markdown',
    'list',
  ]) {
    expect(COMPARE_USAGE).toMatch(new RegExp(`--${option}\\b`))
  }
})
