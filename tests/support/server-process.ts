// Starts, watches and kills one real server process for the suites that cross packages. The same
// call starts our server or Apache's, so that each suite can be run against both.

import { type ChildProcess, spawn } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { connect as connectSocket, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export type ServerTarget = 'ours' | 'apache'

/** Values of zoo.cfg; null takes a line of the template out. */
export type ServerConfig = Readonly<Record<string, string | number | null>>

export interface ServerOptions {
  readonly target: ServerTarget
  /** Added to the template: see `configTemplate`. */
  readonly config?: ServerConfig
  /** The zoo.cfg of an earlier start stays as it is: a member of an ensemble may have rewritten it. */
  readonly keepsConfig?: boolean
  /** Holds zoo.cfg, the log and, unless the configuration says otherwise, the data. A fresh one if absent. */
  readonly directory?: string
  /** Client port; a free one if absent. */
  readonly port?: number
  readonly environment?: Readonly<Record<string, string>>
  /** Flags for the Java machine of Apache's server, in place of `-Xmx512m`. */
  readonly javaFlags?: readonly string[]
  /** How long the server may take until it serves. */
  readonly readyTimeoutMs?: number
}

export interface ExitStatus {
  readonly code: number | null
  readonly signal: string | null
}

const REPOSITORY = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const APACHE_JAR = '/usr/share/java/zookeeper.jar'
/** Gives Apache's server a log on stderr; without it the server runs silently. */
const APACHE_LOGGING_JAR = '/usr/share/java/slf4j-simple.jar'
const POLL_INTERVAL_MS = 15
/** What goes into a message of ours when a server failed. */
const LOG_TAIL_CHARACTERS = 4000

const running = new Set<ChildProcess>()

process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1))

/** The server did not come up; `exit` is null when it still ran but did not serve in time. */
export class ServerStartError extends Error {
  readonly exit: ExitStatus | null
  readonly log: string

  constructor(message: string, exit: ExitStatus | null, log: string) {
    super(`${message}\n${tail(log)}`)
    this.name = 'ServerStartError'
    this.exit = exit
    this.log = log
  }
}

/** One run of a server: from its start to its exit. Starting again in the same directory is a new one. */
export class ServerProcess {
  readonly target: ServerTarget
  readonly host = '127.0.0.1'
  readonly port: number
  readonly pid: number
  readonly directory: string
  /** stdout and stderr of this run. */
  readonly logPath: string
  /** `performance.now()` just before the process was started. */
  readonly launchedAtMs: number
  /** `performance.now()` when it first answered that it serves; NaN before. */
  servingAtMs = Number.NaN
  /** Settles when the process has ended, for whatever reason. */
  readonly exited: Promise<ExitStatus>
  exitStatus: ExitStatus | null = null
  private readonly child: ChildProcess

