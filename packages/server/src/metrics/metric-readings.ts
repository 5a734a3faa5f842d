// What metrics show beside the counted fields: values that exist anyway (sizes of tables, the age of the server)
// and are read at the moment when somebody asks.

/** Values read when metrics are shown. The composition root implements it over the parts of the server. */
export interface MetricReadings {
  /** Open client connections, those without a session and those of four-letter words included. */
  readonly aliveConnectionCount: number
  /** Requests that were admitted and are not yet answered. */
  readonly outstandingRequestCount: number
  /** Nodes of the tree, counted as Apache's server does: a fresh tree has 5. */
  readonly znodeCount: number
  /** Watches in the data table and in the child table. */
  readonly watchCount: number
  readonly ephemeralCount: number
  /** Bytes of all paths and all data. */
  readonly approximateDataSizeBytes: number
  /** Sessions of the ensemble; learners know them too. */
  readonly globalSessionCount: number
  /** Sessions that only this server knows. */
  readonly localSessionCount: number
  /** Since this server began to serve in its present role. */
  readonly uptimeMs: number
  /** Null where the system does not tell. */
  readonly openFileDescriptorCount: number | null
  readonly maxFileDescriptorCount: number | null
  /** One entry for each quota in the tree. */
  quotas(): Iterable<NamespaceQuota>
  /** Voting members; null for a server that stands alone. */
  readonly quorumSize: number | null
  /** Null unless this server leads. */
  readonly leader: LeaderReadings | null
  /** Null to leave the process out of the Prometheus text. */
  readonly process: ProcessReadings | null
}

/** Limits (-1: none) and usage of a quota. The namespace is the first name of its path. */
export interface NamespaceQuota {
  readonly namespace: string
  readonly countLimit: number
  readonly bytesLimit: number
  readonly countUsage: number
  readonly bytesUsage: number
}

/** What only a leader knows. */
export interface LeaderReadings {
  /** Since it leads. */
  readonly uptimeMs: number
  /** Connected learners, observers included. */
  readonly learnerCount: number
  /** Observers among them. */
  readonly observerCount: number
  /** Voting followers that are in sync; the leader itself does not count. */
  readonly syncedFollowerCount: number
  readonly syncedNonVotingFollowerCount: number
  readonly syncedObserverCount: number
  /** `sync` requests that wait for commits. */
  readonly pendingSyncCount: number
}

/** The operating system's view of the process, and the JavaScript engine's view of its memory. */
export interface ProcessReadings {
  readonly cpuSeconds: number
  /** Seconds since 1970. */
  readonly startTimeSeconds: number
  readonly residentBytes: number
  /** Null where the system does not tell. */
  readonly virtualBytes: number | null
  readonly heapUsedBytes: number
  readonly heapCommittedBytes: number
  readonly heapMaxBytes: number
  /** Memory of the engine and of its buffers outside the heap. */
  readonly externalBytes: number
  /** Of that, the array buffers. */
  readonly bufferBytes: number
  /** Version of the JavaScript runtime, its maker and its name. */
  readonly runtimeVersion: string
  readonly runtimeVendor: string
  readonly runtimeName: string
  /** Collections so far, by the collector's name. */
  garbageCollections(): Iterable<GarbageCollectionReading>
}

export interface GarbageCollectionReading {
  readonly collector: string
  readonly count: number
  readonly seconds: number
}
