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
    setting(
      'throttledOpWaitTime',
      'integer',
      'Requests that had to wait for longer than this, because too much was in progress or their client did not read its replies, are refused with error -127 and not carried out; 0 and less turns it off.',
      {
        property: 'zookeeper.throttled_op_wait_time',
        default: '0',
        unit: 'ms',
        importance: 'rare',
      },
    ),
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
  return [
    setting(
      'requestThrottleLimit',
      'integer',
      'Requests in progress from which on no further ones are taken up, of any connection; 0 and less turns the throttle off.',
      {
        property: 'zookeeper.request_throttle_max_requests',
        default: '0',
        unit: 'requests',
        importance: 'rare',
      },
    ),
    setting('requestThrottleStallTime', 'integer', 'How long a request waits before the throttle looks again.', {
      property: 'zookeeper.request_throttle_stall_time',
      default: '100',
      unit: 'ms',
      importance: 'rare',
      status: 'no effect',
      note: 'What waits is taken up as soon as requests in progress are done; nobody has to look.',
    }),
    setting(
      'requestThrottleDropStale',
      'boolean',
      'Drop stale requests that were held back by the throttle, and close their connection.',
      { property: 'zookeeper.request_throttle_drop_stale', default: 'true', importance: 'rare' },
    ),
    setting(
      'requestStaleLatencyCheck',
      'boolean',
      "A request that the throttle held back for longer than its session's timeout counts as stale.",
      { property: 'zookeeper.request_stale_latency_check', default: 'false', importance: 'rare' },
    ),
    setting('requestStaleConnectionCheck', 'boolean', 'A request whose connection is closed counts as stale.', {
      property: 'zookeeper.request_stale_connection_check',
      default: 'true',
      importance: 'rare',
      status: 'no effect',
      note: 'Requests that wait are kept with their connection and always go with it.',
    }),
  ]
}

function connectionThrottle(): ConfigEntry[] {
  const common = { importance: 'rare' } as const
  const property = (name: string): string => `zookeeper.connection_throttle_${name}`
  return [
    setting(
      'connectionMaxTokens',
      'integer',
      'Size of the bucket of tokens that connect requests take from; a request that finds too few is refused: its connection is closed. 0 and less turns the throttle off.',
      {
        ...common,
        property: property('tokens'),
        default: '0',
        unit: 'tokens',
      },
    ),
    setting('connectionTokenFillTime', 'integer', 'Time in which the bucket gets `connectionTokenFillCount` tokens.', {
      ...common,
      property: property('fill_time'),
      default: '1',
      unit: 'ms',
      min: 1,
    }),
    setting('connectionTokenFillCount', 'integer', 'Tokens that the bucket gets in `connectionTokenFillTime`.', {
      ...common,
      property: property('fill_count'),
      default: '1',
      unit: 'tokens',
      min: 0,
    }),
    setting(
      'connectionFreezeTime',
      'integer',
      'Time between two changes of the probability with which connect requests are refused at random; -1: none is.',
      {
        ...common,
        property: property('freeze_time'),
        default: '-1',
        unit: 'ms',
      },
    ),
    setting('connectionDropIncrease', 'ratio', 'Step by which that probability rises while the bucket is empty.', {
      ...common,
      property: property('drop_increase'),
      default: '0.02',
      min: 0,
      max: 1,
    }),
    setting('connectionDropDecrease', 'ratio', 'Step by which it falls while the bucket is nearly full.', {
      ...common,
      property: property('drop_decrease'),
      default: '0.002',
      min: 0,
      max: 1,
    }),
    setting('connectionDecreaseRatio', 'ratio', 'Share of the bucket that may be in use for the probability to fall.', {
      ...common,
      property: property('decrease_ratio'),
      default: '0',
      min: 0,
      max: 1,
    }),
    setting(
      'connection_throttle_weight_enabled',
      'boolean',
      'Let connect requests cost different numbers of tokens. The bucket and its filling are multiplied by the weight of a new global session.',
      {
        ...common,
        property: true,
        default: 'false',
      },
    ),
    setting('connection_throttle_global_session_weight', 'integer', 'Tokens that a new global session costs.', {
      ...common,
      property: true,
      default: '3',
      unit: 'tokens',
      min: 1,
    }),
    setting('connection_throttle_local_session_weight', 'integer', 'Tokens that a new local session costs.', {
      ...common,
      status: 'ensemble',
      property: true,
      default: '1',
      unit: 'tokens',
      min: 1,
    }),
    setting('connection_throttle_renew_session_weight', 'integer', 'Tokens that a resumed session costs.', {
      ...common,
      property: true,
      default: '2',
      unit: 'tokens',
      min: 1,
    }),
  ]
}