  constructor(target: ServerTarget, port: number, directory: string, logPath: string, child: ChildProcess) {
    // Without a handler, a program that is not there would end this process instead of failing this call.
    child.once('error', () => undefined)
    if (child.pid === undefined) throw new Error(`${child.spawnfile} could not be started`)
    this.target = target
    this.port = port
    this.pid = child.pid
    this.directory = directory
    this.logPath = logPath
    this.launchedAtMs = performance.now()
    this.child = child
    running.add(child)
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        running.delete(child)
        this.exitStatus = { code, signal }
        resolve(this.exitStatus)
      })
    })
  }

  /** Everything that this run has printed. */
  log(): string {
    return existsSync(this.logPath) ? readFileSync(this.logPath, 'utf8') : ''
  }

  logTail(): string {
    return tail(this.log())
  }

  /** SIGTERM, and SIGKILL when it has not ended after `graceMs`. */
  async stop(graceMs = 10_000): Promise<ExitStatus> {
    this.signal('SIGTERM')
    const timer = setTimeout(() => this.signal('SIGKILL'), graceMs)
    const status = await this.exited
    clearTimeout(timer)
    return status
  }

  /** kill -9, and waits until the process is gone. */
  kill(): Promise<ExitStatus> {
    this.signal('SIGKILL')
    return this.exited
  }

  signal(signal: NodeJS.Signals): void {
    if (this.exitStatus === null) this.child.kill(signal)
  }

  /** Stops the process in its tracks and waits until none of its threads runs any more, not even inside the kernel. Linux only. */
  async freeze(): Promise<void> {
    this.signal('SIGSTOP')
    const deadlineMs = performance.now() + 10_000
    while (this.exitStatus === null && !this.isFrozen()) {
      if (performance.now() > deadlineMs) throw new Error(`process ${this.pid} does not stop`)
      await delay(1)
    }
  }

  thaw(): void {
    this.signal('SIGCONT')
  }

  private isFrozen(): boolean {
    try {
      return readdirSync(`/proc/${this.pid}/task`).every((thread) => {
        const status = readFileSync(`/proc/${this.pid}/task/${thread}/stat`, 'utf8')
        return /^[Tt]/.test(status.slice(status.lastIndexOf(')') + 2))
      })
    } catch {
      // A thread ended between its listing and its reading.
      return false
    }
  }

  /** The status within `timeoutMs`, or null if the process still runs then. */
  async exitWithin(timeoutMs: number): Promise<ExitStatus | null> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(() => resolve(null), timeoutMs)
    })
    const status = await Promise.race([this.exited, late])
    clearTimeout(timer)
    return status
  }

  /** Resident memory now, in MiB; NaN when the process is gone. Linux only. */
  residentMiB(): number {
    return this.statusFieldMiB('VmRSS')
  }

  /** Highest resident memory since the start, in MiB. */
  residentPeakMiB(): number {
    return this.statusFieldMiB('VmHWM')
  }

  private statusFieldMiB(field: string): number {
    try {
      const match = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))
      return match === null ? Number.NaN : Number(match[1]) / 1024
    } catch {
      // The process has ended between the question and the answer.
      return Number.NaN
    }
  }

  /** Waits until the server answers that it serves. */
  async whenServing(timeoutMs = 30_000): Promise<this> {
    const deadlineMs = performance.now() + timeoutMs
    for (;;) {
      if (this.exitStatus !== null) {
        const { code, signal } = this.exitStatus
        throw new ServerStartError(
          `the server ended before it served (code ${code}, signal ${signal})`,
          this.exitStatus,
          this.log(),
        )
      }
      const answer = await fourLetterWord(this.port, 'srvr', 1000).catch(() => '')
      if (answer.includes('Mode:')) {
        this.servingAtMs = performance.now()
        return this
      }
      if (performance.now() > deadlineMs) {
        throw new ServerStartError(`the server does not serve after ${timeoutMs} ms`, null, this.log())
      }
      await delay(POLL_INTERVAL_MS)
    }
  }
}

/** Starts the process and returns at once; `whenServing` and `exited` tell how it went on. */
export async function launchServer(options: ServerOptions): Promise<ServerProcess> {
  assertSoftware(options.target)
  const directory = options.directory ?? createServerDirectory()
  const port = options.port ?? (await freePort())
  const configPath = join(directory, 'zoo.cfg')
  const isKept = options.keepsConfig === true && existsSync(configPath)
  if (!isKept) writeFileSync(configPath, configText({ ...configTemplate(directory, port), ...options.config }))
  mkdirSync(join(directory, 'logs'), { recursive: true })
  const logPath = join(directory, 'logs', `server-${port}-${Date.now()}.log`)
  const logFile = openSync(logPath, 'a')
  const [command, commandArguments] = commandLine(options, configPath)
  const child = spawn(command, commandArguments, {
    cwd: directory,
    stdio: ['ignore', logFile, logFile],
    env: { ...process.env, ZOO_LOG_DIR: join(directory, 'logs'), ...options.environment },
  })
  closeSync(logFile)
  return new ServerProcess(options.target, port, directory, logPath, child)
}

