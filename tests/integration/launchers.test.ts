// The launchers as people and service managers call them: real scripts, real processes, what they print and with which code they
// end. They run in an installation of their own, bundled from the sources of this moment, whatever was built before.

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { bundleProgram } from '../../scripts/bundle.ts'
import { fourLetterWord, freePort } from '../support/server-process.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const INSTALLATION = mkdtempSync(join(tmpdir(), 'tskeeper-installation-'))
const BIN = join(INSTALLATION, 'bin')
const FIRST_LINES = (config: string): string => `ZooKeeper JMX enabled by default\nUsing config: ${config}\n`
/** Starting processes on a busy machine takes as long as it takes. */
const PATIENCE_MS = 60_000

let directory = ''
let config = ''
let dataDir = ''
let pidFile = ''
let port = 0
const children: ChildProcess[] = []

beforeAll(async () => {
  for (const name of ['bin', 'conf']) cpSync(join(ROOT, name), join(INSTALLATION, name), { recursive: true })
  writeFileSync(join(INSTALLATION, 'package.json'), '{ "type": "module" }')
  await bundleProgram('src', join(INSTALLATION, 'packages/cli/dist/bundle'))
}, PATIENCE_MS)

afterAll(() => {
  rmSync(INSTALLATION, { recursive: true, force: true })
})

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tskeeper-launchers-'))
  dataDir = join(directory, 'data')
  pidFile = join(dataDir, 'zookeeper_server.pid')
  config = join(directory, 'zoo.cfg')
  port = await freePort()
  writeConfig()
})

afterEach(async () => {
  for (const child of children.splice(0)) await ended(child, 'SIGKILL')
  if (existsSync(pidFile)) killByPidFile()
  rmSync(directory, { recursive: true, force: true })
})

function writeConfig(more = ''): void {
  writeFileSync(
    config,
    `tickTime=2000\ndataDir=${dataDir}\nclientPort=${port}\nclientPortAddress=127.0.0.1\npreAllocSize=64\n${more}`,
  )
}

function killByPidFile(): void {
  try {
    process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL')
  } catch {
    // It has ended already.
  }
}

interface Outcome {
  readonly exitCode: number | string | null
  readonly stdout: string
  readonly stderr: string
}

function environment(more: Readonly<Record<string, string>>): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', HOME: directory, USER: 'tester', ZOO_LOG_DIR: join(directory, 'logs'), ...more }
}

/** Runs a script of `bin` to its end. */
function run(script: string, args: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = { cwd: directory, env: environment(more), timeout: PATIENCE_MS }
    execFile(script.startsWith('/') ? script : join(BIN, script), args, options, (error, stdout, stderr) => {
      resolve({ exitCode: error === null ? 0 : (error.code ?? error.signal ?? null), stdout, stderr })
    })
  })
}

/** Starts a script and leaves it running. */
function launch(script: string, args: readonly string[], more: Readonly<Record<string, string>> = {}): ChildProcess {
  const child = spawn(join(BIN, script), args, { cwd: directory, env: environment(more), stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  return child
}

function ended(child: ChildProcess, signal: NodeJS.Signals | null = null): Promise<number | string | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode ?? child.signalCode)
  return new Promise((resolve) => {
    child.once('exit', (code, ending) => resolve(code ?? ending))
    if (signal !== null) child.kill(signal)
  })
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  let text = ''
  stream?.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  return () => text
}

