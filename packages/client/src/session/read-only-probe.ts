import type { HostPort } from '../connect-string.ts'
import type { ClientRuntime, TimerHandle } from '../runtime/runtime.ts'
import type { TransportConnection } from '../transport/transport.ts'
import type { Dialer } from './dialer.ts'

const INTERVAL_MS_MIN = 100
const INTERVAL_MS_MAX = 60_000
const ANSWER_MS_MAX = 1_000

const QUESTION = encode('isro')

/**
 * Looks for a server that takes writes while the client is connected to one that does not: asks the others `isro`, one
 * at a time, with pauses that double from 100 ms to a minute.
 */
export class ReadOnlyProbe {
  readonly #runtime: ClientRuntime
  readonly #dialer: Dialer
  readonly #servers: readonly HostPort[]
  readonly #found: (server: HostPort) => void
  #timer: TimerHandle | null = null
  #connection: TransportConnection | null = null
  #intervalMs = INTERVAL_MS_MIN
  #asked = 0
  #isStopped = false

  constructor(runtime: ClientRuntime, dialer: Dialer, servers: readonly HostPort[], found: (server: HostPort) => void) {
    this.#runtime = runtime
    this.#dialer = dialer
    this.#servers = servers
    this.#found = found
    this.#schedule()
  }

  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
    this.#connection?.destroy()
  }

  #schedule(): void {
    if (this.#servers.length === 0) return
    this.#timer = this.#runtime.timers.after(this.#intervalMs, () => this.#ask())
    this.#intervalMs = Math.min(this.#intervalMs * 2, INTERVAL_MS_MAX)
  }

  #ask(): void {
    const server = this.#servers[this.#asked % this.#servers.length]
    this.#asked += 1
    if (server === undefined) return
    this.#dialer.resolve(server, ([target]) => {
      if (this.#isStopped) return
      if (target === undefined) return this.#schedule()
      let answer = ''
      const limit = this.#runtime.timers.after(ANSWER_MS_MAX, () => connection.destroy())
      const connection = this.#runtime.transport.connect(target, {
        onOpen: () => connection.write(QUESTION, QUESTION.length),
        onData: (bytes, _view, length) => {
          for (let i = 0; i < length && answer.length < 8; i++) answer += String.fromCharCode(bytes[i] ?? 0)
          if (answer.startsWith('rw')) connection.destroy()
        },
        onDrain: () => undefined,
        onClose: () => {
          limit.cancel()
          this.#connection = null
          this.#answered(server, answer)
        },
      })
      this.#connection = connection
    })
  }

  #answered(server: HostPort, answer: string): void {
    if (this.#isStopped) return
    if (answer.startsWith('rw')) this.#found(server)
    else this.#schedule()
  }
}

function encode(word: string): Uint8Array {
  return Uint8Array.from(word, (letter) => letter.charCodeAt(0))
}
