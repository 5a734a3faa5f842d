import { expect, test } from 'vitest'
import { readEnsembleArguments } from '../../src/ensemble/ensemble-options.ts'
import { runCommand } from '../../src/run-command.ts'
import { FakeSurroundings } from '../fake-surroundings.ts'

test('without words there are three servers from port 2181 on, in a temporary directory', () => {
  expect(readEnsembleArguments([], '/here')).toEqual({ servers: 3, observers: 0, directory: null, basePort: 2181 })
})

test('every word counts, and a directory begins where the command is called', () => {
  const args = ['--servers', '5', '--observers=2', '--dir', 'data', '--base-port', '4000']
  expect(readEnsembleArguments(args, '/here')).toEqual({ servers: 5, observers: 2, directory: '/here/data', basePort: 4000 })
})

test.each([
  [['--servers', 'three'], '--servers must be a whole number, not three\n'],
  [['--observers', '1.5'], '--observers must be a whole number, not 1.5\n'],
  [['--base-port', '9999999'], '--base-port must be a whole number, not 9999999\n'],
  [['--server', '3'], "Unknown option '--server'"],
  [['3'], "Unexpected argument '3'"],
  [['--servers', '0'], '--servers must be at least 2, not 0; for a single one: tskeeper serve --quickstart\n'],
])('%j is refused by name, and nothing is started', async (args, message) => {
  const surroundings = new FakeSurroundings()
  expect(await runCommand(['ensemble', ...args], surroundings)).toBe(1)
  expect(surroundings.stderr).toContain(message)
  expect(surroundings.stdout).toBe('')
})

test('help explains the words', async () => {
  const surroundings = new FakeSurroundings()
  expect(await runCommand(['ensemble', '--help'], surroundings)).toBe(0)
  expect(surroundings.stdout).toMatch(/^Usage: tskeeper ensemble \[--servers N\]/)
})
