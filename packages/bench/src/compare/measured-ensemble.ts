import { join } from 'node:path'
import { fourLetterAnswer, freePort, HOST, sleep } from './loopback.ts'
import { type ExtraConfig, type LoadedServer, MeasuredServer } from './measured-server.ts'
import { residentMb } from './process-sampler.ts'
import type { Target } from './target.ts'

const LEADER_TIMEOUT_MS = 60000
const POLL_INTERVAL_MS = 20

/** An ensemble of voters on the loopback, each a process with a directory and ports of its own. */
export class MeasuredEnsemble implements LoadedServer {
  readonly name: string
  readonly members: readonly MeasuredServer[]
  private readonly config: ExtraConfig

  private constructor(name: string, members: readonly MeasuredServer[], config: ExtraConfig) {
    this.name = name
    this.members = members
    this.config = config
  }

  static async create(target: Target, directory: string, size: number): Promise<MeasuredEnsemble> {
    const members: MeasuredServer[] = []
    const config: Record<string, string | number> = { initLimit: 10, syncLimit: 5 }
    for (let number = 1; number <= size; number++) {
      members.push(await MeasuredServer.create(target, join(directory, `server-${number}`)))
      config[`server.${number}`] = `${HOST}:${await freePort()}:${await freePort()}`
    }
    return new MeasuredEnsemble(target.name, members, config)
  }

  get address(): string {
    return this.members.map((member) => member.address).join(',')
  }

  get groupIds(): readonly number[] {
    return this.members.flatMap((member) => member.groupIds)
  }

  /** Starts all members on empty directories and waits until each serves. */
  async startEmpty(): Promise<void> {
    for (const [index, member] of this.members.entries()) {
      member.clear()
      member.launch(this.config, index + 1)
    }
    for (const member of this.members) await member.untilServing()
  }

  /** Starts a member that was killed, and waits until it serves. */
  async revive(member: MeasuredServer): Promise<void> {
    member.launch(this.config, this.members.indexOf(member) + 1)
    await member.untilServing()
  }

  async stop(): Promise<void> {
    for (const member of this.members) await member.stop()
  }

  /** Removes what the members have written. */
  clear(): void {
    for (const member of this.members) member.clear()
  }

  /** The member that says that it leads. */
  async leader(): Promise<MeasuredServer> {
    const deadlineMs = performance.now() + LEADER_TIMEOUT_MS
    while (performance.now() < deadlineMs) {
      for (const member of this.members) {
        if (/^Mode: leader$/m.test(await fourLetterAnswer(member.port, 'srvr'))) return member
      }
      await sleep(POLL_INTERVAL_MS)
    }
    throw new Error(`${this.name} has no leader after ${LEADER_TIMEOUT_MS} ms`)
  }

  residentMb(): number {
    return residentMb(this.groupIds)
  }
}
