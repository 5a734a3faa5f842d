/**
 * Runs a test program in another language. It prints one JSON object a line for each case, `{"name", "ok", "detail",
 * "observed"}`, and `{"done": true}` at the end; anything else that it prints is kept for the message when it fails.
 */
import { spawn } from 'node:child_process'
import { killWithThisProcess } from './child-processes.ts'
import type { SuiteContext } from './suite.ts'

export interface ExternalProgram {
  readonly command: string
  readonly arguments: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** The program is killed after this long. */
  readonly timeoutMs: number
}

interface ProgramLine {
  readonly name?: string
  readonly ok?: boolean
  readonly detail?: string
  readonly observed?: unknown
  readonly done?: boolean
}

export interface ProgramRun {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  readonly isTimedOut: boolean
}

/** Runs a program to its end. `onLine` gets each whole line of its standard output. */
export function runProgram(program: ExternalProgram, onLine?: (line: string) => void): Promise<ProgramRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(program.command, program.arguments, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...program.environment },
    })
    killWithThisProcess(child)
    let stdout = ''
    let stderr = ''
    let lineStart = 0
    let isTimedOut = false
    const timer = setTimeout(() => {
      isTimedOut = true
      child.kill('SIGKILL')
    }, program.timeoutMs)
    child.stdout.setEncoding('utf8')
    child.stderr.setEncoding('utf8')
    child.stdout.on('data', (text: string) => {
      stdout += text
      for (let end = stdout.indexOf('\n', lineStart); end >= 0; end = stdout.indexOf('\n', lineStart)) {
        onLine?.(stdout.slice(lineStart, end))
        lineStart = end + 1
      }
    })
    child.stderr.on('data', (text: string) => {
      stderr += text
    })
    child.once('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    child.once('close', (code) => {
      clearTimeout(timer)
      resolve({ code, stdout, stderr, isTimedOut })
    })
  })
}

/** Runs a test program and reports its cases. A program that ends early is reported as a failed case of its own. */
export async function reportProgram(context: SuiteContext, program: ExternalProgram): Promise<void> {
  const chatter: string[] = []
  let isDone = false
  const run = await runProgram(program, (text) => {
    const line = parseProgramLine(text)
    if (line === null) chatter.push(text)
    else if (line.done === true) isDone = true
    else {
      context.report({
        name: line.name ?? 'a case without a name',
        isOk: line.ok === true,
        detail: line.detail ?? '',
        observed: line.observed ?? null,
      })
    }
  })
  if (isDone && run.code === 0) return
  const reason = run.isTimedOut ? `did not end within ${program.timeoutMs} ms` : `ended with code ${run.code}`
  const output = [...chatter, run.stderr].join('\n').slice(-2000)
  context.report({ name: 'the program runs to its end', isOk: false, detail: `it ${reason}\n${output}`, observed: null })
}

function parseProgramLine(text: string): ProgramLine | null {
  if (!text.startsWith('{')) return null
  try {
    return JSON.parse(text) as ProgramLine
  } catch {
    return null
  }
}
