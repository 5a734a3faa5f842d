/** What the suites and the runner agree on: a suite runs its cases against one server and reports each as it ends. */
import { withTimeout } from '../support/raw-connection.ts'
import type { ServerTarget } from '../support/server-process.ts'

/** No case takes as long as this, unless it says so; one that does has failed. */
const CASE_TIMEOUT_MS = 120_000

/** How one case went against one server. */
export interface CaseResult {
  /** A sentence of behaviour; the rows of the acceptance list that it pins stand in front, as in `A31 A161: ...`. */
  readonly name: string
  readonly isOk: boolean
  /** Why it failed; empty when it did not. */
  readonly detail: string
  /**
   * What was seen, as plain JSON, with everything taken out that may differ from run to run (absolute zxids, times, session
   * ids, ports). The runner compares it between the two servers.
   */
  readonly observed: unknown
}

/** A program or library that a suite cannot do without. */
interface SoftwareRequirement {
  /** A file that is there when the software is installed. */
  readonly file: string
  readonly debianPackage: string
}

export interface SuiteContext {
  readonly target: ServerTarget
  /** An empty directory of this run's own; it is removed afterwards. */
  readonly directory: string
  /** What is drawn by chance follows from it; null for what every run draws. */
  readonly seed: number | null
  /** How many steps of a random schedule to play; null for the suite's own number. */
  readonly steps: number | null
  /** Called once for each case, when it has ended. */
  readonly report: (result: CaseResult) => void
}

export interface Suite {
  readonly name: string
  /** One line for the list of suites. */
  readonly purpose: string
  /** Servers that the suite can run against; both if absent. */
  readonly targets?: readonly ServerTarget[]
  readonly software: readonly SoftwareRequirement[]
  readonly run: (context: SuiteContext) => Promise<void>
}

/** Thrown by a case's checks: what was expected and what was there. */
export class CheckError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'CheckError'
  }
}

export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new CheckError(message)
}

/** Fails unless the two are the same as JSON; bigints count as their decimal text. */
export function checkEqual(actual: unknown, expected: unknown, what: string): void {
  const actualText = canonicalJson(actual)
  const expectedText = canonicalJson(expected)
  if (actualText !== expectedText) throw new CheckError(`${what}: expected ${expectedText}, found ${actualText}`)
}

/** JSON with the keys of objects in order, so that equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === 'bigint') return part.toString()
    if (part instanceof Uint8Array) return Buffer.from(part).toString('hex')
    if (part === null || typeof part !== 'object' || Array.isArray(part)) return part
    return Object.fromEntries(Object.entries(part).sort(([left], [right]) => (left < right ? -1 : 1)))
  })
}

/** Runs one case: what `body` returns is what was observed, what it throws is why the case failed. */
export async function runCase(
  context: SuiteContext,
  name: string,
  body: () => Promise<unknown>,
  timeoutMs: number = CASE_TIMEOUT_MS,
): Promise<void> {
  try {
    const observed = await withTimeout(body(), timeoutMs, 'the end of the case')
    context.report({ name, isOk: true, detail: '', observed: observed ?? null })
  } catch (error) {
    context.report({
      name,
      isOk: false,
      detail: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
      observed: null,
    })
  }
}
