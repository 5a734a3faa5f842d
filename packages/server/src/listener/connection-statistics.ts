/** Stands for the last operation when there is none to show. */
export const NO_OPERATION = 0

/** What a connection has seen, for the four-letter words. Plain fields: they are written for every request. */
export class ConnectionStatistics {
  /** Wall clock, milliseconds. */
  readonly establishedMs: number
  received = 0
  sent = 0
  /** Opcode of the last request, `NO_OPERATION` before the first and when it was a write that failed. */
  lastOp: number = NO_OPERATION
  /** Xid of the last request that has one of its own; -1 before the first. */
  lastCxid = -1
  /** Zxid of the last reply, -1 before the first. */
  lastZxid = -1
  /** Monotonic milliseconds of the last reply. */
  lastResponseMs = 0
  lastLatencyMs = 0
  minLatencyMs = 0
  maxLatencyMs = 0
  latencySumMs = 0
  latencyCount = 0

  constructor(nowMs: number) {
    this.establishedMs = nowMs
  }

  /** A reply to a client's request was made; `cxid` is negative for requests that have none of their own. */
  replied(op: number, cxid: number, zxid: number, latencyMs: number, monotonicMs: number): void {
    this.sent++
    this.lastOp = op
    if (cxid >= 0) this.lastCxid = cxid
    this.lastZxid = zxid
    this.lastResponseMs = monotonicMs
    this.lastLatencyMs = latencyMs
    if (this.latencyCount === 0 || latencyMs < this.minLatencyMs) this.minLatencyMs = latencyMs
    if (latencyMs > this.maxLatencyMs) this.maxLatencyMs = latencyMs
    this.latencySumMs += latencyMs
    this.latencyCount++
  }

  reset(): void {
    this.received = 0
    this.sent = 0
    this.lastOp = NO_OPERATION
    this.lastCxid = -1
    this.lastZxid = -1
    this.lastResponseMs = 0
    this.lastLatencyMs = 0
    this.minLatencyMs = 0
    this.maxLatencyMs = 0
    this.latencySumMs = 0
    this.latencyCount = 0
  }
}
