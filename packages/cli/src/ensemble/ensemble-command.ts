// `tskeeper ensemble`: an ensemble on this machine, to work against. Each member is a process of its own, so that it can be
// killed and held up like a real one; all of them end with the command.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CommandError } from '../command-error.ts'
import type { Surroundings } from '../surroundings.ts'
import { ENSEMBLE_USAGE, type EnsembleArguments, readEnsembleArguments } from './ensemble-options.ts'
import { type EnsemblePlan, HOST, planEnsemble } from './ensemble-plan.ts'
import { checkPortsAreFree } from './free-ports.ts'
import { MemberProcess } from './member-process.ts'

const POLL_MS = 50
/** Processes start in a second or so; a loaded machine is slow. */
const READY_TIMEOUT_MS = 120_000

/** Runs an ensemble until it is told to stop; gives the exit code: 0 when it was, 1 when it could not start or has ended by itself. */
export async function runEnsemble(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const wanted = readEnsembleArguments(args, surroundings.workingDirectory)
  if (wanted === null) {
    surroundings.out(ENSEMBLE_USAGE)
    return 0
  }
  const directory = wanted.directory ?? join(tmpdir(), 'tskeeper-ensemble-')
  planEnsemble({ ...wanted, directory })
  return wanted.directory === null
    ? runInTemporaryDirectory(wanted, directory, surroundings)
    : run(wanted, directory, surroundings)
}

async function runInTemporaryDirectory(wanted: EnsembleArguments, prefix: string, surroundings: Surroundings): Promise<number> {
  const directory = mkdtempSync(prefix)
  try {
    return await run(wanted, directory, surroundings)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function run(wanted: EnsembleArguments, directory: string, surroundings: Surroundings): Promise<number> {
  const plan = planEnsemble({ ...wanted, directory })
  await checkPortsAreFree(plan)
  mkdirSync(directory, { recursive: true })
  return new LocalEnsemble(plan, surroundings).run()
}

class LocalEnsemble {
  readonly #plan: EnsemblePlan
  readonly #surroundings: Surroundings
  readonly #processes: MemberProcess[] = []
  #isStopping = false
  /** Settles with the first signal. */
  readonly #stopRequested: Promise<void>

  constructor(plan: EnsemblePlan, surroundings: Surroundings) {
    this.#plan = plan
    this.#surroundings = surroundings
    this.#stopRequested = new Promise((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
        process.on(signal, () => {
          // Who asks twice does not want to wait.
          if (this.#isStopping) for (const member of this.#processes) member.kill()
          this.#isStopping = true
          resolve()
        })
      }
    })
  }

  async run(): Promise<number> {
    try {
      for (const member of this.#plan.members) {
        this.#processes.push(MemberProcess.start(member, this.#plan, this.#surroundings))
      }
      const modes = await Promise.race([this.#whenServing(), this.#stopRequested])
      if (modes === undefined || this.#isStopping) return 0
      this.#introduce(modes)
      for (const member of this.#processes) void this.#reportEnd(member)
      const allEnded = Promise.all(this.#processes.map(({ ended }) => ended)).then(() => 1)
      return await Promise.race([allEnded, this.#stopRequested.then(() => 0)])
    } finally {
      this.#isStopping = true
      await Promise.all(this.#processes.map((member) => member.stop()))
    }
  }

  /** The modes of the members, when all of them serve; the last ones known when the command is told to stop before. */
  async #whenServing(): Promise<string[]> {
    const deadlineMs = performance.now() + READY_TIMEOUT_MS
    for (;;) {
      const ended = this.#processes.find(({ hasEnded }) => hasEnded)
      if (ended !== undefined && !this.#isStopping) throw await startFailure(ended)
      const modes = await Promise.all(this.#processes.map((member) => member.mode()))
      if (modes.every((mode) => mode !== null) || this.#isStopping) return modes.map(String)
      if (performance.now() > deadlineMs) throw lateFailure(this.#processes.filter((_, index) => modes[index] === null))
      await this.#surroundings.sleep(POLL_MS)
    }
  }

  #introduce(modes: readonly string[]): void {
    for (const [index, { member, pid }] of this.#processes.entries()) {
      const address = `${HOST}:${member.clientPort}`.padEnd(15)
      const name = `server ${member.id}`.padEnd(9)
      this.#surroundings.out(`${name}  ${(modes[index] ?? '').padEnd(8)}  ${address}  process ${pid}  ${member.directory}\n`)
    }
    this.#surroundings.out(`Connect with: tskeeper shell -server ${this.#plan.connectString}   (Ctrl-C stops the ensemble)\n`)
  }

  async #reportEnd({ member, ended }: MemberProcess): Promise<void> {
    const how = await ended
    if (this.#isStopping) return
    this.#surroundings.out(`server ${member.id} has ended ${how}; to start it again: tskeeper serve ${member.configPath}\n`)
  }
}

async function startFailure(member: MemberProcess): Promise<CommandError> {
  return new CommandError(`server ${member.member.id} ended ${await member.ended} while it started:\n${member.logTail()}`)
}

function lateFailure(members: readonly MemberProcess[]): CommandError {
  const logs = members.map(({ member }) => `server ${member.id} (${member.logPath})`).join(', ')
  return new CommandError(`Not serving after ${READY_TIMEOUT_MS / 1000} s: ${logs}`)
}
