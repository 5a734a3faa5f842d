// Where a server of a test keeps its data: in memory, or in a directory. They outlive the server's lives, and end with the test.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Disk, nodeRuntime } from '@tskeeper/server'
import { MemoryDisk } from '@tskeeper/server/memory-disk'

/** Where a server's data are. */
export interface ServerStorage {
  readonly disk: Disk
  /** What `dataDir` of the configuration names. */
  readonly dataDirectory: string
  /** False: syncs are left out. The data outlive the server all the same, though not the machine. */
  readonly isSynced: boolean
}

/** Where the data of all servers of a test are. */
export interface Storage {
  /** Null when the data are in memory. */
  readonly directory: string | null
  of(name: string): ServerStorage
  /** Removes what belongs to the test alone. */
  dispose(): void
}

export interface StorageOptions {
  /**
   * `memory`, unless said otherwise: nothing is written anywhere. `files`: a temporary directory, which is removed at the end. A sync takes
   * a turn of the event loop in both: what a test writes need not outlive the machine.
   */
  readonly disk?: 'memory' | 'files'
  /** A directory for the data instead, which stays, and where a sync is one. */
  readonly directory?: string
}

export function openStorage({ disk = 'memory', directory }: StorageOptions): Storage {
  if (directory !== undefined) return new FileStorage(directory, false)
  if (disk === 'files') return new FileStorage(mkdtempSync(join(tmpdir(), 'tskeeper-testing-')), true)
  return new MemoryStorage()
}

class MemoryStorage implements Storage {
  readonly directory = null

  of(): ServerStorage {
    const disk = new MemoryDisk()
    disk.scheduleSync = (done) => setImmediate(done)
    disk.makeDirectory('/data')
    return { disk, dataDirectory: '/data', isSynced: true }
  }

  dispose(): void {}
}

class FileStorage implements Storage {
  readonly directory: string
  readonly #isTemporary: boolean

  constructor(directory: string, isTemporary: boolean) {
    this.directory = directory
    this.#isTemporary = isTemporary
  }

  of(name: string): ServerStorage {
    const dataDirectory = join(this.directory, name)
    mkdirSync(dataDirectory, { recursive: true })
    return { disk: nodeRuntime().disk, dataDirectory, isSynced: !this.#isTemporary }
  }

  dispose(): void {
    if (this.#isTemporary) rmSync(this.directory, { recursive: true, force: true })
  }
}
