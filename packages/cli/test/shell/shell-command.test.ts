import { expect, test } from 'vitest'
import { hasColours, runShell } from '../../src/shell/shell-command.ts'
import { FakeSurroundings } from '../fake-surroundings.ts'

test.each([
  [{ TERM: 'xterm-256color' }, true],
  [{ TERM: 'xterm', NO_COLOR: '' }, true],
  [{ TERM: 'xterm', NO_COLOR: '1' }, false],
  [{ TERM: 'dumb' }, false],
])('in the environment %j, colours are used: %s', (environment, expected) => {
  expect(hasColours(environment)).toBe(expected)
})

test('a connect string that names no server is refused before anything is tried', async () => {
  const surroundings = new FakeSurroundings({})
  expect(await runShell(['-server', '/app', 'ls', '/'], surroundings)).toBe(1)
  expect(surroundings.stderr).toContain('it names no server')
})
