import { type ConfigEntry, type ConfigSection, setting, withoutEffect } from '../config-entry.ts'

const ONE_THREAD = 'Sockets and requests are served by one event loop.'

/** What a server refuses or slows down, and how it keeps its memory bounded. */
export const limitSettings: ConfigSection = {
  title: 'Limits, throttling, caches',
  entries: [
    setting(
      'jute.maxbuffer',
      'integer',
      'Largest request, and so the largest data of one znode. Clients have a limit of the same name.',
      {
        property: 'jute.maxbuffer',
        default: '1048575',
        unit: 'bytes',
        min: 1,
        importance: 'must',
      },
    ),
    setting(
      'jute.maxbuffer.extrasize',
      'integer',
      'Slack above `jute.maxbuffer` when a transaction is read back from the disk.',
      {
        property: true,
        defaultNote: '`jute.maxbuffer`',
        unit: 'bytes',
        min: 0,
        importance: 'rare',
      },
    ),
    setting('globalOutstandingLimit', 'integer', 'Requests in progress above which the server stops reading from clients.', {
      property: true,
      default: '1000',
      unit: 'requests',
      min: 1,
    }),
    ...requestThrottle(),
    setting('throttledOpWaitTime', 'integer', 'Requests that waited longer are refused with error -127; 0 turns it off.', {
      property: 'zookeeper.throttled_op_wait_time',
      default: '0',
      unit: 'ms',
      importance: 'rare',
      status: 'not yet',
      note: 'The request throttler is not available in this version.',
    }),
    ...connectionThrottle(),
    setting(
      'largeRequestMaxBytes',
      'integer',
      'Bytes of large requests in progress above which a further large request closes its connection.',
      {
        property: true,
        default: '104857600',
        unit: 'bytes',
        min: 1,
        importance: 'rare',
      },
    ),
    setting(
      'maxGetChildrenResponseCacheSize',
      'integer',
      'How many encoded lists of children are kept for the next client that asks; 0 and less keeps none.',
      { property: true, default: '400', unit: 'lists', importance: 'rare' },
    ),
    setting('largeRequestThreshold', 'integer', 'Size from which a request counts as large; -1 turns the check off.', {
      property: true,
      default: '-1',
      unit: 'bytes',
      importance: 'rare',
    }),
    ...withoutEffect(
      'Replies are written straight from the tree; there is no cache to size.',
      ['maxResponseCacheSize'],
      'Size of a cache of serialized replies.',
    ),
    setting('enforceQuota', 'boolean', 'Refuse writes above a hard quota (error -125) instead of only reporting them.', {
      property: true,
      default: 'false',
    }),
    setting('nio.sessionlessCnxnTimeout', 'integer', 'A connection that has not opened a session after this time is closed.', {
      property: true,
      default: '10000',
      unit: 'ms',
      min: 1,
    }),
    ...withoutEffect(
      ONE_THREAD,
      ['nio.numSelectorThreads', 'nio.numWorkerThreads', 'nio.directBufferBytes', 'nio.shutdownTimeout'],
      "Threads and buffers of Apache's network layer.",
    ),
    ...withoutEffect(
      ONE_THREAD,
      [
        'commitProcessor.numWorkerThreads',
        'commitProcessor.maxReadBatchSize',
        'commitProcessor.maxCommitBatchSize',
        'commitProcessor.shutdownTimeout',
        'request_throttler.shutdownTimeout',
      ],
      "Threads and batches of Apache's request processors.",
    ),
    ...withoutEffect(
      'There is one kind of watch table, and dead watches leave it at once.',
      [
        'watchManagerName',
        'watcherCleanThreadsNum',
        'watcherCleanThreshold',
        'watcherCleanIntervalInSeconds',
        'maxInProcessingDeadWatchers',
        'bitHashCacheSize',
      ],
      "Kind and upkeep of Apache's watch tables.",
    ),
    ...withoutEffect(
      'Buffers grow with what is written to them.',
      ['intBufferStartingSizeBytes'],
      'First size of a buffer for replies.',
    ),
    setting('clientTcpKeepAlive', 'boolean', 'Let the system probe idle client connections (SO_KEEPALIVE).', {
      property: true,
      default: 'false',
    }),
    setting('tcpKeepAlive', 'boolean', 'The same for the connections of the election.', {
      property: true,
      default: 'false',
      status: 'ensemble',
    }),
    ...withoutEffect(
      'A debugging aid of the original server; use the metrics.',
      [
        'pathStats.enabled',
        'pathStats.slotCapacity',
        'pathStats.slotDuration',
        'pathStats.maxDepth',
        'pathStats.sampleRate',
        'pathStats.initialDelay',
        'pathStats.delay',
        'pathStats.topPathMax',
        'messageTracker.Enabled',
        'messageTracker.BufferSize',
      ],
      'Statistics of paths and messages in the log.',
    ),
    setting('znode.container.checkIntervalMs', 'long', 'Time between two searches for empty containers and expired TTL nodes.', {
      property: 'znode.container.checkIntervalMs',
      default: '60000',
      unit: 'ms',
      min: 1,
      importance: 'must',
    }),
    setting('znode.container.maxPerMinute', 'integer', 'Most containers and TTL nodes that are deleted in a minute.', {
      property: 'znode.container.maxPerMinute',
      default: '10000',
      unit: 'znodes',
      min: 1,
      importance: 'must',
    }),
    setting(
      'znode.container.maxNeverUsedIntervalMs',
      'long',
      'A container that never had a child is deleted after this time; 0 keeps it.',
      {
        property: 'znode.container.maxNeverUsedIntervalMs',
        default: '0',
        unit: 'ms',
        min: 0,
        importance: 'must',
      },
    ),
    setting('extendedTypesEnabled', 'boolean', 'Allow TTL nodes. All servers of an ensemble must agree.', {
      property: true,
      default: 'false',
      importance: 'must',
    }),
    setting('emulate353TTLNodes', 'boolean', 'Read and write TTL nodes in the encoding of version 3.5.3.', {
      property: true,
      default: 'false',
      importance: 'rare',
    }),
  ],
}

