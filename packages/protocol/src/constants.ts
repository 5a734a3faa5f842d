// Numbers that the protocol and the file formats fix.

/** "ZKLG": what a transaction log begins with. */
export const LOG_MAGIC = 0x5a4b4c47
/** "ZKSN": what a snapshot begins with. */
export const SNAPSHOT_MAGIC = 0x5a4b534e
/** Version in the header of logs and snapshots. */
export const FILE_FORMAT_VERSION = 2
/** `dbid` in the header of a log. */
export const LOG_DBID = 0n
/** `dbid` in the header of a snapshot. */
export const SNAPSHOT_DBID = -1n
/** 'B': what every entry of a log ends with. */
export const LOG_ENTRY_TRAILER = 0x42
/** How tree digests are made: a sum of CRC-32 over each node. */
export const DIGEST_VERSION = 2

/** Values of xid that are not a client's request number. */
export const Xid = {
  notification: -1,
  ping: -2,
  auth: -4,
  /** Used by some clients for setWatches; the server echoes it as any other. */
  setWatches: -8,
} as const

/** Permission bits of an access control list's entry. */
export const Perm = {
  read: 1,
  write: 2,
  create: 4,
  delete: 8,
  admin: 16,
  all: 31,
} as const

/** Flags of a create request. */
export const CreateMode = {
  persistent: 0,
  ephemeral: 1,
  persistentSequential: 2,
  ephemeralSequential: 3,
  container: 4,
  persistentWithTtl: 5,
  persistentSequentialWithTtl: 6,
} as const

/** A create mode that exists. */
export type CreateMode = (typeof CreateMode)[keyof typeof CreateMode]

/** Whether `flags` names a create mode. */
export function isCreateMode(flags: number): flags is CreateMode {
  return flags >= CreateMode.persistent && flags <= CreateMode.persistentSequentialWithTtl
}

/** Whether a create mode makes a node that dies with its session. */
export function isEphemeralMode(mode: CreateMode): boolean {
  return mode === CreateMode.ephemeral || mode === CreateMode.ephemeralSequential
}

/** Whether a create mode appends a sequence number to the path. */
export function isSequentialMode(mode: CreateMode): boolean {
  return (
    mode === CreateMode.persistentSequential ||
    mode === CreateMode.ephemeralSequential ||
    mode === CreateMode.persistentSequentialWithTtl
  )
}

/** Whether a create mode gives the node a time to live. */
export function isTtlMode(mode: CreateMode): boolean {
  return mode === CreateMode.persistentWithTtl || mode === CreateMode.persistentSequentialWithTtl
}

/** Types of a watch event. Servers send 1 to 4; the others are made by clients. */
export const EventType = {
  none: -1,
  nodeCreated: 1,
  nodeDeleted: 2,
  nodeDataChanged: 3,
  nodeChildrenChanged: 4,
  dataWatchRemoved: 5,
  childWatchRemoved: 6,
  persistentWatchRemoved: 7,
} as const

/** States in a watch event. Servers send `syncConnected`; the others are made by clients. */
export const KeeperState = {
  unknown: -1,
  disconnected: 0,
  noSyncConnected: 1,
  syncConnected: 3,
  authFailed: 4,
  connectedReadOnly: 5,
  saslAuthenticated: 6,
  closed: 7,
  expired: -112,
} as const

/** Kinds of watches in checkWatches and removeWatches. */
export const WatcherType = {
  children: 1,
  data: 2,
  any: 3,
  persistent: 4,
  persistentRecursive: 5,
} as const

/** Modes of addWatch. */
export const AddWatchMode = {
  persistent: 0,
  persistentRecursive: 1,
} as const

/** Default of `jute.maxbuffer`: the longest payload of a frame, in bytes. */
export const FRAME_LENGTH_MAX_DEFAULT = 0xfffff
/** Bytes of a session's password. */
export const PASSWORD_LENGTH = 16
/** Port that clients connect to unless they are told otherwise. */
export const CLIENT_PORT_DEFAULT = 2181

/** Paths that every tree has and nobody can delete. */
export const ReservedPath = {
  root: '/',
  zookeeper: '/zookeeper',
  quota: '/zookeeper/quota',
  config: '/zookeeper/config',
} as const
/** Name of the node below `/zookeeper/quota/<path>` that holds the limits of that path. */
export const QUOTA_LIMITS_NAME = 'zookeeper_limits'
/** Name of the node below `/zookeeper/quota/<path>` that holds the usage of that path. */
export const QUOTA_STATS_NAME = 'zookeeper_stats'
