// A program of examples/ in a process of its own.

import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'

/** Where the examples are. */
export const examples = fileURLToPath(new URL('../../examples/', import.meta.url))

/** Node's options to take the workspace's packages from their sources, so that no build is needed. */
export const fromSources = ['--import', 'tsx', '--conditions=@tskeeper/source']

/** A file of examples/, and what its environment says: how long its session, its work and its hold on a lock last, in milliseconds. */
export interface ProgramSettings {
  readonly file: string
  readonly SESSION_MS?: string
  readonly WORK_MS?: string
  readonly HOLD_MS?: string
}

/** Prints lines until it ends or is killed. */
export class Program implements Disposable {
  readonly lines: string[] = []
  readonly #child: ChildProcess
  readonly #ended: Promise<number | null>
  #rest = ''
  #errors = ''

  /** The program is a file of examples/, or one with variables of its environment. */
  constructor(port: number, program: string | ProgramSettings, ...words: readonly string[]) {
    const { file, ...settings } = typeof program === 'string' ? { file: program } : program
    const env = { ...process.env, SERVERS: `127.0.0.1:${port}`, SESSION_MS: '1000', WORK_MS: '20', ...settings }
    this.#child = spawn(process.execPath, [...fromSources, `${examples}${file}`, ...words], { env })
    this.#child.stdout?.on('data', (chunk) => this.#read(String(chunk)))
    this.#child.stderr?.on('data', (chunk) => {
      this.#errors += String(chunk)
    })
    this.#ended = new Promise((resolve) => this.#child.once('close', resolve))
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    this.lines.push(...lines)
  }

  /** Waits until a line was printed. */
  async says(line: string | RegExp): Promise<void> {
    const isSaid = (): boolean => this.lines.some((each) => (typeof line === 'string' ? each === line : line.test(each)))
    while (!isSaid()) {
      if (this.#child.exitCode !== null)
        throw new Error(`ended without saying "${line}":\n${this.lines.join('\n')}\n${this.#errors}`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  /** Waits for the end, which must be a good one, and gives what was printed. */
  async end(): Promise<string[]> {
    expect([await this.#ended, this.#errors]).toEqual([0, ''])
    return this.lines
  }

  /** What it complained of so far. */
  get errors(): string {
    return this.#errors
  }

  /** kill -9 */
  kill(): void {
    this.#child.kill('SIGKILL')
  }

  [Symbol.dispose](): void {
    this.kill()
  }
}
