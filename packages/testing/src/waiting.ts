const POLL_MS = 1

/** How long something is waited for that has to come about, in milliseconds, unless the caller says otherwise. */
export const PATIENCE_MS = 30_000

/** Asks again and again until the answer is something; rejects after `patienceMs` with what `describe` says then. */
export async function eventually<T>(ask: () => T | null, describe: () => string, patienceMs: number = PATIENCE_MS): Promise<T> {
  const deadlineMs = performance.now() + patienceMs
  for (;;) {
    const answer = ask()
    if (answer !== null) return answer
    if (performance.now() > deadlineMs) throw new Error(`${describe()} after ${patienceMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}
