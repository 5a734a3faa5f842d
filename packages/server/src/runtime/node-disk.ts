import {
  accessSync,
  close,
  closeSync,
  constants,
  existsSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  open,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  statfsSync,
  statSync,
  unlinkSync,
  write,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import type { Disk, DiskFile } from './disk.ts'
import { DiskError } from './disk.ts'

const OPEN_FLAGS = { read: 'r', create: 'w+', update: 'r+' } as const

/** The machine's own files. */
export class NodeDisk implements Disk {
  makeDirectory(path: string): void {
    run('create the directory', path, () => makeWithParents(path))
  }

  list(path: string): string[] {
    return run('list', path, () => readdirSync(path))
  }

  exists(path: string): boolean {
    return existsSync(path)
  }

  isWritable(path: string): boolean {
    try {
      accessSync(path, constants.W_OK)
      return true
    } catch {
      // Whatever the reason is, nothing can be written there; the caller names the path and says what it is for.
      return false
    }
  }

  size(path: string): number {
    return run('look at', path, () => statSync(path).size)
  }

  freeBytes(path: string): number {
    const { bavail, bsize } = run('look at the room of', path, () => statfsSync(path))
    return bavail * bsize
  }

  readFile(path: string): Uint8Array {
    return run('read', path, () => readFileSync(path))
  }

  writeFile(path: string, bytes: Uint8Array): void {
    run('write', path, () => writeFileSync(path, bytes))
  }

  remove(path: string): void {
    run('remove', path, () => unlinkSync(path))
  }

  rename(from: string, to: string): void {
    run('rename', from, () => renameSync(from, to))
  }

  syncDirectory(path: string): void {
    // Windows cannot open a directory for this, and makes its entries durable by itself.
    if (process.platform === 'win32') return
    run('sync the directory', path, () => {
      const descriptor = openSync(path, 'r')
      try {
        fsyncSync(descriptor)
      } finally {
        closeSync(descriptor)
      }
    })
  }

  syncDirectoryLater(path: string, done: (error: Error | null) => void): void {
    if (process.platform === 'win32') {
      setImmediate(done, null)
      return
    }
    open(path, 'r', (openError, descriptor) => {
      if (openError !== null) {
        done(new DiskError('sync the directory', path, openError))
        return
      }
      fsync(descriptor, (syncError) => {
        close(descriptor, (closeError) => {
          const error = syncError ?? closeError ?? null
          done(error === null ? null : new DiskError('sync the directory', path, error))
        })
      })
    })
  }

  open(path: string, mode: 'read' | 'create' | 'update'): DiskFile {
    return new NodeDiskFile(
      path,
      run('open', path, () => openSync(path, OPEN_FLAGS[mode])),
    )
  }
}

class NodeDiskFile implements DiskFile {
  readonly path: string
  private readonly descriptor: number
  /** Asynchronous syncs and writes that are under way. */
  private inFlight = 0
  private isClosed = false

  constructor(path: string, descriptor: number) {
    this.path = path
    this.descriptor = descriptor
  }

  size(): number {
    return run('look at', this.path, () => fstatSync(this.descriptor).size)
  }

  read(bytes: Uint8Array, offset: number, length: number, position: number): number {
    try {
      return readSync(this.descriptor, bytes, offset, length, position)
    } catch (error) {
      throw new DiskError('read', this.path, error)
    }
  }

  write(bytes: Uint8Array, offset: number, length: number, position: number): void {
    try {
      let done = 0
      // A write may be cut short, most of all by a disk that is filling up: the next one then says why.
      while (done < length) done += writeSync(this.descriptor, bytes, offset + done, length - done, position + done)
    } catch (error) {
      throw new DiskError('write', this.path, error)
    }
  }

  writeLater(bytes: Uint8Array, offset: number, length: number, position: number, done: (error: Error | null) => void): void {
    this.inFlight++
    write(this.descriptor, bytes, offset, length, position, (error, written) => {
      this.landed()
      if (error !== null) done(new DiskError('write', this.path, error))
      else if (written === length) done(null)
      else if (this.isClosed) done(new DiskError('write', this.path, new Error('the file was closed before all was written')))
      else this.writeLater(bytes, offset + written, length - written, position + written, done)
    })
  }

  truncate(length: number): void {
    run('truncate', this.path, () => ftruncateSync(this.descriptor, length))
  }

  datasync(done: (error: Error | null) => void): void {
    this.inFlight++
    fdatasync(this.descriptor, (error) => {
      this.landed()
      done(error === null ? null : new DiskError('sync', this.path, error))
    })
  }

  datasyncNow(): void {
    run('sync', this.path, () => fdatasyncSync(this.descriptor))
  }

  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    // A descriptor that is closed while a sync or a write of it is under way may be given to another file in between,
    // and the sync would then vouch for the wrong one, or the bytes land in it.
    if (this.inFlight === 0) this.closeDescriptor()
  }

  private landed(): void {
    this.inFlight--
    if (this.isClosed && this.inFlight === 0) this.closeDescriptor()
  }

  private closeDescriptor(): void {
    run('close', this.path, () => closeSync(this.descriptor))
  }
}

function run<T>(operation: string, path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw new DiskError(operation, path, error)
  }
}

/**
 * One directory at a time: Node's own recursive creation never returns when a parent that exists answers
 * ENOENT, as those of /proc do.
 */
function makeWithParents(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return
  const parent = dirname(path)
  if (parent !== path) makeWithParents(parent)
  try {
    mkdirSync(path)
  } catch (error) {
    // Somebody else was faster.
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error
  }
}
