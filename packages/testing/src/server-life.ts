// One life of a server: from its start to its stop or its death. Everything that comes to the server from outside (timers,
// bytes, connections, the answers of the disk) comes through here, so that a life can be held up and can end at any moment.
// A life that is over is never called again, as a process that is gone: what it had set in motion comes to nothing.

/** Something of the outside that a life holds on to, and that the outside takes back when the life ends. */
export interface Belonging {
  /** The life is held up or goes on. */
  held(isHeld: boolean): void
  /** The life is over; nothing may reach it from here on. */
  lost(): void
}

export class ServerLife {
  #isAlive = true
  #isPaused = false
  /** What happened while nobody could be told, in its order. */
  #waiting: (() => void)[] = []
  #isDraining = false
  readonly #belongings = new Set<Belonging>()

  get isAlive(): boolean {
    return this.#isAlive
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  /** Whether something that happens now would have to wait. */
  get isHeld(): boolean {
    return this.#isPaused || this.#isDraining
  }

  /** Tells the server of something: now, when the pause is over, or never. */
  tell(action: () => void): void {
    if (!this.#isAlive) return
    if (this.isHeld) this.#waiting.push(action)
    else action()
  }

  /** A server that is no more changes nothing in the world, whatever still runs of it. */
  checkAlive(): void {
    if (!this.#isAlive) throw new Error('this server was killed')
  }

  own(belonging: Belonging): void {
    if (this.#isAlive) this.#belongings.add(belonging)
    else belonging.lost()
  }

  disown(belonging: Belonging): void {
    this.#belongings.delete(belonging)
  }

  pause(): void {
    if (!this.#isAlive || this.#isPaused) return
    this.#isPaused = true
    for (const belonging of this.#belongings) belonging.held(true)
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    for (const belonging of this.#belongings) belonging.held(false)
    if (!this.#isDraining) this.#drain()
  }

  end(): void {
    if (!this.#isAlive) return
    this.#isAlive = false
    this.#isPaused = false
    this.#waiting = []
    for (const belonging of this.#belongings) belonging.lost()
    this.#belongings.clear()
  }

  /** Each by itself, so that the promises of one settle before the next, as in a process that was never held up. */
  #drain(): void {
    this.#isDraining = true
    const next = (): void => {
      if (this.#isPaused || this.#waiting.length === 0) {
        this.#isDraining = false
        return
      }
      this.#waiting.shift()?.()
      setImmediate(next)
    }
    setImmediate(next)
  }
}
