/**
 * Files and directories. Everything is synchronous except what says `Later` and `datasync`: a write of a batch into the page
 * cache takes microseconds, while a sync takes the disk's own time, and a write of megabytes its milliseconds, which
 * must not hold up the server.
 * Every method throws a `DiskError` that names the operation and the path.
 */
export interface Disk {
  /** Creates the directory and its parents; does nothing if it is there. */
  makeDirectory(path: string): void
  /** Names in the directory, in no particular order. */
  list(path: string): string[]
  exists(path: string): boolean
  isWritable(path: string): boolean
  /** Length of the file in bytes (apparent, holes included). */
  size(path: string): number
  /** Bytes that may still be written to the file system that holds the directory. */
  freeBytes(path: string): number
  readFile(path: string): Uint8Array
  /** Replaces the file under its final name; not durable until synced. For durable small files see `writeFileAtomically`. */
  writeFile(path: string, bytes: Uint8Array): void
  remove(path: string): void
  rename(from: string, to: string): void
  /** Makes the directory's entries (creations, renames, removals) durable. */
  syncDirectory(path: string): void
  /** The same without blocking, for the entries that are there now; the callback gets null or the failure, after this call has returned. */
  syncDirectoryLater(path: string, done: (error: Error | null) => void): void
  /** 'read' needs the file; 'create' makes it or empties it; 'update' needs it and keeps its bytes. */
  open(path: string, mode: 'read' | 'create' | 'update'): DiskFile
}

export interface DiskFile {
  readonly path: string
  size(): number
  /** Reads up to `length` bytes at `position` into `bytes[offset...]`; returns how many, 0 at the end. */
  read(bytes: Uint8Array, offset: number, length: number, position: number): number
  /** Writes all `length` bytes at `position` into the page cache. */
  write(bytes: Uint8Array, offset: number, length: number, position: number): void
  /**
   * The same without blocking; the callback gets null or the failure, after this call has returned. The bytes must not change until then.
   * Nothing is said of the order among writes that are under way.
   */
  writeLater(bytes: Uint8Array, offset: number, length: number, position: number, done: (error: Error | null) => void): void
  truncate(length: number): void
  /** Makes what was written durable, without blocking; the callback gets null or the failure. */
  datasync(done: (error: Error | null) => void): void
  /** The same, blocking: for start, stop and small files. */
  datasyncNow(): void
  close(): void
}

/** A disk operation that failed. `code` is the system's own word, for example `ENOSPC`. */
export class DiskError extends Error {
  readonly code: string
  readonly path: string

  constructor(operation: string, path: string, cause: unknown) {
    const code = codeOf(cause)
    super(`cannot ${operation} ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    this.name = 'DiskError'
    this.code = code
    this.path = path
  }
}

function codeOf(cause: unknown): string {
  const code: unknown = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined
  return typeof code === 'string' ? code : 'UNKNOWN'
}
