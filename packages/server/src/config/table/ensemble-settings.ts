import { type ConfigEntry, type ConfigSection, setting, withoutEffect } from '../config-entry.ts'

const ensemble = { status: 'ensemble' } as const
const rare = { status: 'ensemble', importance: 'rare' } as const

/** Who the members are and how they work together. */
export const ensembleSettings: ConfigSection = {
  title: 'Ensemble',
  entries: [
    setting(
      'server.*',
      'pattern',
      'A member: `server.<id>=<host>:<quorumPort>:<electionPort>[:participant|observer][;[<clientHost>:]<clientPort>]`. More than one voting member make an ensemble.',
      { ...ensemble, importance: 'must' },
    ),
    setting('group.*', 'pattern', 'A group of members for hierarchical quorums: `group.<number>=<id>[:<id>]...`.', ensemble),
    setting(
      'weight.*',
      'pattern',
      'Votes of a member in its group: `weight.<id>=<number>`. Without a line a member has 1.',
      ensemble,
    ),
    setting('initLimit', 'integer', 'Time that a follower may take to connect to the leader and to catch up.', {
      ...ensemble,
      defaultNote: 'none; required in an ensemble',
      unit: 'ticks',
      min: 0,
      importance: 'must',
    }),
    setting('syncLimit', 'integer', 'Time after which a silent leader or follower is given up.', {
      ...ensemble,
      defaultNote: 'none; required in an ensemble',
      unit: 'ticks',
      min: 0,
      importance: 'must',
    }),
    setting('connectToLearnerMasterLimit', 'integer', 'Time that a follower may take to connect to the leader.', {
      ...rare,
      property: true,
      field: true,
      defaultNote: '`initLimit`',
      unit: 'ticks',
      min: 0,
    }),
    setting('electionAlg', 'integer', 'The algorithm of the election. Only 3, fast leader election over TCP, exists.', {
      ...ensemble,
      default: '3',
      importance: 'must',
    }),
    setting(
      'peerType',
      'text',
      'Whether this server votes: `participant` or `observer`. The list of servers decides; a difference is reported.',
      {
        ...ensemble,
        default: 'participant',
        importance: 'must',
      },
    ),
    setting('standaloneEnabled', 'boolean', 'With `false`, one voting member alone is run as an ensemble.', {
      default: 'true',
      importance: 'must',
    }),
    setting('reconfigEnabled', 'boolean', 'Allow the `reconfig` command.', { default: 'false', importance: 'must' }),
    setting('dynamicConfigFile', 'path', 'File with the lines of the members, which the ensemble itself rewrites.', {
      ...ensemble,
      importance: 'must',
    }),
    setting('observerMasterPort', 'port', 'Port on which a follower feeds observers.', rare),
    setting('observerMaster.sizeLimit', 'long', 'Size of the queue that feeds them.', {
      importance: 'rare',
      status: 'no effect',
      note: 'They catch up from the transactions that are kept for all learners (`commitLogCount`), and from the logs.',
      property: true,
      default: '33554432',
      unit: 'bytes',
    }),
    setting('leaderServes', 'yes-no', 'Whether the leader takes clients.', { ...ensemble, property: true, default: 'yes' }),
    setting('quorumListenOnAllIPs', 'boolean', 'Listen for peers on all addresses instead of the one in the list.', {
      ...ensemble,
      default: 'false',
      importance: 'must',
    }),
    setting('cnxTimeout', 'integer', 'Time to wait for a connection of the election.', {
      ...ensemble,
      property: true,
      default: '5000',
      unit: 'ms',
    }),
    setting('quorumCnxnTimeoutMs', 'integer', 'Read time-out of a connection of the election.', {
      ...rare,
      property: true,
      default: '-1',
      defaultNote: 'which means `syncLimit` ticks',
      unit: 'ms',
    }),
    setting('electionPortBindRetry', 'integer', 'Attempts to bind the port of the election; 0 is no limit, less than 0 is 3.', {
      ...ensemble,
      property: true,
      default: '3',
      unit: 'attempts',
    }),
    setting('fastleader.minNotificationInterval', 'integer', 'First time after which votes are sent again.', {
      ...ensemble,
      property: true,
      default: '200',
      unit: 'ms',
    }),
    setting('fastleader.maxNotificationInterval', 'integer', 'Longest time after which votes are sent again.', {
      ...ensemble,
      property: true,
      default: '60000',
      unit: 'ms',
    }),
    setting(
      'leader.maxTimeToWaitForEpoch',
      'integer',
      'Time after which a new leader gives up whose voters look for another; less than 0: not before `initLimit` is over.',
      {
        ...rare,
        property: true,
        default: '-1',
        unit: 'ms',
      },
    ),
    setting('maxConcurrentSnapSyncs', 'integer', 'Followers that may receive a snapshot at the same time.', {
      ...rare,
      property: 'zookeeper.leader.maxConcurrentSnapSyncs',
      default: '10',
    }),
    setting('maxConcurrentDiffSyncs', 'integer', 'Followers that may receive missing transactions at the same time.', {
      ...rare,
      property: 'zookeeper.leader.maxConcurrentDiffSyncs',
      default: '100',
    }),
    setting('leader.ackLoggingFrequency', 'integer', 'One in so many acknowledgements is measured.', {
      importance: 'rare',
      status: 'no effect',
      note: 'How often something is measured is not a matter of configuration.',
      property: true,
      default: '1000',
      unit: 'transactions',
    }),
    ...withoutEffect(
      'Connections are closed and written without blocking in any case.',
      ['leader.closeSocketAsync', 'learner.closeSocketAsync', 'learner.asyncSending'],
      'Close or write connections between peers in the background.',
    ),
    ...withoutEffect(
      'Sockets between peers are never delayed.',
      ['leader.nodelay', 'follower.nodelay'],
      'Send small packets between peers at once (TCP_NODELAY).',
    ).map((entry) => ({ ...entry, property: entry.key })),
    setting('leaderConnectDelayDuringRetryMs', 'integer', 'Pause of a follower between two attempts to reach the leader.', {
      ...rare,
      property: true,
      default: '100',
      unit: 'ms',
    }),
    setting('observer.reconnectDelayMs', 'integer', 'Longest pause, by chance, of an observer before it connects.', {
      ...rare,
      property: true,
      default: '0',
      unit: 'ms',
    }),
    setting(
      'observer.election.DelayMs',
      'integer',
      'Longest pause, by chance, of an observer before it looks for a leader again.',
      {
        ...rare,
        property: true,
        default: '200',
        unit: 'ms',
      },
    ),
    ...withoutEffect(
      'A shortcut inside the original server.',
      ['forward_learner_requests_to_commit_processor_disabled', 'follower.skipLearnerRequestToNextProcessor'],
      'How requests of learners travel inside a server.',
    ),
    setting('localSessionsEnabled', 'boolean', 'Allow sessions that only the server knows to which the client is connected.', {
      ...ensemble,
      default: 'false',
    }),
    setting(
      'localSessionsUpgradingEnabled',
      'boolean',
      'Turn a local session into a global one when it creates an ephemeral node.',
      {
        ...ensemble,
        default: 'false',
      },
    ),
    setting(
      'closeSessionTxn.enabled',
      'boolean',
      'Write the list of ephemeral nodes into the transaction that closes a session.',
      {
        property: true,
        default: 'true',
      },
    ),
    setting('multiAddress.enabled', 'boolean', 'Allow several addresses, parted by `|`, for one member.', {
      ...rare,
      property: true,
      field: true,
      default: 'false',
    }),
    setting('multiAddress.reachabilityCheckTimeoutMs', 'integer', 'Time within which one of several addresses must answer.', {
      ...rare,
      property: true,
      field: true,
      default: '1000',
      unit: 'ms',
    }),
    setting('multiAddress.reachabilityCheckEnabled', 'boolean', 'Check which of several addresses answers.', {
      importance: 'rare',
      status: 'no effect',
      note: 'All addresses are tried in any case.',
      property: true,
      field: true,
      default: 'true',
    }),
    setting('oraclePath', 'path', 'File whose first character decides for one of two servers when the other is gone.', {
      importance: 'rare',
      status: 'not yet',
      note: 'Two servers decide by their majority only.',
    }),
    setting('readonlymode.enabled', 'boolean', 'Serve reads to clients that ask for it while the ensemble cannot be reached.', {
      property: 'readonlymode.enabled',
      default: 'false',
      status: 'ensemble',
    }),
    setting('forceSnapshotSync', 'boolean', 'Always send followers a snapshot (for tests).', {
      ...rare,
      property: true,
      default: 'false',
    }),
    setting('testingonly.initialZxid', 'long', 'Counter of the first zxid of a leader (for tests).', {
      importance: 'rare',
      status: 'not yet',
      note: 'A leader begins with the counter 1.',
      property: true,
      default: '0',
      min: 0,
      max: 0xfffffffe,
    }),
    ...pauseMonitor(),
  ],
}

function pauseMonitor(): ConfigEntry[] {
  const common = { min: 0 } as const
  return [
    setting('jvm.pause.monitor', 'boolean', 'Report times in which the server did not get to run.', { default: 'false' }),
    setting('jvm.pause.warn-threshold.ms', 'long', 'A pause of this length is a warning.', {
      ...common,
      default: '10000',
      unit: 'ms',
    }),
    setting('jvm.pause.info-threshold.ms', 'long', 'A pause of this length is mentioned.', {
      ...common,
      default: '1000',
      unit: 'ms',
    }),
    setting('jvm.pause.sleep.time.ms', 'long', 'Time between two measurements.', { default: '500', unit: 'ms', min: 1 }),
  ]
}
