// What command line tools use of the server's parts, without a server.

export { silentLogger } from './logger.ts'
export { NodeDisk } from './runtime/node-disk.ts'
export { locateDirectories } from './storage/data-directories.ts'
export { purge, RETAINED_SNAPSHOTS_MIN } from './storage/purge.ts'
export { BUILT_ON, COMPATIBLE_RELEASE, SERVER_VERSION } from './version.ts'