/** Asks until the server serves. */
async function untilServing(): Promise<void> {
  for (;;) {
    const answer = await fourLetterWord(port, 'srvr').catch(() => '')
    if (answer.includes('Mode: standalone')) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

test('A154: start prints the lines that everybody knows, and the server runs', { timeout: PATIENCE_MS }, async () => {
  expect(await run('zkServer.sh', ['start', config])).toEqual({
    exitCode: 0,
    stdout: 'Starting zookeeper ... STARTED\n',
    stderr: FIRST_LINES(config),
  })
  expect(readFileSync(pidFile, 'utf8')).toMatch(/^\d+$/)
  await untilServing()
  const logs = readdirSync(join(directory, 'logs'))
  expect(logs).toEqual([expect.stringMatching(/^zookeeper-tester-server-.+\.out$/)])
  expect(readFileSync(join(directory, 'logs', logs[0] ?? ''), 'utf8')).toContain(
    `INFO  [main:config] - Reading configuration from: ${config}`,
  )
})

test('start, status, restart and stop work on one server after the other', { timeout: PATIENCE_MS }, async () => {
  await run('zkServer.sh', ['start', config])
  const firstPid = readFileSync(pidFile, 'utf8')
  expect(await run('zkServer.sh', ['start', config])).toMatchObject({
    exitCode: 1,
    stdout: `Starting zookeeper ... already running as process ${firstPid}.\n`,
  })
  await untilServing()
  expect(await run('zkServer.sh', ['status', config])).toEqual({
    exitCode: 0,
    stdout: `Client port found: ${port}. Client address: 127.0.0.1. Client SSL: false.\nMode: standalone\n`,
    stderr: FIRST_LINES(config),
  })
  expect(await run('zkServer.sh', ['restart', config])).toEqual({
    exitCode: 0,
    stdout: 'Stopping zookeeper ... STOPPED\nStarting zookeeper ... STARTED\n',
    stderr: FIRST_LINES(config),
  })
  expect(readFileSync(pidFile, 'utf8')).not.toBe(firstPid)
  await untilServing()
  expect(await run('tskeeper', ['server', 'stop', config])).toEqual({
    exitCode: 0,
    stdout: 'Stopping zookeeper ... STOPPED\n',
    stderr: FIRST_LINES(config),
  })
  expect(existsSync(pidFile)).toBe(false)
})

test('start without a configuration says what to do', async () => {
  const outcome = await run('zkServer.sh', ['start', '/nowhere/zoo.cfg'])
  expect(outcome).toMatchObject({ exitCode: 1, stdout: 'Starting zookeeper ... FAILED TO START\n' })
  expect(outcome.stderr).toContain('/nowhere/zoo.cfg cannot be read')
})

test('start leaves no server behind whose process id it could not write', { timeout: PATIENCE_MS }, async () => {
  symlinkSync(join(directory, 'missing', 'server.pid'), join(directory, 'server.pid'))
  const outcome = await run('zkServer.sh', ['start', config], { ZOOPIDFILE: join(directory, 'server.pid') })
  expect(outcome).toMatchObject({ exitCode: 1, stdout: 'Starting zookeeper ... FAILED TO WRITE PID\n' })
  while ((await fourLetterWord(port, 'srvr').catch(() => null)) !== null) await new Promise((resolve) => setTimeout(resolve, 10))
})

test('stop without a process id file succeeds and says so', async () => {
  expect(await run('zkServer.sh', ['stop', config])).toMatchObject({
    exitCode: 0,
    stdout: `Stopping zookeeper ... no zookeeper to stop (could not find file ${pidFile})\n`,
  })
})

test('the process id file can be elsewhere, in a directory that is made', async () => {
  const elsewhere = join(directory, 'run', 'deep', 'server.pid')
  const { stdout } = await run('zkServer.sh', ['stop', config], { ZOOPIDFILE: elsewhere })
  expect(stdout).toContain(`(could not find file ${elsewhere})`)
  expect(statSync(join(directory, 'run', 'deep')).isDirectory()).toBe(true)
})

test('a process id file with something else in it reaches no process', async () => {
  mkdirSync(dataDir)
  for (const content of ['-1', '0', 'x', '']) {
    writeFileSync(pidFile, content)
    const outcome = await run('zkServer.sh', ['stop', config])
    expect(outcome.exitCode).toBe(1)
    expect(outcome.stderr).toContain(`${pidFile} does not hold a process id`)
  }
  rmSync(pidFile)
})

test('start-foreground is the server itself, which stops cleanly when asked', { timeout: PATIENCE_MS }, async () => {
  const child = launch('zkServer.sh', ['start-foreground', config])
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)]
  await untilServing()
  expect(existsSync(pidFile)).toBe(false)
  expect(readFileSync(`/proc/${child.pid}/cmdline`, 'utf8').split('\0').slice(0, 2)).toEqual([
    'node',
    expect.stringMatching(/main\.js$/),
  ])
  expect(await ended(child, 'SIGTERM')).toBe(0)
  expect(stdout()).toMatch(/Received SIGTERM, stopping\n(.*\n)*.*Stopped\n$/)
  expect(stderr()).toBe(FIRST_LINES(config))
})

test('SIGINT stops the server, too', { timeout: PATIENCE_MS }, async () => {
  const child = launch('tskeeper', ['serve', config])
  await untilServing()
  expect(await ended(child, 'SIGINT')).toBe(0)
})

