import type { ServerMetrics } from '../metrics/server-metrics.ts'
import type { WriteBatch } from './write-batch.ts'

/**
 * Records how long the writes of a batch took. Requests that came in one chunk have one time of arrival, so what is recorded
 * is runs of them: a clock was read for the batch, not for each write.
 *
 *   arrival ... startedMs       syncedMs       doneMs
 *      | gathered  | log and sync  | applied, answered |
 */
export function recordBatchTimes(metrics: ServerMetrics, batch: WriteBatch, syncedMs: number, doneMs: number): void {
  const { log, requests } = metrics
  const { arrivedMs, connections, count, startedMs } = batch
  let from = 0
  while (from < count) {
    const arrived = arrivedMs[from] as number
    let clientCount = 0
    let end = from
    while (end < count && arrivedMs[end] === arrived) {
      // Nobody waits for what the server does of itself: that sessions expire and containers go.
      if (connections[end] !== null) clientCount++
      end++
    }
    const size = end - from
    log.queueTimeMs.recordMany(startedMs - arrived, size)
    log.queueAndFlushTimeMs.recordMany(syncedMs - arrived, size)
    requests.propagationLatencyMs.recordMany(doneMs - arrived, size)
    if (clientCount > 0) {
      requests.latency.recordMany(doneMs - arrived, clientCount)
      requests.updateLatencyMs.recordMany(doneMs - arrived, clientCount)
    }
    from = end
  }
  log.flushTimeMs.recordMany(syncedMs - startedMs, count)
  requests.writeFinalStageMs.recordMany(doneMs - syncedMs, count)
}
