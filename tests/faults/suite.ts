import type { ServerTarget } from '../support/server-process.ts'
import type { SeededRandom } from './seeded-random.ts'

/** A group of cases about one kind of fault. */
export interface FaultSuite {
  readonly name: string
  readonly cases: readonly FaultCase[]
}

export interface FaultCase {
  /** A sentence of behaviour, with the numbers of the acceptance rows that it pins. */
  readonly name: string
  /** Absent: the case holds for both servers. Present: why only one of them is held to it. */
  readonly only?: ServerTarget
  /** Rejects when the server did not behave; resolves with the figures for the report. */
  run(context: FaultContext): Promise<string>
}

export interface FaultContext {
  readonly target: ServerTarget
  readonly size: 'quick' | 'full'
  /** Asked for on the command line; null is the size's own number. */
  readonly rounds: number | null
  /** How long a case that lasts as long as it is told to shall last; null is the size's own time. */
  readonly minutes: number | null
  readonly seed: number
  readonly random: SeededRandom
  /** Says on stderr how a long case goes on. */
  progress(line: string): void
}

/** A server that broke its word; the message says how, and how to see it again. */
export class FaultFound extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'FaultFound'
  }
}

/** Fails the case unless `condition` holds. */
export function expect(condition: boolean, message: string): asserts condition {
  if (!condition) throw new FaultFound(message)
}

export function delay(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs))
}

/** Polls until `condition` holds; fails the case when it does not within `timeoutMs`. */
export async function eventually(condition: () => boolean | Promise<boolean>, timeoutMs: number, what: string): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new FaultFound(`${what}: not within ${timeoutMs} ms`)
    await delay(10)
  }
}
