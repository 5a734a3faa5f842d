/**
 * Where our server answers on purpose otherwise than Apache's 3.8.0, the one that these suites run beside ours. Each entry stands
 * in docs/divergence.md too. An entry whose difference does not show any more fails the run, so that the table stays true.
 */
export interface ExpectedDifference {
  readonly suite: string
  /** Name of the case without the row numbers in front. */
  readonly caseName: string
  readonly reason: string
}

export const expectedDifferences: readonly ExpectedDifference[] = []
