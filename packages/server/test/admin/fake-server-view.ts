import type {
  ConnectionSessionView,
  ConnectionView,
  EnvironmentView,
  ExpiringConnection,
  ExpiryBucket,
  ServerMode,
  ServerView,
  ServingState,
  SessionExpiryView,
  WatchTotals,
} from '../../src/admin/server-view.ts'
import { Whitelist } from '../../src/admin/whitelist.ts'
import { ServerMetrics } from '../../src/metrics/server-metrics.ts'
import { FakeReadings } from '../metrics/fake-readings.ts'

/** Fri Nov 20 15:55:00 UTC 2026. */
export const NOW_MS: number = Date.UTC(2026, 10, 20, 15, 55, 0)

/** A server that stands alone and is asked for everything; each test sets the fields that it speaks of. */
export class FakeServerView implements ServerView {
  whitelist: Whitelist = new Whitelist('*', false)
  servingState: ServingState = 'serving'
  mode: ServerMode = 'standalone'
  peerState: string | null = null
  observerMasterId: string | null = null
  readonly metrics: ServerMetrics = new ServerMetrics()
  readonly readings: FakeReadings = new FakeReadings()
  lastZxid: number = 0
  traceMask: bigint = 306n
  connectionResets: number = 0
  connectionList: ConnectionView[] = []
  expiry: SessionExpiryView = { kind: 'tracker', global: [], local: null }
  connectionBuckets: ExpiryBucket<ExpiringConnection>[] = []
  ephemerals: Map<bigint, string[]> = new Map()
  totals: WatchTotals = { connectionCount: 0, pathCount: 0, watchCount: 0 }
  watchedPaths: Map<bigint, string[]> = new Map()
  watchers: Map<string, bigint[]> = new Map()
  digests: { zxid: number; digest: bigint }[] = []
  requests: ReturnType<ServerView['outstandingRequests']> = []
  readonly timeZone: string = 'UTC'

  resetConnectionStats(): void {
    this.connectionResets++
  }

  configurationText(): string {
    return 'clientPort=2181\ntickTime=2000\ndataDir=/var/lib/zk/version-2\n'
  }

  dataDirectorySizeBytes(): number {
    return 67109358
  }

  logDirectorySizeBytes(): number {
    return 67108880
  }

  environment(): EnvironmentView {
    return {
      hostName: 'node-1.example.com',
      runtimeVersion: '20.20.2',
      runtimeName: 'Node.js',
      osName: 'Linux',
      osArchitecture: 'x64',
      osVersion: '6.1.0',
      userName: 'keeper',
      userHome: '/home/keeper',
      workingDirectory: '/srv/keeper',
      memoryFreeBytes: 107.9 * 1024 * 1024,
      memoryMaxBytes: 256 * 1024 * 1024,
      memoryTotalBytes: 128 * 1024 * 1024,
    }
  }

  connections(): ConnectionView[] {
    return this.connectionList
  }

  sessionExpiry(): SessionExpiryView {
    return this.expiry
  }

  connectionExpiry(): ExpiryBucket<ExpiringConnection>[] {
    return this.connectionBuckets
  }

  ephemeralsBySession(): Map<bigint, string[]> {
    return this.ephemerals
  }

  watchTotals(): WatchTotals {
    return this.totals
  }

  watchesBySession(): Map<bigint, string[]> {
    return this.watchedPaths
  }

  watchesByPath(): Map<string, bigint[]> {
    return this.watchers
  }

  digestHistory(): { zxid: number; digest: bigint }[] {
    return this.digests
  }

  outstandingRequests(): ReturnType<ServerView['outstandingRequests']> {
    return this.requests
  }

  nowMs(): number {
    return NOW_MS
  }

  monotonicMs(): number {
    return 1_000_000.25
  }
}

/** A connection with a session that did a few things. */
export function fakeConnection(session: Partial<ConnectionSessionView> = {}): ConnectionView {
  return {
    remoteAddress: '127.0.0.1',
    remotePort: 41680,
    interestOps: 1,
    outstandingCount: 0,
    packetsReceived: 8,
    packetsSent: 8,
    session: {
      id: 0x100000dfeea0010n,
      timeoutMs: 30000,
      establishedAtMs: 1795190099470,
      lastOpcode: 106,
      lastCxid: 7,
      lastZxid: 0x6f,
      lastResponseMs: 1110519.75,
      lastLatencyMs: 0,
      minLatencyMs: 0,
      averageLatencyMs: 0,
      maxLatencyMs: 2,
      ...session,
    },
  }
}

/** The connection whose four-letter word is being answered. */
export const askingConnection: ConnectionView = {
  remoteAddress: '127.0.0.1',
  remotePort: 42980,
  interestOps: 0,
  outstandingCount: 0,
  packetsReceived: 1,
  packetsSent: 0,
  session: null,
}
