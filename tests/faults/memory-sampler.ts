import type { ServerProcess } from '../support/server-process.ts'

const INTERVAL_MS = 25

/** Watches a server's resident memory, in MiB, while something is done to it. */
export class MemorySampler {
  readonly beforeMiB: number
  highestMiB: number
  readonly #server: ServerProcess
  readonly #timer: NodeJS.Timeout

  constructor(server: ServerProcess) {
    this.#server = server
    this.beforeMiB = server.residentMiB()
    this.highestMiB = this.beforeMiB
    this.#timer = setInterval(() => {
      this.highestMiB = Math.max(this.highestMiB, server.residentMiB())
    }, INTERVAL_MS)
  }

  /** Ends the sampling and returns it in words. */
  stop(): string {
    clearInterval(this.#timer)
    const now = this.#server.residentMiB()
    return `resident ${this.beforeMiB.toFixed(0)} MiB before, at most ${this.highestMiB.toFixed(0)}, ${now.toFixed(0)} after`
  }
}
