/** Apache's own command line (zkCli.sh, here 3.8.0) plays the transcripts of the folder `transcripts`. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RawClient } from '../../support/raw-client.ts'
import type { ServerProcess } from '../../support/server-process.ts'
import { emptyTree } from '../../support/tree.ts'
import { SUPER_AUTH, startCompatServer } from '../compat-server.ts'
import { CheckError, runCase, type Suite, type SuiteContext } from '../suite.ts'
import { APACHE_CLI, type CliProgram, CliSession, JAVA, ZOOKEEPER_JAR } from './cli-session.ts'
import { Bindings, parseTranscript, type TranscriptCase, type TranscriptStep } from './transcript.ts'

const TRANSCRIPTS = join(dirname(fileURLToPath(import.meta.url)), 'transcripts')
/** Watched at the end of each case: when its event is printed, every earlier event has been. */
const BARRIER_PATH = '/end-of-case'
const POLL_INTERVAL_MS = 50
const GONE_TIMEOUT_MS = 20_000

export const zkCliSuite: Suite = {
  name: 'zk-cli',
  purpose: "Apache's command line plays transcripts",
  software: [
    { file: ZOOKEEPER_JAR, debianPackage: 'zookeeper' },
    { file: JAVA, debianPackage: 'default-jre-headless' },
  ],
  run: (context) => runTranscripts(context, APACHE_CLI),
}

/** Plays every transcript with this command line. */
export async function runTranscripts(context: SuiteContext, program: CliProgram): Promise<void> {
  const player = new TranscriptPlayer(context, program, await startCompatServer(context))
  try {
    for (const fileName of readdirSync(TRANSCRIPTS).sort()) {
      for (const transcript of parseTranscript(readFileSync(join(TRANSCRIPTS, fileName), 'utf8'), fileName)) {
        await runCase(context, transcript.name, () => player.play(transcript))
      }
    }
  } finally {
    await player.stop()
  }
}

/**
 * Plays cases one after another against one server. The sessions, A, B and so on, live in processes that are kept from case to case; what
 * a case needs fresh (no identities, no ephemeral nodes, no watches) it gets by the command `connect`.
 *
 * Instructions: `gone <path>` waits until there is no such node; `grow <path> <count>` creates so many nodes below it, ten by ten; `kill <session>` kills its process; `quit <session> <code>` leaves by the
 * command and checks the exit code; `restart` stops and starts the server on the same data; `once <code> <words>` runs the command line with
 * one command and checks its exit code.
 */
class TranscriptPlayer {
  readonly #context: SuiteContext
  readonly #program: CliProgram
  #server: ServerProcess
  readonly #sessions = new Map<string, CliSession>()
  /** How many events of each session the steps have taken. */
  readonly #eventsTaken = new Map<string, number>()

  constructor(context: SuiteContext, program: CliProgram, server: ServerProcess) {
    this.#context = context
    this.#program = program
    this.#server = server
  }

