import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'

const STOP_TIMEOUT_MS = 60000
const LOG_TAIL_CHARACTERS = 2000

const running = new Set<ProcessGroup>()

/** Ends everything that is still running, at once: for an exit that nobody planned. */
export function killAllGroups(): void {
  for (const group of running) group.signal('SIGKILL')
}

/** A program with all processes that it starts, its output in a file. */
export class ProcessGroup {
  private readonly child: ChildProcess
  private readonly logPath: string
  private readonly exited: Promise<void>

  constructor(program: string, args: readonly string[], directory: string, logPath: string) {
    const log = openSync(logPath, 'w')
    this.child = spawn(program, args, { cwd: directory, detached: true, stdio: ['ignore', log, log] })
    closeSync(log)
    this.logPath = logPath
    running.add(this)
    this.exited = new Promise((resolve) => {
      const gone = (): void => {
        running.delete(this)
        resolve()
      }
      this.child.once('exit', gone)
      this.child.once('error', gone)
    })
  }

  /** The group's number, which is the process id of its first process; 0 if that could not be started. */
  get id(): number {
    return this.child.pid ?? 0
  }

  get isRunning(): boolean {
    return running.has(this)
  }

  /** Ends the group as a crash would; resolves when it is gone. */
  async kill(): Promise<void> {
    this.signal('SIGKILL')
    await this.exited
  }

  /** Ends the group by SIGTERM, or by SIGKILL if it does not listen; resolves when it is gone. */
  async stop(): Promise<void> {
    this.signal('SIGTERM')
    const timer = setTimeout(() => this.signal('SIGKILL'), STOP_TIMEOUT_MS)
    await this.exited
    clearTimeout(timer)
  }

  signal(signal: NodeJS.Signals): void {
    if (this.id === 0) return
    try {
      process.kill(-this.id, signal)
    } catch {
      // The group is gone already, which is what was wanted.
    }
  }

  logTail(): string {
    return readFileSync(this.logPath, 'utf8').slice(-LOG_TAIL_CHARACTERS)
  }
}
