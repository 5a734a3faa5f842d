/**
 * One running zkCli.sh, Apache's (without the shell script around it) or ours: commands go to its standard input one at a time, and what
 * it prints for each is told apart by a marker command behind it. Debian's packages come without a line editor, and ours asks no pipe, so
 * there is no prompt.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { TimedOutError } from '../../support/raw-connection.ts'
import { killWithThisProcess } from '../child-processes.ts'

export const JAVA = '/usr/bin/java'
export const ZOOKEEPER_JAR = '/usr/share/java/zookeeper.jar'

/** A command that changes nothing and always prints the same line, whatever the state of the session. */
const MARKER_COMMAND = 'printwatches'
const MARKER_LINE = /^printwatches is (on|off)$/

/** A line that a watch event begins with; the event itself follows. */
const EVENT_TITLE = 'WATCHER::'
const EVENT_PREFIX = 'WatchedEvent '
/** Printed behind every command, the marker too, once the session has ended; the session's own event tells it better. */
const NO_SESSION_LINE = 'Not connected'

/** Behind an event since 3.9: the transaction that caused it, which differs from run to run. */
const EVENT_ZXID = / zxid: -?\d+$/

/** How a command line is started; its arguments come behind these. */
export interface CliProgram {
  readonly command: string
  readonly arguments: readonly string[]
}

/** A watch's output must be in English and the times in one zone, wherever the suite runs. */
export const APACHE_CLI: CliProgram = {
  command: JAVA,
  arguments: [
    '-Xmx96m',
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-Duser.timezone=UTC',
    '-Duser.language=en',
    '-cp',
    ZOOKEEPER_JAR,
    'org.apache.zookeeper.ZooKeeperMain',
  ],
}

export interface CommandOutput {
  /** Lines of standard output without blank ones and without the printed events. */
  readonly out: readonly string[]
  readonly err: readonly string[]
}

export class CliSession {
  readonly name: string
  readonly pid: number
  /** What follows `WatchedEvent ` in each printed event of a node, in order. */
  readonly nodeEvents: string[] = []
  /** The same for events of the session (type None). */
  readonly sessionEvents: string[] = []
  /** Null while it runs, and for good when a signal ended it: `hasExited` tells. */
  exitCode: number | null = null
  hasExited = false
  readonly exited: Promise<number | null>

  readonly #child: ChildProcessWithoutNullStreams
  #out: string[] = []
  #err: string[] = []
  #outRest = ''
  #errRest = ''
  #isMarkerSeen = false
  readonly #wakers = new Set<() => void>()

  constructor(program: CliProgram, name: string, connectString: string, words: readonly string[] = []) {
    this.name = name
    const cliArguments = [...program.arguments, '-waitforconnection', '-server', connectString, ...words]
    this.#child = spawn(program.command, cliArguments, { env: { ...process.env, TZ: 'UTC' } })
    // Without a handler, a program that is not there would end this process instead of failing this call.
    this.#child.once('error', () => undefined)
    killWithThisProcess(this.#child)
    if (this.#child.pid === undefined) throw new Error(`${program.command} could not be started`)
    this.pid = this.#child.pid
    this.exited = new Promise((resolve) => {
      this.#child.once('close', (code) => {
        this.exitCode = code
        this.hasExited = true
        resolve(code)
        this.#wake()
      })
    })
    this.#child.stdout.setEncoding('utf8')
    this.#child.stderr.setEncoding('utf8')
    this.#child.stdout.on('data', (text: string) => this.#receiveOut(text))
    this.#child.stderr.on('data', (text: string) => this.#receiveErr(text))
    // Writing to a program that has just ended is told by its exit.
    this.#child.stdin.on('error', () => undefined)
  }

  /** False once the session has ended for good: closed, expired or refused. */
  get isAlive(): boolean {
    return !/state:(Closed|Expired|AuthFailed)/.test(this.sessionEvents.at(-1) ?? '')
  }

