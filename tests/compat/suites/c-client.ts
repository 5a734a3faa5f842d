/** Apache's C client: a program of ours on its library, and its own small command line for a smoke run. */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ServerProcess } from '../../support/server-process.ts'
import { startCompatServer } from '../compat-server.ts'
import { reportProgram, runProgram } from '../external-program.ts'
import { CheckError, runCase, type Suite, type SuiteContext } from '../suite.ts'

const SOURCE = join(dirname(fileURLToPath(import.meta.url)), '..', 'c_suite.c')
const CLI = '/usr/lib/zookeeper/bin/cli_mt'
const COMPILE_TIMEOUT_MS = 60_000
const SUITE_TIMEOUT_MS = 240_000
const COMMAND_TIMEOUT_MS = 20_000

export const cClientSuite: Suite = {
  name: 'c-client',
  purpose: "Apache's C library and its small command line",
  software: [
    { file: '/usr/bin/gcc', debianPackage: 'gcc' },
    { file: '/usr/include/zookeeper/zookeeper.h', debianPackage: 'libzookeeper-mt-dev' },
    { file: CLI, debianPackage: 'zookeeper-bin' },
  ],
  run: runCClient,
}

async function runCClient(context: SuiteContext): Promise<void> {
  const program = await compile(context)
  const server = await startCompatServer(context)
  const address = `${server.host}:${server.port}`
  try {
    await reportProgram(context, { command: program, arguments: [address], timeoutMs: SUITE_TIMEOUT_MS })
    await runCase(context, 'A1 A258: the command line of the C client creates, reads, changes and deletes', () =>
      smokeRun(server),
    )
  } finally {
    await server.stop()
  }
}

async function compile(context: SuiteContext): Promise<string> {
  const program = join(context.directory, 'c_suite')
  const run = await runProgram({
    command: '/usr/bin/gcc',
    arguments: ['-std=c11', '-Wall', '-Wextra', '-Werror', '-O1', '-o', program, SOURCE, '-lzookeeper_mt', '-lpthread'],
    timeoutMs: COMPILE_TIMEOUT_MS,
  })
  if (run.code !== 0) throw new Error(`gcc ended with code ${run.code}\n${run.stderr}`)
  return program
}

/** One process a command; each prints the result code of what it did. */
async function smokeRun(server: ServerProcess): Promise<unknown> {
  const seen: string[] = []
  for (const command of ['create /cli-mt', 'set /cli-mt hello', 'get /cli-mt', 'ls /', 'delete /cli-mt', 'get /cli-mt']) {
    const run = await runProgram({
      command: CLI,
      arguments: ['-h', `${server.host}:${server.port}`, '-c', command],
      timeoutMs: COMMAND_TIMEOUT_MS,
    })
    if (run.isTimedOut) throw new CheckError(`"${command}" did not end\n${run.stdout}${run.stderr}`)
    const code = /rc = (-?\d+)/.exec(run.stdout + run.stderr)?.[1] ?? 'no result code'
    const value = /value_len = \d+|^hello$/m.exec(run.stdout + run.stderr)?.[0] ?? ''
    seen.push(`${command}: ${code} ${value}`.trimEnd())
  }
  return seen
}
