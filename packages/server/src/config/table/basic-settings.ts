import { type ConfigSection, setting } from '../config-entry.ts'

const KIB = 'KiB'

/** Ports, sessions and the disk. */
export const basicSettings: ConfigSection = {
  title: 'Basic and storage',
  entries: [
    setting(
      'tickTime',
      'integer',
      'The base unit of time: session timeouts and the limits of the ensemble are counted in ticks.',
      {
        default: '3000',
        unit: 'ms',
        min: 1,
        importance: 'must',
      },
    ),
    setting(
      'dataDir',
      'path',
      'Directory of the snapshots and of `myid`; data live in its subdirectory `version-2`. The only mandatory key.',
      {
        importance: 'must',
      },
    ),
    setting('dataLogDir', 'path', 'Directory of the transaction logs. A disk of its own makes writes faster.', {
      defaultNote: '`dataDir`',
      importance: 'must',
    }),
    setting('clientPort', 'port', 'TCP port for clients. Without it (or with 0) the server opens no plain listener.', {
      importance: 'must',
    }),
    setting(
      'clientPortAddress',
      'address',
      'Address to which `clientPort` is bound. `0.0.0.0` is every address, IPv4 and IPv6.',
      {
        default: '0.0.0.0',
        importance: 'must',
      },
    ),
    setting('secureClientPort', 'port', 'TCP port for clients that speak TLS.', {
      status: 'not yet',
      note: 'TLS listeners are not available in this version, and the server does not start when one is asked for.',
    }),
    setting('secureClientPortAddress', 'address', 'Address to which `secureClientPort` is bound.', {
      default: '0.0.0.0',
      status: 'not yet',
      note: 'TLS listeners are not available in this version.',
    }),
    setting(
      'clientPortListenBacklog',
      'integer',
      "Length of the queue of connections not yet accepted; -1 is the system's default.",
      {
        default: '-1',
        unit: 'connections',
        min: -1,
        importance: 'rare',
      },
    ),
    setting('maxClientCnxns', 'integer', 'Most connections from one client address; 0 is no limit.', {
      default: '60',
      unit: 'connections',
      importance: 'must',
    }),
    setting('maxCnxns', 'integer', 'Most connections in all; 0 is no limit.', {
      property: true,
      default: '0',
      unit: 'connections',
      min: 0,
    }),
    setting('minSessionTimeout', 'integer', 'Shortest session timeout that a client can get.', {
      defaultNote: '2 ticks',
      unit: 'ms',
      min: -1,
      importance: 'must',
    }),
    setting('maxSessionTimeout', 'integer', 'Longest session timeout that a client can get.', {
      defaultNote: '20 ticks',
      unit: 'ms',
      min: -1,
      importance: 'must',
    }),
    setting('autopurge.snapRetainCount', 'integer', 'Snapshots (with the logs that they need) that purging keeps.', {
      default: '3',
      unit: 'files',
      floor: 3,
      importance: 'must',
    }),
    setting(
      'autopurge.purgeInterval',
      'integer',
      'Time between two purges of old snapshots and logs, the first one at start; 0 turns purging off.',
      {
        default: '0',
        unit: 'hours',
        min: 0,
        importance: 'must',
      },
    ),
    setting('snapCount', 'integer', 'A snapshot is taken after a random number of transactions between half of this and this.', {
      property: true,
      default: '100000',
      unit: 'transactions',
      floor: 2,
      importance: 'must',
    }),
    setting(
      'snapSizeLimitInKb',
      'long',
      'A snapshot is also taken when the logs have grown by this much; 0 and less turn the limit off.',
      {
        property: true,
        default: '4194304',
        unit: KIB,
      },
    ),
    setting('txnLogSizeLimitInKb', 'long', 'A log file that reaches this size is followed by a new one; -1 is no limit.', {
      property: true,
      default: '-1',
      unit: KIB,
      importance: 'rare',
    }),
    setting('preAllocSize', 'long', 'Space by which a log file is extended ahead of the writes.', {
      property: true,
      default: '65536',
      unit: KIB,
      min: 1,
    }),
    setting('commitLogCount', 'integer', 'Committed transactions kept in memory so that a follower can catch up from them.', {
      property: true,
      default: '500',
      unit: 'transactions',
      status: 'ensemble',
    }),
    setting(
      'snapshotSizeFactor',
      'ratio',
      'Share of the size of a snapshot up to which a follower catches up from the logs; less than 0 turns it off.',
      {
        property: true,
        default: '0.33',
        importance: 'rare',
        status: 'ensemble',
      },
    ),
    setting(
      'snapshot.compression.method',
      'text',
      'Compression of new snapshots. Snapshots of every kind are read whatever this says.',
      {
        property: true,
        defaultNote: 'no compression',
        choices: ['', 'gz', 'snappy', 'CHECKED'],
      },
    ),
    setting('snapshot.trust.empty', 'boolean', 'Start although there are logs and no snapshot (after an upgrade from 3.4).', {
      property: true,
      default: 'false',
    }),
    setting('serializeLastProcessedZxid.enabled', 'boolean', 'Write the last zxid into each snapshot.', {
      property: true,
      default: 'true',
    }),
    setting(
      'forceSync',
      'yes-no',
      'Sync the log to the disk before a write is acknowledged. `no` trades safety for speed: a power failure loses writes.',
      {
        property: true,
        default: 'yes',
        importance: 'must',
      },
    ),
    setting('fsync.warningthresholdms', 'long', 'A sync of the log that takes longer is reported in the log of the server.', {
      property: true,
      aliases: ['fsync.warningthresholdms'],
      default: '1000',
      unit: 'ms',
      min: 0,
      importance: 'must',
    }),
    setting('datadir.autocreate', 'boolean', 'Create the data directories when they are missing.', {
      property: true,
      default: 'true',
    }),
    setting(
      'db.autocreate',
      'boolean',
      'With `false`, a server without data takes no part in votes unless the file `initialize` is in its data directory.',
      {
        property: true,
        default: 'true',
      },
    ),
    setting('flushDelay', 'integer', 'Time to wait for more transactions before a sync of the log.', {
      property: true,
      default: '0',
      unit: 'ms',
      min: 0,
      status: 'no effect',
      note: 'What arrives while the disk is busy is synced together; nothing waits for a timer.',
    }),
    setting('maxWriteQueuePollTime', 'integer', 'Idle time before a sync of the log.', {
      property: true,
      defaultNote: 'a third of `flushDelay`',
      unit: 'ms',
      importance: 'rare',
      status: 'no effect',
      note: 'What arrives while the disk is busy is synced together; nothing waits for a timer.',
    }),
    setting('maxBatchSize', 'integer', 'Number of transactions that forces a sync of the log.', {
      property: true,
      default: '1000',
      unit: 'transactions',
      status: 'no effect',
      note: 'A sync starts as soon as the disk is free, whatever the number.',
    }),
    setting(
      'digest.enabled',
      'boolean',
      'Keep a running digest of the tree, write it into logs and snapshots, and compare it on every start.',
      {
        property: true,
        default: 'true',
      },
    ),
    setting('syncEnabled', 'boolean', 'Whether an observer keeps logs and snapshots on its disk.', {
      property: 'zookeeper.observer.syncEnabled',
      field: true,
      default: 'true',
      status: 'ensemble',
    }),
  ],
}