  /** Waits until commands can be given. */
  async ready(timeoutMs = 30_000): Promise<void> {
    await this.#waitFor(
      () => this.sessionEvents.some((event) => event.startsWith('state:SyncConnected')),
      timeoutMs,
      'the connection',
    )
    await this.run('')
  }

  /** Enters one line and resolves with what it printed. */
  async run(line: string, timeoutMs = 20_000): Promise<CommandOutput> {
    this.#out = []
    this.#err = []
    this.#isMarkerSeen = false
    this.#child.stdin.write(`${line}\n${MARKER_COMMAND}\n`)
    await this.#waitFor(() => this.#isMarkerSeen, timeoutMs, `the output of "${line}"`)
    // What was written to the other pipe before the marker is already in the kernel's buffer: one more turn reads it.
    await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setImmediate(resolve))
    return { out: [...this.#out], err: [...this.#err] }
  }

  /** Waits until `count` events of nodes have been printed. */
  async waitForNodeEvents(count: number, timeoutMs = 30_000): Promise<void> {
    await this.#waitFor(() => this.nodeEvents.length >= count, timeoutMs, `event number ${count}`)
  }

  async waitForSessionEvent(text: string, timeoutMs = 30_000): Promise<void> {
    await this.#waitFor(() => this.sessionEvents.some((event) => event.includes(text)), timeoutMs, `the event ${text}`)
  }

  /** Leaves the way a person does; resolves with the exit code. */
  async quit(timeoutMs = 20_000): Promise<number | null> {
    this.#child.stdin.write('quit\n')
    await this.#waitFor(() => this.hasExited, timeoutMs, 'the exit')
    return this.exitCode
  }

  /** kill -9: the server hears nothing of it but the end of the connection. */
  async kill(): Promise<void> {
    if (this.hasExited) return
    this.#child.kill('SIGKILL')
    await this.exited
  }

  #receiveOut(text: string): void {
    const lines = (this.#outRest + text).split('\n')
    this.#outRest = lines.pop() ?? ''
    for (const line of lines) this.#receiveOutLine(line)
    this.#wake()
  }

  #receiveOutLine(line: string): void {
    if (line === '' || line === EVENT_TITLE || line === NO_SESSION_LINE) return
    if (MARKER_LINE.test(line)) {
      this.#isMarkerSeen = true
    } else if (line.startsWith(EVENT_PREFIX)) {
      const event = line.slice(EVENT_PREFIX.length).replace(EVENT_ZXID, '')
      if (event.includes('type:None')) this.sessionEvents.push(event)
      else this.nodeEvents.push(event)
    } else {
      this.#out.push(line)
    }
  }

  #receiveErr(text: string): void {
    const lines = (this.#errRest + text).split('\n')
    this.#errRest = lines.pop() ?? ''
    for (const line of lines) if (line !== '' && !line.startsWith('SLF4J:')) this.#err.push(line)
  }

  #wake(): void {
    for (const waker of this.#wakers) waker()
  }

  async #waitFor(isTrue: () => boolean, timeoutMs: number, what: string): Promise<void> {
    if (isTrue()) return
    await new Promise<void>((resolve, reject) => {
      const finish = (error: Error | null): void => {
        clearTimeout(timer)
        this.#wakers.delete(waker)
        if (error === null) resolve()
        else reject(error)
      }
      const waker = (): void => {
        if (isTrue()) finish(null)
        else if (this.hasExited) finish(new Error(`zkCli ${this.name} ended (code ${this.exitCode}) before ${what}`))
      }
      const timer = setTimeout(() => {
        const events = this.sessionEvents.join('; ') || 'none'
        finish(new TimedOutError(`zkCli ${this.name}: ${what} did not come in ${timeoutMs} ms; its session's events: ${events}`))
      }, timeoutMs)
      this.#wakers.add(waker)
    })
  }
}