test('a server whose output nobody reads any more goes on serving', { timeout: PATIENCE_MS }, async () => {
  const child = launch('tskeeper', ['serve', config])
  child.stdout?.destroy()
  child.stderr?.destroy()
  await untilServing()
  expect(await ended(child, 'SIGTERM')).toBe(0)
})

test('A137: the sample configuration starts a server', { timeout: PATIENCE_MS }, async () => {
  // As it is, but for the two values that would meet with other servers of this machine.
  const sample = readFileSync(join(ROOT, 'conf', 'zoo_sample.cfg'), 'utf8')
  const own = sample.replace('dataDir=/tmp/zookeeper', `dataDir=${dataDir}`).replace('clientPort=2181', `clientPort=${port}`)
  expect(own).not.toBe(sample)
  writeFileSync(config, `${own}\nclientPortAddress=127.0.0.1\n4lw.commands.whitelist=conf\n`)
  launch('zkServer.sh', ['start-foreground', config])
  await untilServing()
  const conf = await fourLetterWord(port, 'conf')
  expect(conf).toContain(`clientPort=${port}\n`)
  expect(conf).toContain(`dataDir=${dataDir}/version-2\n`)
  expect(conf).toContain('tickTime=2000\nmaxClientCnxns=60\nminSessionTimeout=4000\nmaxSessionTimeout=40000\n')
})

test('a quick start needs no file and tells in three lines where things are', { timeout: PATIENCE_MS }, async () => {
  const child = launch('tskeeper', ['server', 'start-foreground', '--quickstart', '--port', String(port)])
  const stdout = collect(child.stdout)
  await untilServing()
  expect(await ended(child, 'SIGINT')).toBe(0)
  const lines = stdout()
    .split('\n')
    .filter((line) => !line.includes('systems empty when they start'))
  expect(lines).toEqual([
    expect.stringMatching(`^tskeeper .* is ready for ZooKeeper clients at 127\\.0\\.0\\.1:${port}$`),
    `Its data are in ${join(directory, 'data')}`,
    expect.stringContaining(`zkCli.sh -server 127.0.0.1:${port}`),
    '',
  ])
})

test('the arguments clientPort dataDir tickTime start a server, too', { timeout: PATIENCE_MS }, async () => {
  const child = launch('tskeeper', ['serve', '-Dzookeeper.4lw.commands.whitelist=conf', String(port), dataDir, '500', '7'])
  await untilServing()
  expect(await fourLetterWord(port, 'conf')).toContain('tickTime=500\nmaxClientCnxns=7\n')
  await ended(child, 'SIGTERM')
})

test('properties reach the server through the environment, also from the file in the configuration directory', {
  timeout: PATIENCE_MS,
}, async () => {
  writeFileSync(join(directory, 'java.env'), 'SERVER_JVMFLAGS="-Dzookeeper.4lw.commands.whitelist=ruok"\n')
  launch('zkServer.sh', ['--config', directory, 'start-foreground'])
  await untilServing()
  expect(await fourLetterWord(port, 'ruok')).toBe('imok')
})

test.each([
  ['a bad value', 'tickTime=abc\n', 'Caused by: For input string: "abc": tickTime=abc in '],
  ['an ensemble without myid', 'initLimit=5\nsyncLimit=2\nserver.1=a:1:2\nserver.2=b:1:2\n', 'Caused by: myid file is missing: '],
])('A148: %s ends with exit code 2 and the short line on stderr', { timeout: PATIENCE_MS }, async (_what, more, cause) => {
  writeConfig(more)
  const outcome = await run('zkServer.sh', ['start-foreground', config])
  expect(outcome).toMatchObject({ exitCode: 2, stderr: `${FIRST_LINES(config)}Invalid config, exiting abnormally\n` })
  expect(outcome.stdout).toContain(
    `ERROR [main:server] - Invalid config, exiting abnormally\nError processing ${config}\n${cause}`,
  )
})

test('a configuration file that is missing ends with exit code 2', { timeout: PATIENCE_MS }, async () => {
  const outcome = await run('zkServer.sh', ['start-foreground', '/nowhere/zoo.cfg'])
  expect(outcome.exitCode).toBe(2)
  expect(outcome.stdout).toContain('Caused by: /nowhere/zoo.cfg file is missing')
})

