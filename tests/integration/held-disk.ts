import { nodeRuntime } from '@tskeeper/server'

type Disk = ReturnType<typeof nodeRuntime>['disk']
type DiskFile = ReturnType<Disk['open']>

/**
 * The real disk, whose asynchronous syncs a test can keep from finishing: while it holds, no write can be acknowledged.
 * What is written and synced otherwise goes its usual way.
 */
export class HeldDisk implements Disk {
  readonly #disk: Disk = nodeRuntime().disk
  /** Syncs that wait: each carries one out. */
  #waiting: (() => void)[] = []
  #isHolding = false
  #isBroken = false

  /** Syncs that were asked for and are held back. */
  get heldCount(): number {
    return this.#waiting.length
  }

  hold(): void {
    this.#isHolding = true
  }

  /** Carries out what was held back and lets everything pass again. */
  release(): void {
    this.#isHolding = false
    for (const sync of this.#waiting.splice(0)) sync()
  }

  /** From now on every sync fails, as on a disk that has broken. */
  break(): void {
    this.#isBroken = true
    this.release()
  }

  open(path: string, mode: 'read' | 'create' | 'update'): DiskFile {
    const file = this.#disk.open(path, mode)
    return {
      path: file.path,
      size: () => file.size(),
      read: (bytes, offset, length, position) => file.read(bytes, offset, length, position),
      write: (bytes, offset, length, position) => file.write(bytes, offset, length, position),
      writeLater: (bytes, offset, length, position, done) => file.writeLater(bytes, offset, length, position, done),
      truncate: (length) => file.truncate(length),
      datasync: (done) => {
        const sync = (): void => {
          if (this.#isBroken) setImmediate(() => done(new Error('the disk is broken')))
          else file.datasync(done)
        }
        if (this.#isHolding) this.#waiting.push(sync)
        else sync()
      },
      datasyncNow: () => file.datasyncNow(),
      close: () => file.close(),
    }
  }

  makeDirectory(path: string): void {
    this.#disk.makeDirectory(path)
  }

  list(path: string): string[] {
    return this.#disk.list(path)
  }

  exists(path: string): boolean {
    return this.#disk.exists(path)
  }

  isWritable(path: string): boolean {
    return this.#disk.isWritable(path)
  }

  size(path: string): number {
    return this.#disk.size(path)
  }

  freeBytes(path: string): number {
    return this.#disk.freeBytes(path)
  }

  readFile(path: string): Uint8Array {
    return this.#disk.readFile(path)
  }

  writeFile(path: string, bytes: Uint8Array): void {
    this.#disk.writeFile(path, bytes)
  }

  remove(path: string): void {
    this.#disk.remove(path)
  }

  rename(from: string, to: string): void {
    this.#disk.rename(from, to)
  }

  syncDirectory(path: string): void {
    this.#disk.syncDirectory(path)
  }

  syncDirectoryLater(path: string, done: (error: Error | null) => void): void {
    this.#disk.syncDirectoryLater(path, done)
  }
}
