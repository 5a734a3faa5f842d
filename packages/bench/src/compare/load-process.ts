import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { LoadReport } from '../load/load-run.ts'

/** A load that gave no result, and why. */
export interface FailedLoad {
  readonly failed: string
}

/** Sibling programs are TypeScript when this one is, and JavaScript when it was compiled. */
export function programPath(name: string): string {
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
  return fileURLToPath(new URL(`../${name}${extension}`, import.meta.url))
}

/** How this process runs TypeScript, if it does, so that its children can do the same. */
export function nodeArguments(): string[] {
  return [...process.execArgv]
}

/** Runs the load generator in a process of its own. */
export function runLoadProcess(address: string, argv: readonly string[], timeoutMs: number): Promise<LoadReport | FailedLoad> {
  return new Promise((resolve) => {
    const args = [...nodeArguments(), programPath('load/main'), '--quiet', '--server', address, ...argv]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    let complaint = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint += text
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
    child.once('error', (error) => resolve({ failed: error.message }))
    child.once('close', () => {
      clearTimeout(timer)
      resolve(parseReport(output, complaint))
    })
  })
}

function parseReport(output: string, complaint: string): LoadReport | FailedLoad {
  try {
    return JSON.parse(output) as LoadReport | FailedLoad
  } catch {
    return { failed: complaint.trim().slice(-500) || 'the load generator ended without a result' }
  }
}
