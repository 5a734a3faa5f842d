// What a server of a test lives in: the real clock, timers and disk or one in memory, all of them behind the life of the server.

import { type Disk, type DiskFile, nodeRuntime, type Runtime, type TimerHandle, type Timers } from '@tskeeper/server'
import type { Belonging, ServerLife } from './server-life.ts'
import type { ServerStorage } from './storage.ts'
import type { TestNetwork } from './test-network.ts'

const real = nodeRuntime()

export function heldRuntime(life: ServerLife, network: TestNetwork, { disk, isSynced }: ServerStorage): Runtime {
  return { ...real, network, timers: new HeldTimers(life), disk: new HeldDisk(life, disk, isSynced) }
}

class HeldTimers implements Timers, Belonging {
  readonly #life: ServerLife
  /** Timers that run: those of a life that is over must not keep the test's process from its end. */
  readonly #running = new Set<TimerHandle>()

  constructor(life: ServerLife) {
    this.#life = life
    life.own(this)
  }

  after(delayMs: number, callback: () => void): TimerHandle {
    let isCancelled = false
    const handle = real.timers.after(delayMs, () => {
      this.#running.delete(handle)
      this.#life.tell(() => {
        if (!isCancelled) callback()
      })
    })
    this.#running.add(handle)
    if (!this.#life.isAlive) this.lost()
    return {
      cancel: () => {
        isCancelled = true
        this.#running.delete(handle)
        handle.cancel()
      },
    }
  }

  soon(callback: () => void): void {
    real.timers.soon(() => this.#life.tell(callback))
  }

  held(): void {}

  lost(): void {
    for (const handle of this.#running) handle.cancel()
    this.#running.clear()
  }
}

class HeldDisk implements Disk {
  readonly #life: ServerLife
  readonly #disk: Disk
  readonly #isSynced: boolean

  constructor(life: ServerLife, disk: Disk, isSynced: boolean) {
    this.#life = life
    this.#disk = disk
    this.#isSynced = isSynced
  }

  /** The disk for a server that lives. */
  get #living(): Disk {
    this.#life.checkAlive()
    return this.#disk
  }

  makeDirectory(path: string): void {
    this.#living.makeDirectory(path)
  }

  list(path: string): string[] {
    return this.#living.list(path)
  }

  exists(path: string): boolean {
    return this.#living.exists(path)
  }

  isWritable(path: string): boolean {
    return this.#living.isWritable(path)
  }

  size(path: string): number {
    return this.#living.size(path)
  }

  freeBytes(path: string): number {
    return this.#living.freeBytes(path)
  }

  readFile(path: string): Uint8Array {
    return this.#living.readFile(path)
  }

  writeFile(path: string, bytes: Uint8Array): void {
    this.#living.writeFile(path, bytes)
  }

  remove(path: string): void {
    this.#living.remove(path)
  }

  rename(from: string, to: string): void {
    this.#living.rename(from, to)
  }

  syncDirectory(path: string): void {
    if (this.#isSynced) this.#living.syncDirectory(path)
  }

  syncDirectoryLater(path: string, done: (error: Error | null) => void): void {
    const told = (error: Error | null): void => this.#life.tell(() => done(error))
    if (this.#isSynced) this.#living.syncDirectoryLater(path, told)
    else real.timers.soon(() => told(null))
  }

  open(path: string, mode: 'read' | 'create' | 'update'): DiskFile {
    return new HeldFile(this.#life, this.#living.open(path, mode), this.#isSynced)
  }
}

class HeldFile implements DiskFile, Belonging {
  readonly path: string
  readonly #life: ServerLife
  readonly #file: DiskFile
  readonly #isSynced: boolean
  #isClosed = false
  /** Syncs and writes that the system has been given and has not finished. */
  #underWay = 0

  constructor(life: ServerLife, file: DiskFile, isSynced: boolean) {
    this.path = file.path
    this.#life = life
    this.#file = file
    this.#isSynced = isSynced
    life.own(this)
  }

  /** The file for a server that lives. */
  get #living(): DiskFile {
    this.#life.checkAlive()
    return this.#file
  }

  size(): number {
    return this.#living.size()
  }

  read(bytes: Uint8Array, offset: number, length: number, position: number): number {
    return this.#living.read(bytes, offset, length, position)
  }

  write(bytes: Uint8Array, offset: number, length: number, position: number): void {
    this.#living.write(bytes, offset, length, position)
  }

  writeLater(bytes: Uint8Array, offset: number, length: number, position: number, done: (error: Error | null) => void): void {
    this.#underWay++
    this.#living.writeLater(bytes, offset, length, position, (error) => this.#landed(error, done))
  }

  truncate(length: number): void {
    this.#living.truncate(length)
  }

  datasync(done: (error: Error | null) => void): void {
    if (!this.#isSynced) {
      real.timers.soon(() => this.#life.tell(() => done(null)))
      return
    }
    this.#underWay++
    this.#living.datasync((error) => this.#landed(error, done))
  }

  datasyncNow(): void {
    if (this.#isSynced) this.#living.datasyncNow()
  }

  close(): void {
    this.#life.checkAlive()
    this.#life.disown(this)
    this.#closeOnce()
  }

  held(): void {}

  /** The system closes the files of a process that is gone; what is under way comes to its end before. */
  lost(): void {
    if (this.#underWay === 0) this.#closeOnce()
  }

  #landed(error: Error | null, done: (error: Error | null) => void): void {
    this.#underWay--
    if (!this.#life.isAlive && this.#underWay === 0) this.#closeOnce()
    this.#life.tell(() => done(error))
  }

  #closeOnce(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#file.close()
  }
}