/** Starts a server and waits until it serves. Rejects with `ServerStartError`. */
export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  const attemptsMax = options.port === undefined ? 3 : 1
  for (let attempt = 1; ; attempt++) {
    const server = await launchServer(options)
    try {
      return await server.whenServing(options.readyTimeoutMs)
    } catch (error) {
      await server.kill()
      // Somebody else may have taken the free port in the moment before the server bound it.
      if (attempt < attemptsMax && /EADDRINUSE|Address already in use/.test(server.log())) continue
      throw error
    }
  }
}

/** A new empty directory for a server, under the system's directory for temporary files. */
export function createServerDirectory(name = 'server'): string {
  return mkdtempSync(join(tmpdir(), `tskeeper-${name}-`))
}

export function removeServerDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true })
}

/** A port that nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = PORT_MIN + Math.floor(Math.random() * (PORT_MAX - PORT_MIN))
    if (!given.has(port) && (await isFree(port))) {
      given.add(port)
      return port
    }
  }
}

/**
 * Below the ports that systems give to outgoing connections: those of other tests would take one before its server does. Suites that run at
 * the same time are each given a range of their own (`TSKEEPER_TEST_PORTS=12000-22000`), since the port of a server that is killed is free
 * until it starts again.
 */
const [PORT_MIN, PORT_MAX] = portRange(process.env['TSKEEPER_TEST_PORTS'] ?? '12000-32000')
const given = new Set<number>()

function portRange(text: string): readonly [number, number] {
  const [first = 0, last = 0] = (/^(\d+)-(\d+)$/.exec(text)?.slice(1) ?? []).map(Number)
  if (first < 1024 || last <= first || last > 65_535)
    throw new Error(`TSKEEPER_TEST_PORTS=${text}: it is two ports, as 12000-22000`)
  return [first, last]
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}

/** Sends one of the four-letter words and returns the whole answer. */
export function fourLetterWord(port: number, word: string, timeoutMs = 5000): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connectSocket({ port, host: '127.0.0.1' }, () => socket.write(word))
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no answer to ${word} in ${timeoutMs} ms`)))
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.once('error', reject)
    socket.once('close', () => resolve(Buffer.concat(chunks).toString('utf8')))
  })
}

function configTemplate(directory: string, port: number): ServerConfig {
  return {
    dataDir: join(directory, 'data'),
    clientPort: port,
    clientPortAddress: '127.0.0.1',
    tickTime: 500,
    maxClientCnxns: 0,
    '4lw.commands.whitelist': '*',
    'admin.enableServer': 'false',
  }
}

function configText(config: ServerConfig): string {
  const lines: string[] = []
  for (const [key, value] of Object.entries(config)) if (value !== null) lines.push(`${key}=${value}`)
  return `${lines.join('\n')}\n`
}

function commandLine(options: ServerOptions, configPath: string): [string, string[]] {
  if (options.target === 'ours') return [join(REPOSITORY, 'bin', 'zkServer.sh'), ['start-foreground', configPath]]
  const debianClassPath = existsSync(APACHE_LOGGING_JAR) ? `${APACHE_JAR}:${APACHE_LOGGING_JAR}` : APACHE_JAR
  const classPath = otherClassPath() ?? debianClassPath
  const flags = options.javaFlags ?? ['-Xmx512m']
  return ['java', [...flags, '-cp', classPath, 'org.apache.zookeeper.server.quorum.QuorumPeerMain', configPath]]
}

/** Class path of another version of Apache's server than Debian's, if set: its jars, `lib/*` for example, a logging one among them. */
function otherClassPath(): string | null {
  return process.env['APACHE_CLASS_PATH'] ?? null
}

function assertSoftware(target: ServerTarget): void {
  if (target === 'apache' && otherClassPath() === null && !existsSync(APACHE_JAR)) {
    throw new Error(
      `${APACHE_JAR} is missing: Apache's server comes with the Debian package zookeeper (apt-get install zookeeper)`,
    )
  }
}

function tail(text: string): string {
  return text.length > LOG_TAIL_CHARACTERS ? `... ${text.slice(-LOG_TAIL_CHARACTERS)}` : text
}

function delay(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs))
}