test.each([[[]], [['1', '2', '3', '4', '5']]])(
  'the arguments %j of a server end with exit code 2 and its usage',
  { timeout: PATIENCE_MS },
  async (args) => {
    const outcome = await run('tskeeper', ['serve', ...args])
    expect(outcome).toMatchObject({ exitCode: 2, stderr: 'Usage: QuorumPeerMain configfile\n' })
    expect(outcome.stdout).toContain(`Invalid number of arguments:[${args.join(', ')}]`)
  },
)

test('a data directory that cannot be made ends with exit code 3', { timeout: PATIENCE_MS }, async () => {
  writeFileSync(join(directory, 'file'), '')
  dataDir = join(directory, 'file', 'data')
  writeConfig()
  const outcome = await run('tskeeper', ['serve', config])
  expect(outcome).toMatchObject({ exitCode: 3, stderr: 'Unable to access datadir, exiting abnormally\n' })
  expect(outcome.stdout).toContain(dataDir)
})

test('a data directory that must not be made ends with exit code 3', { timeout: PATIENCE_MS }, async () => {
  writeConfig('datadir.autocreate=false\n')
  const outcome = await run('tskeeper', ['serve', config])
  expect(outcome).toMatchObject({ exitCode: 3, stderr: 'Unable to access datadir, exiting abnormally\n' })
  expect(existsSync(dataDir)).toBe(false)
})

test('A150: a client port that is taken ends with exit code 1 and is named in the log', { timeout: PATIENCE_MS }, async () => {
  const other: Server = createServer()
  await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve))
  try {
    const outcome = await run('tskeeper', ['serve', config])
    expect(outcome).toMatchObject({ exitCode: 1, stderr: '' })
    expect(outcome.stdout).toContain(`Address already in use: 127.0.0.1:${port}`)
  } finally {
    await new Promise((resolve) => other.close(resolve))
  }
})

test('status of a server that does not run fails', async () => {
  expect(await run('zkServer.sh', ['status', config])).toMatchObject({
    exitCode: 1,
    stdout:
      `Client port found: ${port}. Client address: 127.0.0.1. Client SSL: false.\n` +
      'Error contacting service. It is probably not running.\n',
  })
})

test('status without any port tells where it looked', async () => {
  writeFileSync(config, `dataDir=${dataDir}\n`)
  expect(await run('zkServer.sh', ['status', config])).toMatchObject({
    exitCode: 1,
    stdout:
      'myid could not be determined, will not able to locate clientPort in the server configs.\n' +
      'Client port not found. Looking for secureClientPort in the static config.\n' +
      'Unable to find either secure or unsecure client port in any configs. Terminating.\n',
  })
})

test('status of a TLS port that nobody serves explains what it needs', async () => {
  writeFileSync(config, `dataDir=${dataDir}\nsecureClientPort=${port}\nsecureClientPortAddress=127.0.0.1\n`)
  const { exitCode, stdout } = await run('zkServer.sh', ['status', config])
  expect(exitCode).toBe(1)
  expect(stdout).toContain('NODE_EXTRA_CA_CERTS=')
  expect(stdout).toMatch(/Error contacting service\. It is probably not running\.\n$/)
})

test('version prints what monitors parse', async () => {
  expect(await run('zkServer.sh', ['version', config])).toEqual({
    exitCode: 0,
    stdout: expect.stringMatching(/^Apache ZooKeeper, version 3\.9\.5-tskeeper\.\S+ \d{4}-\d\d-\d\d \d\d:\d\d UTC\n$/),
    stderr: FIRST_LINES(config),
  })
})

test.each([[['upgrade']], [['frobnicate']], [[]]])('zkServer.sh %j prints the usage and succeeds', async (args) => {
  const script = join(BIN, 'zkServer.sh')
  expect(await run('zkServer.sh', args, { ZOOCFGDIR: directory })).toEqual({
    exitCode: 0,
    stdout: '',
    stderr: `${FIRST_LINES(config)}Usage: ${script} [--config <conf-dir>] {start|start-foreground|stop|version|restart|status|print-cmd}\n`,
  })
})

test('print-cmd prints a command line that a shell can run', { timeout: PATIENCE_MS }, async () => {
  const { stdout } = await run('zkServer.sh', ['print-cmd', config], { ZK_SERVER_HEAP: '300', NODE_FLAGS: '--stack-size=900' })
  const command = stdout.trimEnd()
  expect(command).toMatch(
    /^"\S*node\S*" "--stack-size=900" "--max-old-space-size=300" "\S+main\.js" "serve" "\S+zoo\.cfg" > "\S+\.out" 2>&1 < \/dev\/null$/,
  )
  mkdirSync(join(directory, 'logs'))
  const shell = spawn('sh', ['-c', `exec ${command}`], { cwd: directory, env: environment({}), stdio: 'ignore' })
  children.push(shell)
  await untilServing()
  expect(await ended(shell, 'SIGTERM')).toBe(0)
})

