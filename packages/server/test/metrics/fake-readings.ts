import type { LeaderReadings, MetricReadings, NamespaceQuota, ProcessReadings } from '../../src/metrics/metric-readings.ts'

/** The readings of a fresh server that stands alone. */
export class FakeReadings implements MetricReadings {
  aliveConnectionCount: number = 1
  outstandingRequestCount: number = 0
  znodeCount: number = 5
  watchCount: number = 0
  ephemeralCount: number = 0
  approximateDataSizeBytes: number = 44
  globalSessionCount: number = 0
  localSessionCount: number = 0
  uptimeMs: number = 269581
  openFileDescriptorCount: number | null = 40
  maxFileDescriptorCount: number | null = 20000
  quotaList: NamespaceQuota[] = []
  quorumSize: number | null = null
  leader: LeaderReadings | null = null
  process: ProcessReadings | null = null

  quotas(): NamespaceQuota[] {
    return this.quotaList
  }
}
