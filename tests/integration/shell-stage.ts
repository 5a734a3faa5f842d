// A shell as a person uses it, in the test's own process: lines go in, and what each prints comes out.

import { Shell } from '../../packages/cli/src/shell/shell.ts'
import { ShellSession } from '../../packages/cli/src/shell/shell-session.ts'
import { FakeSurroundings } from '../../packages/cli/test/fake-surroundings.ts'

/** What one line did. */
export interface Entered {
  readonly out: string
  readonly err: string
  readonly exitCode: number
}

export interface ShellStageOptions {
  readonly isJson?: boolean
  readonly isAlone?: boolean
  readonly isInteractive?: boolean
  readonly patienceMs?: number
  readonly workingDirectory?: string
}

export class ShellStage implements AsyncDisposable {
  readonly shell: Shell
  readonly session: ShellSession
  /** Printed events: type, path and, for those of the session, the state. */
  readonly events: string[] = []
  #out = ''
  #err = ''
  readonly #wakers = new Set<() => void>()

  constructor(servers: string, options: ShellStageOptions = {}) {
    const patienceMs = options.patienceMs ?? 10_000
    this.session = new ShellSession({
      servers,
      client: { sessionTimeoutMs: patienceMs },
      patienceMs,
      onEvent: (event) => this.shell.showEvent(event),
      onChange: () => undefined,
    })
    this.shell = new Shell({
      session: this.session,
      output: { out: (text) => this.#print(text), error: (text) => (this.#err += text) },
      surroundings: new FakeSurroundings({}, options.workingDirectory ?? '/nowhere'),
      isJson: options.isJson ?? false,
      hasColour: false,
      isInteractive: options.isInteractive ?? false,
      isAlone: options.isAlone ?? false,
    })
  }

  /** A shell that has just been connected, and has told so. */
  static async connect(servers: string, options: ShellStageOptions = {}): Promise<ShellStage> {
    const stage = new ShellStage(servers, options)
    await stage.session.open()
    await stage.session.waitForConnection(new AbortController().signal)
    return stage
  }

  /** What the line under way has printed on stdout so far. */
  get printed(): string {
    return this.#out
  }

  async enter(line: string): Promise<Entered> {
    this.#out = ''
    this.#err = ''
    await this.shell.enter(line)
    return { out: this.#out, err: this.#err, exitCode: this.shell.exitCode }
  }

  /** What a line prints on stdout, when it has nothing to complain of. */
  async ask(line: string): Promise<string> {
    const { out, err } = await this.enter(line)
    if (err !== '') throw new Error(`${line}: ${err}`)
    return out
  }

  /** Waits until an event of this text has been printed. */
  async told(event: string): Promise<void> {
    while (!this.events.includes(event)) await new Promise<void>((resolve) => this.#wakers.add(resolve))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.session.close()
  }

  #print(text: string): void {
    const event = /^\nWATCHER::\n\nWatchedEvent state:(\S+) type:(\S+) path:(\S+) zxid: (-?\d+)\n$/.exec(text)
    if (event === null) {
      this.#out += text
      return
    }
    const [, state, type, path] = event
    this.events.push(type === 'None' ? `${state}` : `${type} ${path}`)
    for (const waker of this.#wakers) waker()
    this.#wakers.clear()
  }
}