test('A153: zkServer.sh --explain-config prints the arithmetic of ticks', async () => {
  writeConfig('initLimit=10\nsyncLimit=5\n')
  const { exitCode, stdout } = await run('zkServer.sh', ['--explain-config', config])
  expect(exitCode).toBe(0)
  expect(stdout).toMatch(/^initLimit +10 ticks x 2000 ms = 20 s /m)
  expect(stdout).toMatch(/^syncLimit +5 ticks x 2000 ms = 10 s /m)
})

test('the scripts find themselves through links, absolute and relative', async () => {
  mkdirSync(join(directory, 'bin'))
  symlinkSync(join(BIN, 'zkServer.sh'), join(directory, 'bin', 'zk'))
  symlinkSync('bin/zk', join(directory, 'zk'))
  const { exitCode, stderr } = await run(join(directory, 'zk'), ['version', config])
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: FIRST_LINES(config) })
})

test('the default configuration is beside the scripts', async () => {
  const { stderr } = await run('zkServer.sh', ['version'])
  expect(stderr).toBe(FIRST_LINES(`${BIN}/../conf/zoo.cfg`))
})

test('scripts of a checkout that was never built say what to do', async () => {
  mkdirSync(join(directory, 'bin'))
  for (const name of ['zkServer.sh', 'zkEnv.sh']) copyFileSync(join(BIN, name), join(directory, 'bin', name))
  const { exitCode, stderr } = await run(join(directory, 'bin', 'zkServer.sh'), ['start'])
  expect(exitCode).toBe(1)
  expect(stderr).toContain('run npm ci first')
})

test('with ZOO_DATADIR_AUTOCREATE_DISABLE a missing directory stops every verb', async () => {
  for (const verb of ['start', 'status', 'version']) {
    expect(await run('zkServer.sh', [verb, config], { ZOO_DATADIR_AUTOCREATE_DISABLE: '1' })).toMatchObject({
      exitCode: 1,
      stdout: `ZooKeeper data directory is missing at ${dataDir} fix the path or run initialize\n`,
    })
  }
})

test('A157: directories are made by zkServer-initialize.sh, and by zkServer.sh init', async () => {
  expect(await run('zkServer-initialize.sh', [`--configfile=${config}`, '--myid=1'])).toEqual({
    exitCode: 0,
    stdout: 'Using myid of 1\n',
    stderr: '',
  })
  expect(readFileSync(join(dataDir, 'myid'), 'utf8')).toBe('1\n')
  expect(readdirSync(dataDir).sort()).toEqual(['initialize', 'myid', 'version-2'])
  expect(await run('zkServer.sh', ['init', config])).toMatchObject({
    exitCode: 1,
    stdout: `ZooKeeper data directory already exists at ${dataDir} (or use --force to force re-initialization)\n`,
  })
  writeFileSync(join(dataDir, 'version-2', 'snapshot.0'), '')
  expect(await run('tskeeper', ['server', 'init', config, '--force'])).toMatchObject({
    exitCode: 0,
    stdout:
      'Force enabled, data/txnlog directories will be re-initialized\n' +
      `No myid provided, be sure to specify it in ${dataDir}/myid if using non-standalone\n`,
  })
  expect(readdirSync(dataDir).sort()).toEqual(['initialize', 'version-2'])
  expect(readdirSync(join(dataDir, 'version-2'))).toEqual([])
})

test('initialize needs a configuration with a dataDir', async () => {
  expect(await run('zkServer-initialize.sh', ['--configfile=/nowhere/zoo.cfg'])).toMatchObject({
    exitCode: 1,
    stdout: 'Unable to find config file at /nowhere/zoo.cfg\n',
  })
  writeFileSync(config, 'clientPort=1\n')
  expect(await run('zkServer-initialize.sh', [`--configfile=${config}`])).toMatchObject({
    exitCode: 1,
    stdout: `Unable to determine dataDir from ${config}\n`,
  })
})