  async stop(): Promise<void> {
    for (const session of this.#sessions.values()) await session.kill()
    await this.#server.stop()
  }

  async play(transcript: TranscriptCase): Promise<unknown> {
    const names = new Set<string>()
    for (const step of transcript.steps) if (step.kind === 'command') names.add(step.session)
    await this.#reset(names)
    const bindings = new Bindings()
    /** Pairs of expected and actual lines; they are normalised at the end, when the smallest zxid is known. */
    const lines: [expected: string, actual: string][] = []
    for (const step of transcript.steps) lines.push(...(await this.#playStep(step, bindings)))
    await this.#checkNoFurtherEvents(names)
    return lines.map(([expected, actual]) => bindings.normalise(expected, actual))
  }

  async #reset(names: ReadonlySet<string>): Promise<void> {
    const admin = await RawClient.connect(this.#server.host, this.#server.port)
    await admin.auth('digest', SUPER_AUTH)
    await Promise.all([...names].map((name) => this.#freshSession(name)))
    await emptyTree(admin)
    await admin.close()
  }

  /** Gives `name` a new session, in its process if it has one that still runs. */
  async #freshSession(name: string): Promise<void> {
    const server = `${this.#server.host}:${this.#server.port}`
    const running = this.#sessions.get(name)
    if (running === undefined || running.hasExited) {
      const session = new CliSession(this.#program, name, server)
      this.#sessions.set(name, session)
      await session.ready()
    } else {
      running.sessionEvents.length = 0
      await running.run(`connect ${server}`)
      await running.waitForSessionEvent('state:SyncConnected')
      await running.run('printwatches on')
      running.nodeEvents.length = 0
      running.sessionEvents.length = 0
    }
    this.#eventsTaken.set(name, 0)
  }

  #session(name: string): CliSession {
    const session = this.#sessions.get(name)
    if (session === undefined) throw new CheckError(`no session ${name} has entered anything yet`)
    return session
  }

  async #playStep(step: TranscriptStep, bindings: Bindings): Promise<[string, string][]> {
    switch (step.kind) {
      case 'command': {
        const output = await this.#session(step.session).run(step.line)
        compareLines(step.line, 'standard output', step.out, output.out, bindings)
        compareLines(step.line, 'standard error', step.err, output.err, bindings)
        return [...pairs(step.out, output.out), ...pairs(step.err, output.err)]
      }
      case 'event':
        return [[step.text, await this.#playEvent(step.session, step.text, bindings)]]
      case 'instruction':
        await this.#instruct(step.words)
        return []
    }
  }

  async #playEvent(name: string, text: string, bindings: Bindings): Promise<string> {
    const session = this.#session(name)
    if (!text.includes(' ')) {
      await session.waitForSessionEvent(`state:${text} type:None`)
      return text
    }
    const taken = this.#eventsTaken.get(name) ?? 0
    await session.waitForNodeEvents(taken + 1)
    this.#eventsTaken.set(name, taken + 1)
    const [type, path] = text.split(' ')
    const actual = session.nodeEvents[taken] ?? ''
    const problem = bindings.match(`state:SyncConnected type:${type} path:${path}`, actual)
    if (problem !== null) throw new CheckError(`event of ${name}: ${problem}`)
    return text
  }

  async #instruct(words: readonly string[]): Promise<void> {
    const [verb, first = '', ...rest] = words
    switch (verb) {
      case 'gone':
        return this.#waitUntilGone(first)
      case 'grow':
        return this.#grow(first, Number(rest[0]))
      case 'kill':
        return this.#session(first).kill()
      case 'quit': {
        const code = await this.#session(first).quit()
        if (code !== Number(rest[0])) throw new CheckError(`quit ended with code ${code}`)
        return
      }
      case 'restart':
        return this.#restart()
      case 'once':
        return this.#runOnce(Number(first), rest)
      default:
        throw new CheckError(`"${verb}" is no instruction`)
    }
  }

  async #waitUntilGone(path: string): Promise<void> {
    const observer = await RawClient.connect(this.#server.host, this.#server.port)
    const deadlineMs = performance.now() + GONE_TIMEOUT_MS
    while ((await observer.exists(path)) !== null) {
      if (performance.now() > deadlineMs) throw new CheckError(`${path} is still there after ${GONE_TIMEOUT_MS} ms`)
      await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS))
    }
    await observer.close()
  }

  async #grow(path: string, count: number): Promise<void> {
    const writer = await RawClient.connect(this.#server.host, this.#server.port)
    const created: Promise<string>[] = []
    for (let index = 0; index < count; index++) {
      // Every tenth node is the parent of the nine behind it.
      const parent = Math.floor(index / 10)
      created.push(writer.create(index % 10 === 0 ? `${path}/${parent}` : `${path}/${parent}/${index}`))
    }
    await Promise.all(created)
    await writer.close()
  }

  async #restart(): Promise<void> {
    const { directory, port } = this.#server
    const living = [...this.#sessions.values()].filter((session) => !session.hasExited && session.isAlive)
    await this.#server.stop()
    for (const session of living) session.sessionEvents.length = 0
    this.#server = await startCompatServer(this.#context, { directory, port })
    await Promise.all(living.map((session) => session.waitForSessionEvent('state:SyncConnected')))
  }

  async #runOnce(expectedCode: number, words: readonly string[]): Promise<void> {
    const session = new CliSession(this.#program, 'one command', `${this.#server.host}:${this.#server.port}`, words)
    const code = await session.exited
    if (code !== expectedCode) throw new CheckError(`${words.join(' ')} ended with code ${code}, not ${expectedCode}`)
  }

  /** An event that no step has named is a failure; the barrier's own event tells that all have been printed. */
  async #checkNoFurtherEvents(names: ReadonlySet<string>): Promise<void> {
    const writer = await RawClient.connect(this.#server.host, this.#server.port)
    const unexpected: string[] = []
    for (const name of names) {
      const session = this.#session(name)
      if (session.hasExited) continue
      const taken = this.#eventsTaken.get(name) ?? 0
      const path = `${BARRIER_PATH}-${name}`
      // A session that the case ended has nothing more to tell.
      if (!session.isAlive) continue
      await session.run(`stat -w ${path}`)
      await writer.create(path)
      await session.waitForNodeEvents(taken + 1)
      while (!session.nodeEvents.some((event) => event.includes(path)))
        await session.waitForNodeEvents(session.nodeEvents.length + 1)
      unexpected.push(...session.nodeEvents.slice(taken, -1).map((event) => `${name}: ${event}`))
    }
    await writer.close()
    if (unexpected.length > 0) throw new CheckError(`events that nothing accounts for: ${unexpected.join('; ')}`)
  }
}

function compareLines(
  command: string,
  stream: string,
  expected: readonly string[],
  actual: readonly string[],
  bindings: Bindings,
): void {
  const isSameLength = expected.length === actual.length
  for (const [index, line] of actual.entries()) {
    const problem = bindings.match(expected[index] ?? '', line)
    if (problem !== null) throw new CheckError(`"${command}", ${stream}, line ${index + 1}: ${problem}`)
  }
  if (!isSameLength)
    throw new CheckError(`"${command}", ${stream}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(actual)}`)
}

function pairs(expected: readonly string[], actual: readonly string[]): [string, string][] {
  return actual.map((line, index) => [expected[index] ?? '', line])
}
