import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CommandError } from '../command-error.ts'
import { nodeFlags } from '../server/launch-settings.ts'
import type { Surroundings } from '../surroundings.ts'
import { type EnsemblePlan, HOST, memberConfig, type PlannedMember } from './ensemble-plan.ts'

/** A member that does not stop in this time is ended. */
const STOP_TIMEOUT_MS = 15_000
/** A member that does not answer in this time is asked again. */
const ANSWER_TIMEOUT_MS = 2000
/** What of a log is shown when its member could not start. */
const LOG_LINES_SHOWN = 10

/** The process of one member. */
export class MemberProcess {
  readonly member: PlannedMember
  readonly pid: number
  /** Settles when the process has ended: with how. */
  readonly ended: Promise<string>
  hasEnded = false
  readonly #child: ChildProcess

  private constructor(member: PlannedMember, pid: number, child: ChildProcess) {
    this.member = member
    this.pid = pid
    this.#child = child
    this.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.hasEnded = true
        resolve(signal === null ? `with exit code ${code}` : `by ${signal}`)
      })
    })
  }

  /** Writes the member's files and starts it. Data that are there stay. */
  static start(member: PlannedMember, plan: EnsemblePlan, surroundings: Surroundings): MemberProcess {
    mkdirSync(member.directory, { recursive: true })
    writeFileSync(join(member.directory, 'myid'), `${member.id}\n`)
    writeFileSync(member.configPath, memberConfig(member, plan))
    const log = openSync(member.logPath, 'w')
    try {
      const main = fileURLToPath(new URL('../bundle/main.js', import.meta.url))
      const args = [...nodeFlags(surroundings.environment), main, 'ensemble-member', member.configPath]
      const child = spawn(process.execPath, args, {
        cwd: member.directory,
        env: surroundings.environment,
        // Ctrl-C in a terminal is for the command, which stops its members. The channel tells them when it is gone.
        detached: true,
        stdio: ['ignore', log, log, 'ipc'],
      })
      child.once('error', () => undefined)
      if (child.pid === undefined) throw new CommandError(`${process.execPath} cannot be run`)
      return new MemberProcess(member, child.pid, child)
    } finally {
      closeSync(log)
    }
  }

  /** What the member is for its clients, as it says itself; null while it serves nobody. */
  async mode(): Promise<string | null> {
    return /^Mode: (.*)$/m.exec(await askServer(this.member.clientPort))?.[1] ?? null
  }

  /** Stops the process; settles when it has ended. */
  async stop(): Promise<void> {
    if (this.hasEnded) return
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.kill(), STOP_TIMEOUT_MS)
    await this.ended
    clearTimeout(timer)
  }

  /** Ends the process at once. */
  kill(): void {
    if (!this.hasEnded) this.#child.kill('SIGKILL')
  }

  /** The last lines of the member's log. */
  logTail(): string {
    return readFileSync(this.member.logPath, 'utf8').trimEnd().split('\n').slice(-LOG_LINES_SHOWN).join('\n')
  }
}

/** The answer to `srvr`; empty when there is none. */
function askServer(port: number): Promise<string> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect(port, HOST, () => socket.write('srvr'))
    socket.setEncoding('utf8')
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy())
    socket.on('error', () => socket.destroy())
    socket.on('data', (text: string) => {
      answer += text
    })
    socket.on('close', () => resolve(answer))
  })
}
