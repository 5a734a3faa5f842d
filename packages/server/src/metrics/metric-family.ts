/** Values of one name, as the Prometheus text groups them. */
export interface MetricFamily {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'summary'
  readonly samples: readonly MetricSample[]
}

/** One value of a family. */
export interface MetricSample {
  /** What follows the name of the family: empty, `_count` or `_sum`. */
  readonly suffix: string
  readonly labels: readonly (readonly [string, string])[]
  readonly value: number
}