test('initialize --force leaves the data of a running server alone', { timeout: PATIENCE_MS }, async () => {
  await run('zkServer.sh', ['start', config])
  await untilServing()
  const before = readdirSync(join(dataDir, 'version-2'))
  const outcome = await run('zkServer-initialize.sh', [`--configfile=${config}`, '--force'])
  expect(outcome).toMatchObject({ exitCode: 1, stdout: 'The server is running: stop it before its data are removed\n' })
  expect(readdirSync(join(dataDir, 'version-2'))).toEqual(before)
  await run('zkServer.sh', ['stop', config])
})

test('A144: zkCleanup.sh keeps the newest snapshots and names what it removes', { timeout: PATIENCE_MS }, async () => {
  const child = launch('tskeeper', ['serve', config])
  await untilServing()
  await ended(child, 'SIGTERM')
  const version2 = join(dataDir, 'version-2')
  const first = join(version2, 'snapshot.0')
  // 3:55:05 in the afternoon, where the script runs.
  const time = new Date('2026-11-20T15:55:05Z')
  for (const zxid of ['1', '2', '3', '4']) {
    copyFileSync(first, join(version2, `snapshot.${zxid}`))
    writeFileSync(join(version2, `log.${zxid}`), '')
  }
  for (const name of readdirSync(version2)) utimesSync(join(version2, name), time, time)
  const outcome = await run('zkCleanup.sh', ['-n', '3'], { ZOOCFGDIR: directory, TZ: 'UTC' })
  expect(outcome).toMatchObject({ exitCode: 0, stderr: '' })
  expect(outcome.stdout.split('\n').sort()).toEqual([
    '',
    ...['log.1', 'snapshot.0', 'snapshot.1'].map((name) => `Removing file: Nov 20, 2026, 3:55:05 PM\t${join(version2, name)}`),
  ])
  expect(
    readdirSync(version2)
      .filter((name) => name.startsWith('snapshot'))
      .sort(),
  ).toEqual(['snapshot.2', 'snapshot.3', 'snapshot.4'])
})

test('zkCleanup.sh of an empty directory removes nothing', async () => {
  mkdirSync(dataDir)
  expect(await run('zkCleanup.sh', ['-n', '3'], { ZOOCFGDIR: directory })).toEqual({ exitCode: 0, stdout: '', stderr: '' })
})

/** Three servers on one host, each with a file like those that guides show. Their pid files lie in their data directories. */
async function writePseudoCluster(): Promise<string[]> {
  const members: string[] = []
  for (let id = 1; id <= 3; id++) members.push(`server.${id}=localhost:${await freePort()}:${await freePort()}`)
  const files: string[] = []
  for (let id = 1; id <= 3; id++) {
    const file = join(directory, `zoo${id}.cfg`)
    const home = join(directory, `zk${id}`)
    mkdirSync(join(home, 'data'), { recursive: true })
    writeFileSync(join(home, 'data', 'myid'), `${id}\n`)
    const own = [`dataDir=${home}/data`, `clientPort=${await freePort()}`, `dataLogDir=${home}/logs`, 'preAllocSize=64']
    writeFileSync(file, ['tickTime=2000', 'initLimit=10', 'syncLimit=5', ...own, '', ...members, ''].join('\n'))
    files.push(file)
  }
  return files
}

async function untilStatus(file: string): Promise<Outcome> {
  for (;;) {
    const outcome = await run('zkServer.sh', ['status', file])
    if (outcome.exitCode === 0) return outcome
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

test('A156: the status of three servers on one host is one leader and two followers', { timeout: PATIENCE_MS }, async () => {
  const files = await writePseudoCluster()
  try {
    const [first = ''] = files
    expect(await run('zkServer.sh', ['status', first])).toMatchObject({ exitCode: 1 })
    for (const file of files) expect(await run('zkServer.sh', ['start', file])).toMatchObject({ exitCode: 0 })
    const modes: string[] = []
    for (const file of files) {
      const { exitCode, stdout, stderr } = await untilStatus(file)
      expect([exitCode, stderr]).toEqual([0, FIRST_LINES(file)])
      expect(stdout).toMatch(
        /^Client port found: \d+\. Client address: localhost\. Client SSL: false\.\nMode: (?:leader|follower)\n$/,
      )
      modes.push(stdout.split('\n')[1] ?? '')
    }
    expect(modes.toSorted()).toEqual(['Mode: follower', 'Mode: follower', 'Mode: leader'])
  } finally {
    for (const file of files) await run('zkServer.sh', ['stop', file])
  }
  for (const file of files) expect(await run('zkServer.sh', ['status', file])).toMatchObject({ exitCode: 1 })
})
