import { expect, test } from 'vitest'
import { runCommand } from '../src/run-command.ts'
import { FakeSurroundings } from './fake-surroundings.ts'

async function run(...argv: string[]): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const surroundings = new FakeSurroundings({ ZOOCFGDIR: '/nowhere' })
  const exitCode = await runCommand(argv, surroundings)
  return { exitCode, stdout: surroundings.stdout, stderr: surroundings.stderr }
}

test.each([[], ['--help'], ['-h'], ['help']])('the help lists the commands: %j', async (...argv) => {
  const { exitCode, stdout, stderr } = await run(...argv)
  expect(exitCode).toBe(0)
  expect(stdout).toContain('tskeeper server start|start-foreground|stop|restart|status|print-cmd|version|init [config]')
  expect(stdout).toContain('tskeeper cleanup -n count [config]')
  expect(stdout).not.toContain('zkServer-initialize')
  expect(stderr).toBe('')
})

test('an unknown command is answered with the nearest one', async () => {
  expect(await run('clenup')).toEqual({
    exitCode: 127,
    stdout: '',
    stderr: 'There is no command clenup. Did you mean cleanup? See tskeeper --help.\n',
  })
  expect((await run('frobnicate')).stderr).toBe('There is no command frobnicate. See tskeeper --help.\n')
})

test('an unknown verb of the server is answered with the nearest one and the usage', async () => {
  const { exitCode, stderr } = await run('server', 'strat')
  expect(exitCode).toBe(127)
  expect(stderr).toBe(
    'There is no server strat. Did you mean server start?\n' +
      'Usage: tskeeper server [--config <conf-dir>] {start|start-foreground|stop|version|restart|status|print-cmd}\n',
  )
})

test.each(['constructor', 'toString', '__proto__'])('%s, which every object has, is no verb', async (verb) => {
  expect((await run('server', verb)).exitCode).toBe(127)
  expect((await run('zkServer', 'zkServer.sh', verb)).exitCode).toBe(0)
})

test('the version names this program and the release that it follows', async () => {
  const { exitCode, stdout } = await run('version')
  expect(exitCode).toBe(0)
  expect(stdout).toMatch(/^tskeeper \d+\.\d+\.\d+ \(follows Apache ZooKeeper 3\.9\.5, Node v20\.\d+\.\d+\)\n$/)
  expect((await run('--version')).stdout).toBe(stdout)
})

test.each([
  [[], ''],
  [['3'], ''],
  [['-n'], ''],
  [['--help'], ''],
  [['-n', '3', 'zoo.cfg', 'more'], ''],
  [['-n', '2'], 'count should be greater than or equal to 3\n'],
  [['-n', 'x'], "'x' can not be parsed to integer.\n"],
])('cleanup with the arguments %j explains its use', async (args, stderr) => {
  expect(await run('zkCleanup', ...args)).toEqual({
    exitCode: 1,
    stdout:
      'Usage:\nPurgeTxnLog dataLogDir [snapDir] -n count\n\tdataLogDir -- path to the txn log directory\n' +
      '\tsnapDir -- path to the snapshot directory\n' +
      '\tcount -- the number of old snaps/logs you want to keep, value should be greater than or equal to 3\n',
    stderr,
  })
})

test('initialize explains its use, and fails, when asked for help', async () => {
  const { exitCode, stdout } = await run('zkServer-initialize', 'bin/zkServer-initialize.sh', '--help')
  expect(exitCode).toBe(1)
  expect(stdout).toMatch(/^Usage: bin\/zkServer-initialize\.sh \[--configfile=FILE\] \[--myid=N\] \[--force\]/)
})

test.each([
  [['--frob'], "Unknown option '--frob'"],
  [['--myid=one'], '--myid must be a whole number, not one'],
])('initialize refuses %j by name', async (args, reason) => {
  const { exitCode, stdout, stderr } = await run('server', 'init', ...args)
  expect(exitCode).toBe(1)
  expect(stderr).toContain(reason)
  expect(stdout).toMatch(/^Usage: tskeeper server init/)
})
