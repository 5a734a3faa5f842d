// The places where the data live: `<dataDir>/version-2` for snapshots and epochs, `<dataLogDir>/version-2` for logs.

import { utf8Read } from '@tskeeper/protocol/server'
import type { Logger } from '../logger.ts'
import { type Disk, DiskError } from '../runtime/disk.ts'
import { StartupError } from '../startup-error.ts'
import { directoryOf, LOG_PREFIX, removeUnfinishedFiles, SNAPSHOT_PREFIX } from './file-names.ts'

const VERSION_DIRECTORY = 'version-2'

/** Exit code of a start that fails because of the directories. */
const EXIT_DATA_DIRECTORY = 3

export interface DataDirectories {
  /** As configured. */
  readonly dataDir: string
  readonly dataLogDir: string
  /** Snapshots and epoch files. */
  readonly snapshotDirectory: string
  /** Transaction logs; the same as `snapshotDirectory` unless `dataLogDir` is set. */
  readonly logDirectory: string
  /**
   * Where an operator may leave the marker that allows an empty start if the configuration forbids it: beside the logs,
   * where Apache's server looks for it, and beside the snapshots, where its script puts it.
   */
  readonly initializeFiles: readonly string[]
}

export interface OpenDirectoriesOptions {
  readonly disk: Disk
  readonly dataDir: string
  readonly dataLogDir: string
  /** `zookeeper.datadir.autocreate`: missing directories are created. */
  readonly isAutocreateAllowed: boolean
  readonly logger: Logger
}

/** The paths alone; nothing is looked at. */
export function locateDirectories(dataDir: string, dataLogDir: string): DataDirectories {
  const data = withoutTrailingSlash(dataDir)
  const log = withoutTrailingSlash(dataLogDir)
  return {
    dataDir: data,
    dataLogDir: log,
    snapshotDirectory: `${data}/${VERSION_DIRECTORY}`,
    logDirectory: `${log}/${VERSION_DIRECTORY}`,
    initializeFiles: log === data ? [`${log}/initialize`] : [`${log}/initialize`, `${data}/initialize`],
  }
}

/** Checks the directories, creates what is missing, and removes what an earlier run left unfinished. Throws `StartupError` 3. */
export function openDirectories(options: OpenDirectoriesOptions): DataDirectories {
  const { disk, logger } = options
  const directories = locateDirectories(options.dataDir, options.dataLogDir)
  const { snapshotDirectory, logDirectory } = directories
  prepare(options, snapshotDirectory, 'data directory')
  if (logDirectory !== snapshotDirectory) {
    prepare(options, logDirectory, 'log directory')
    refuseMisplaced(disk, logDirectory, 'log directory', SNAPSHOT_PREFIX, 'snapshot', options.dataDir)
    refuseMisplaced(disk, snapshotDirectory, 'data directory', LOG_PREFIX, 'transaction log', options.dataLogDir)
  }
  for (const directory of new Set([snapshotDirectory, logDirectory])) {
    for (const path of removeUnfinishedFiles(disk, directory))
      logger.info(`Removed ${path}, which an earlier run left unfinished`)
  }
  return directories
}

/** The server's number: the first line of `<dataDir>/myid`, or null if there is no such file. Throws `StartupError` 2. */
export function readMyId(disk: Disk, dataDir: string): number | null {
  const path = `${withoutTrailingSlash(dataDir)}/myid`
  if (!disk.exists(path)) return null
  const bytes = disk.readFile(path)
  const line = utf8Read(bytes, 0, bytes.length).split(/\r?\n/, 1)[0] ?? ''
  const text = line.trim()
  if (!/^[+-]?[0-9]{1,15}$/.test(text)) throw new StartupError(`serverid ${text} is not a number (in ${path})`, 2)
  return Number(text)
}

function prepare(options: OpenDirectoriesOptions, directory: string, purpose: string): void {
  const { disk } = options
  if (!disk.exists(directory)) {
    if (!options.isAutocreateAllowed) {
      throw new StartupError(
        `the ${purpose} ${directory} does not exist, and zookeeper.datadir.autocreate=false forbids to make it: create it by hand or allow it`,
        EXIT_DATA_DIRECTORY,
      )
    }
    create(disk, directory, purpose)
  }
  if (!disk.isWritable(directory)) {
    throw new StartupError(`the ${purpose} ${directory} is not writable: check its owner and permissions`, EXIT_DATA_DIRECTORY)
  }
  translate(`the ${purpose} ${directory} cannot be read: it must be a directory`, () => disk.list(directory))
}

function create(disk: Disk, directory: string, purpose: string): void {
  const missing: string[] = []
  for (let path = directory; !disk.exists(path); path = directoryOf(path)) missing.push(path)
  translate(`the ${purpose} ${directory} cannot be created: check the permissions of the directory above it`, () => {
    disk.makeDirectory(directory)
    // What is synced in a directory is durable only if the directory itself is.
    for (const path of missing) disk.syncDirectory(directoryOf(path))
  })
}

/** Runs the operation; if the disk refuses, the start ends with this message and the disk's word for it. */
function translate(message: string, operation: () => void): void {
  try {
    operation()
  } catch (error) {
    if (!(error instanceof DiskError)) throw error
    throw new StartupError(`${message} (${error.code})`, EXIT_DATA_DIRECTORY, { cause: error })
  }
}

function refuseMisplaced(disk: Disk, directory: string, purpose: string, prefix: string, kind: string, rightPlace: string): void {
  const name = disk.list(directory).find((candidate) => candidate.startsWith(`${prefix}.`))
  if (name === undefined) return
  throw new StartupError(
    `the ${purpose} ${directory} holds the ${kind} ${name}, which belongs below ${rightPlace}: ` +
      'the two directories are configured apart, so move the file, or check that dataDir and dataLogDir are not swapped',
    EXIT_DATA_DIRECTORY,
  )
}

function withoutTrailingSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}
