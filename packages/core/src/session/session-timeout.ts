/** The session timeouts that a server grants. */
export interface SessionTimeoutLimits {
  readonly minMs: number
  readonly maxMs: number
}

/** The limits that follow from the tick where the configuration sets none: 2 ticks to 20 ticks. */
export function defaultTimeoutLimits(tickMs: number): SessionTimeoutLimits {
  return { minMs: 2 * tickMs, maxMs: 20 * tickMs }
}

/** The timeout that a client gets which asked for `requestedMs`, which may be anything: 0 and less get the least. */
export function negotiateTimeout(requestedMs: number, limits: SessionTimeoutLimits): number {
  if (requestedMs < limits.minMs) return limits.minMs
  if (requestedMs > limits.maxMs) return limits.maxMs
  return requestedMs
}
