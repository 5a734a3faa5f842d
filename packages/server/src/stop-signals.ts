/** The part of a process that signals come from. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: () => void): unknown
}

const SIGNALS: readonly (readonly [NodeJS.Signals, number])[] = [
  ['SIGINT', 2],
  ['SIGTERM', 15],
]

/**
 * SIGINT and SIGTERM: the first one asks the server to stop, the second one ends the process at once, with the exit
 * code that shells give to a death by that signal. Before there is a server nothing was promised to anybody, so
 * one is enough.
 */
export class StopSignals {
  #stop: ((signal: NodeJS.Signals) => void) | null = null
  #isStopping = false

  constructor(source: SignalSource, exit: (code: number) => void) {
    for (const [signal, number] of SIGNALS) {
      source.on(signal, () => {
        if (this.#stop === null) exit(0)
        else if (this.#isStopping) exit(128 + number)
        else {
          this.#isStopping = true
          this.#stop(signal)
        }
      })
    }
  }

  /** Names what the first signal from now on does. */
  onFirst(stop: (signal: NodeJS.Signals) => void): void {
    this.#stop = stop
  }
}