function requestThrottle(): ConfigEntry[] {
  const common = {
    importance: 'rare',
    status: 'not yet',
    note: 'The request throttler is not available in this version.',
  } as const
  return [
    setting('requestThrottleLimit', 'integer', 'Requests in progress above which further ones wait; 0 turns the throttler off.', {
      ...common,
      property: 'zookeeper.request_throttle_max_requests',
      default: '0',
      unit: 'requests',
    }),
    setting('requestThrottleStallTime', 'integer', 'How long a request waits before the throttler looks again.', {
      ...common,
      property: 'zookeeper.request_throttle_stall_time',
      default: '100',
      unit: 'ms',
    }),
    setting('requestThrottleDropStale', 'boolean', 'Drop waiting requests whose client is gone.', {
      ...common,
      property: 'zookeeper.request_throttle_drop_stale',
      default: 'true',
    }),
    setting('requestStaleLatencyCheck', 'boolean', "A request that waited longer than its session's timeout counts as stale.", {
      ...common,
      property: 'zookeeper.request_stale_latency_check',
      default: 'false',
    }),
    setting('requestStaleConnectionCheck', 'boolean', 'A request whose connection is closed counts as stale.', {
      ...common,
      property: 'zookeeper.request_stale_connection_check',
      default: 'true',
    }),
  ]
}

function connectionThrottle(): ConfigEntry[] {
  const common = {
    importance: 'rare',
    status: 'not yet',
    note: 'The connection throttle is not available in this version.',
  } as const
  const property = (name: string): string => `zookeeper.connection_throttle_${name}`
  return [
    setting(
      'connectionMaxTokens',
      'integer',
      'Size of the bucket of tokens that new connections take from; 0 turns the throttle off.',
      {
        ...common,
        property: property('tokens'),
        default: '0',
        unit: 'tokens',
      },
    ),
    setting('connectionTokenFillTime', 'integer', 'Time between two fillings of the bucket.', {
      ...common,
      property: property('fill_time'),
      default: '1',
      unit: 'ms',
    }),
    setting('connectionTokenFillCount', 'integer', 'Tokens added at each filling.', {
      ...common,
      property: property('fill_count'),
      default: '1',
      unit: 'tokens',
    }),
    setting('connectionFreezeTime', 'integer', 'Time after which the probability of a drop is adapted; -1 turns drops off.', {
      ...common,
      property: property('freeze_time'),
      default: '-1',
      unit: 'ms',
    }),
    setting('connectionDropIncrease', 'ratio', 'Step by which the probability of a drop rises.', {
      ...common,
      property: property('drop_increase'),
      default: '0.02',
    }),
    setting('connectionDropDecrease', 'ratio', 'Step by which the probability of a drop falls.', {
      ...common,
      property: property('drop_decrease'),
      default: '0.002',
    }),
    setting('connectionDecreaseRatio', 'ratio', 'Fill of the bucket above which the probability falls.', {
      ...common,
      property: property('decrease_ratio'),
      default: '0',
    }),
    setting('connection_throttle_weight_enabled', 'boolean', 'Let connections cost different numbers of tokens.', {
      ...common,
      property: true,
      default: 'false',
    }),
    setting('connection_throttle_global_session_weight', 'integer', 'Tokens that a new global session costs.', {
      ...common,
      property: true,
      default: '3',
      unit: 'tokens',
    }),
    setting('connection_throttle_local_session_weight', 'integer', 'Tokens that a new local session costs.', {
      ...common,
      property: true,
      default: '1',
      unit: 'tokens',
    }),
    setting('connection_throttle_renew_session_weight', 'integer', 'Tokens that a resumed session costs.', {
      ...common,
      property: true,
      default: '2',
      unit: 'tokens',
    }),
  ]
}
