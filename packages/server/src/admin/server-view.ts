// The server as the four-letter words see it. The words only format: everything that they show is read through these
// interfaces, which the composition root implements over the real parts and the tests over fixed values.
//
// Zxids and times are numbers, session ids are bigints. "Monotonic" times are those of the runtime's monotonic clock.

import type { MetricReadings } from '../metrics/metric-readings.ts'
import type { ServerMetrics } from '../metrics/server-metrics.ts'
import type { Whitelist } from './whitelist.ts'

/** What the server does at the moment. `not serving` is looking for a leader, starting or stopping. */
export type ServingState = 'serving' | 'read-only' | 'not serving'

/** The mode as `srvr` shows it. */
export type ServerMode = 'standalone' | 'leader' | 'follower' | 'observer' | 'read-only'

/** All that the words need. Methods are called only by the word that shows their result; cheap values are properties. */
export interface ServerView {
  readonly whitelist: Whitelist
  readonly servingState: ServingState
  readonly mode: ServerMode
  /** For example `leading - broadcast`; null for a server that stands alone. */
  readonly peerState: string | null
  /** Id of the server that feeds this observer, null if there is none. */
  readonly observerMasterId: string | null
  readonly metrics: ServerMetrics
  readonly readings: MetricReadings
  /** Last zxid that was applied. */
  readonly lastZxid: number
  /** Which messages an operator wants traced, as bits; `stmk` sets it. Signed 64 bits. */
  traceMask: bigint
  /** Clears the counters of each connection, as `crst` promises. */
  resetConnectionStats(): void
  /** The lines of `conf`, with the sizes of the directories in them. */
  configurationText(): string
  dataDirectorySizeBytes(): number
  logDirectorySizeBytes(): number
  environment(): EnvironmentView
  connections(): Iterable<ConnectionView>
  sessionExpiry(): SessionExpiryView
  connectionExpiry(): readonly ExpiryBucket<ExpiringConnection>[]
  /** Paths of ephemeral nodes, for each session that has some. */
  ephemeralsBySession(): Iterable<readonly [bigint, Iterable<string>]>
  /** Counts of watches on data (exists and persistent ones included; watches on children are not shown). */
  watchTotals(): WatchTotals
  /** The same watches by session, and by path. */
  watchesBySession(): Iterable<readonly [bigint, Iterable<string>]>
  watchesByPath(): Iterable<readonly [string, Iterable<bigint>]>
  /** Digests of the tree that were kept, oldest first. */
  digestHistory(): Iterable<DigestRecord>
  outstandingRequests(): Iterable<OutstandingRequestView>
  /** The wall clock, milliseconds since 1970. */
  nowMs(): number
  /** The monotonic clock, which expiry is reckoned in. */
  monotonicMs(): number
  /** Name of the zone in which dates are shown; null is the zone of the machine. */
  readonly timeZone: string | null
}

/** One client connection. */
export interface ConnectionView {
  readonly remoteAddress: string
  readonly remotePort: number
  /** 1: reading, 4: writing, 5: both; 0 for the connection whose four-letter word is being answered. */
  readonly interestOps: number
  /** Requests received and not yet answered. */
  readonly outstandingCount: number
  readonly packetsReceived: number
  readonly packetsSent: number
  /** What belongs to the session; null as long as there is none. */
  readonly session: ConnectionSessionView | null
}

/** The session of a connection, and its requests. Latencies are milliseconds, 0 when nothing was measured. */
export interface ConnectionSessionView {
  readonly id: bigint
  readonly timeoutMs: number
  /** When the connection was made, milliseconds since 1970. */
  readonly establishedAtMs: number
  /** Of the last request that was answered without an error; null before the first and after `crst`. */
  readonly lastOpcode: number | null
  /** Of the last request that has one of its own (pings have not); negative when there is none. */
  readonly lastCxid: number
  /** In the last reply; -1 before the first and after `crst`. */
  readonly lastZxid: number
  /** Monotonic time of the last reply, 0 before the first. */
  readonly lastResponseMs: number
  readonly lastLatencyMs: number
  readonly minLatencyMs: number
  readonly averageLatencyMs: number
  readonly maxLatencyMs: number
}

/** What expires at one moment. Buckets are given in the order of their time, empty ones included. */
export interface ExpiryBucket<Member> {
  /** Monotonic time. */
  readonly expiresAtMs: number
  readonly members: readonly Member[]
}

/** A connection that is closed when it stays silent until the bucket's time; id 0 without a session. */
export interface ExpiringConnection {
  readonly remoteAddress: string
  readonly remotePort: number
  readonly sessionId: bigint
}

/**
 * Who expires when. A leader or a standalone server keeps the buckets of all global sessions; a learner knows of
 * these only the timeout. Local sessions are kept by the server that they were made on.
 */
export type SessionExpiryView =
  | {
      readonly kind: 'tracker'
      readonly global: readonly ExpiryBucket<bigint>[]
      readonly local: readonly ExpiryBucket<bigint>[] | null
    }
  | {
      readonly kind: 'learner'
      readonly global: readonly GlobalSession[]
      readonly local: readonly ExpiryBucket<bigint>[] | null
    }

/** A global session as a learner knows it. */
export interface GlobalSession {
  readonly id: bigint
  readonly timeoutMs: number
}

export interface WatchTotals {
  /** Connections that watch something. */
  readonly connectionCount: number
  /** Paths that are watched. */
  readonly pathCount: number
  /** Pairs of the two. */
  readonly watchCount: number
}

/** Digest of the tree after the transaction with the zxid, a signed 64-bit number. */
export interface DigestRecord {
  readonly zxid: number
  readonly digest: bigint
}

/** A request that was admitted and is not yet answered. */
export interface OutstandingRequestView {
  readonly sessionId: bigint
  readonly opcode: number
  readonly cxid: number
  /** 0 as long as the request has none. */
  readonly zxid: number
  /** Null if the request names no single path. */
  readonly path: string | null
  /** Since the request arrived. */
  readonly ageMs: number
}

/** Facts about the machine and the process. */
export interface EnvironmentView {
  readonly hostName: string
  /** Version and name of the JavaScript runtime. */
  readonly runtimeVersion: string
  readonly runtimeName: string
  readonly osName: string
  readonly osArchitecture: string
  readonly osVersion: string
  readonly userName: string
  readonly userHome: string
  readonly workingDirectory: string
  /** Of the heap: not yet used, the limit, and what is reserved at the moment. */
  readonly memoryFreeBytes: number
  readonly memoryMaxBytes: number
  readonly memoryTotalBytes: number
}
