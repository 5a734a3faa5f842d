// A disk in memory that can fail and crash. It keeps two states of everything: what programs see, and what would be left
// after a power failure. Written bytes become durable by a sync of the file, names by a sync of the
// directory; a crash keeps what is durable and, of the rest, as much as the test says.

import { type Disk, DiskError, type DiskFile } from './disk.ts'

/** How much of what was not yet durable survives a crash. The default is nothing. */
export interface CrashOptions {
  /** Bytes of unsynced writes that reached the disk, counted over all files in the order of writing: the last write may be torn. */
  readonly survivingBytes?: number
  /** The same by a choice for each 512-byte sector of each unsynced write: the disk wrote them in any order. Instead of `survivingBytes`. */
  readonly survives?: (path: string, sector: number) => boolean
  /** Creations, renames and removals that reached the disk, counted over all directories in order. */
  readonly survivingNameChanges?: number
}

/** A fault that is to come: the `after`-th matching operation from now on (0 is the next) fails with `code`. */
export interface Fault {
  readonly operation: 'write' | 'sync' | 'open' | 'rename' | 'remove' | 'read' | 'list'
  readonly code: string
  readonly after?: number
  /** Only files whose path contains this. */
  readonly pathPart?: string
  /** For writes: how many bytes get through before the failure. */
  readonly partialBytes?: number
}

const SECTOR_SIZE = 512

interface PendingWrite {
  readonly kind: 'write'
  readonly position: number
  readonly bytes: Uint8Array
  /** End of the last byte that is not zero. */
  readonly contentEnd: number
}

interface PendingTruncation {
  readonly kind: 'truncate'
  readonly length: number
}

/** Bytes with zeros implied up to `length`: preallocated files cost nothing. */
class Content {
  bytes: Uint8Array = new Uint8Array(0)
  length = 0
  /** End of what has been written in earnest: a single byte far out makes a hole and costs no room. */
  allocated = 0

  /** `contentEnd`: what follows in the source is zeros. */
  write(position: number, source: Uint8Array, contentEnd: number = contentEndOf(source)): void {
    this.length = Math.max(this.length, position + source.length)
    if (source.length > 1) this.allocated = Math.max(this.allocated, position + source.length)
    // Zeros are kept only where they take the place of other bytes.
    const end = Math.max(contentEnd, Math.min(source.length, this.bytes.length - position))
    if (end === 0) return
    this.reserve(position + end)
    this.bytes.set(source.subarray(0, end), position)
  }

  truncate(length: number): void {
    this.length = length
    this.allocated = Math.min(this.allocated, length)
    if (this.bytes.length > length) this.bytes.fill(0, length)
  }

  read(target: Uint8Array, offset: number, length: number, position: number): number {
    const count = Math.max(0, Math.min(length, this.length - position))
    target.fill(0, offset, offset + count)
    if (position < this.bytes.length)
      target.set(this.bytes.subarray(position, Math.min(position + count, this.bytes.length)), offset)
    return count
  }

  copy(): Content {
    const copy = new Content()
    copy.bytes = this.bytes.slice()
    copy.length = this.length
    copy.allocated = this.allocated
    return copy
  }

  private reserve(length: number): void {
    if (length <= this.bytes.length) return
    const bytes = new Uint8Array(Math.max(length, this.bytes.length * 2))
    bytes.set(this.bytes)
    this.bytes = bytes
  }
}

const ZEROS = new Uint8Array(64 * 1024)

/** Where the zeros at the end of these bytes begin. Room that is taken in advance is nothing but zeros, and a large part of what is written. */
function contentEndOf(bytes: Uint8Array): number {
  if (bytes.length <= ZEROS.length && Buffer.compare(bytes, ZEROS.subarray(0, bytes.length)) === 0) return 0
  let end = bytes.length
  while (end > 0 && bytes[end - 1] === 0) end--
  return end
}

/** A file without its name. */
class Inode {
  current: Content = new Content()
  durable: Content = new Content()
  /** Changes of `current` that `durable` does not have, with a number that orders them over all files. */
  pending: { readonly sequence: number; readonly change: PendingWrite | PendingTruncation }[] = []

  apply(content: Content, change: PendingWrite | PendingTruncation): void {
    if (change.kind === 'write') content.write(change.position, change.bytes, change.contentEnd)
    else content.truncate(change.length)
  }

  /** What a crash leaves of it that keeps no write; the bytes are shared unless a truncation, which survives, is still under way. */
  afterCrash(): Inode {
    const left = new Inode()
    const truncations = this.pending.filter(({ change }) => change.kind === 'truncate')
    left.current = truncations.length === 0 ? this.durable : this.durable.copy()
    for (const { change } of truncations) this.apply(left.current, change)
    return left
  }

  makeDurable(upTo: number): void {
    let count = 0
    for (const { sequence, change } of this.pending) {
      if (sequence > upTo) break
      this.apply(this.durable, change)
      count++
    }
    if (count > 0) this.pending.splice(0, count)
  }
}

function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`)
}

interface NameChange {
  readonly directory: string
  readonly name: string
  readonly inode: Inode | null
}

export class MemoryDisk implements Disk {
  /** Bytes that all files may hold together; writes beyond fail with ENOSPC after filling the disk. */
  capacityBytes: number = Number.POSITIVE_INFINITY
  /** Number of writes and of syncs so far. */
  writeCount = 0
  syncCount = 0
  /** Ends an asynchronous sync when its owner thinks fit, by calling what it is given; null: `completeSyncs` ends them. */
  scheduleSync: ((done: () => void) => void) | null = null
  /** Called at the beginning of each operation that changes something: a test may crash the disk there. */
  onChange: (operation: string, path: string) => void = () => {}
  private names = new Map<string, Inode>()
  private durableNames = new Map<string, Inode>()
  private nameChanges: NameChange[] = []
  private readonly directories = new Set<string>(['/', '.'])
  /** Directories whose own entry is not durable yet. */
  private readonly newDirectories = new Set<string>()
  private readonly unwritable = new Set<string>()
  private faults: { fault: Fault; remaining: number }[] = []
  private readonly syncsInFlight: { readonly done: () => void }[] = []
  private sequence = 0
  /** Files opened before a crash are of no use after it. */
  generation = 0

  // --- what a test does to the disk -------------------------------------------------------------

  failNext(fault: Fault): void {
    this.faults.push({ fault, remaining: fault.after ?? 0 })
  }

  /** Takes back the faults that have not come. */
  clearFaults(): void {
    this.faults = []
  }

  makeUnwritable(directory: string): void {
    this.unwritable.add(directory)
  }

  /** Ends the asynchronous syncs that are under way, in order, and those that they start. */
  completeSyncs(): void {
    for (let sync = this.syncsInFlight.shift(); sync !== undefined; sync = this.syncsInFlight.shift()) sync.done()
  }

  /** The power fails and comes back. */
  crash(options: CrashOptions = {}): void {
    this.generation++
    this.syncsInFlight.length = 0
    this.faults = []
    this.keepNames(options.survivingNameChanges ?? 0)
    this.keepWrites(options)
  }

  /** The whole state, to crash it again in another way. */
  clone(): MemoryDisk {
    const copy = new MemoryDisk()
    const inodes = new Map<Inode, Inode>()
    const copyInode = (inode: Inode): Inode => {
      let twin = inodes.get(inode)
      if (twin === undefined) {
        twin = new Inode()
        twin.current = inode.current.copy()
        twin.durable = inode.durable.copy()
        twin.pending = inode.pending.slice()
        inodes.set(inode, twin)
      }
      return twin
    }
    for (const [path, inode] of this.names) copy.names.set(path, copyInode(inode))
    for (const [path, inode] of this.durableNames) copy.durableNames.set(path, copyInode(inode))
    copy.nameChanges = this.nameChanges.map((change) => ({
      ...change,
      inode: change.inode === null ? null : copyInode(change.inode),
    }))
    for (const directory of this.directories) copy.directories.add(directory)
    for (const directory of this.newDirectories) copy.newDirectories.add(directory)
    copy.sequence = this.sequence
    return copy
  }

  /**
   * The disk as a crash would leave it that keeps nothing but what is durable, to look at: it shares the files' bytes with this one, and
   * writing to it, or going on to use this one meanwhile, would be a mistake.
   */
  lookAfterCrash(): MemoryDisk {
    const left = new MemoryDisk()
    const twins = new Map<Inode, Inode>()
    const lost = [...this.newDirectories]
    for (const directory of this.directories) if (!lost.some((one) => isWithin(directory, one))) left.directories.add(directory)
    for (const [path, inode] of this.durableNames) {
      if (lost.some((one) => path.startsWith(`${one}/`))) continue
      const twin = twins.get(inode) ?? inode.afterCrash()
      twins.set(inode, twin)
      left.names.set(path, twin)
    }
    return left
  }

  /** Bytes that a crash could lose, over all files. */
  unsyncedBytes(): number {
    let count = 0
    for (const inode of this.allInodes())
      for (const { change } of inode.pending) if (change.kind === 'write') count += change.bytes.length
    return count
  }

  unsyncedNameChanges(): number {
    return this.nameChanges.length
  }

  /** The bytes that the file would have after a power failure in which nothing but what is durable survives; null if it would not be there. */
  readDurable(path: string): Uint8Array | null {
    const durable = this.durableNames.get(path)?.durable
    if (durable === undefined) return null
    const bytes = new Uint8Array(durable.length)
    durable.read(bytes, 0, bytes.length, 0)
    return bytes
  }

  // --- Disk -------------------------------------------------------------------------------------

  makeDirectory(path: string): void {
    this.onChange('makeDirectory', path)
    for (let directory = path; !this.directories.has(directory); directory = parentOf(directory)) {
      this.directories.add(directory)
      this.newDirectories.add(directory)
    }
  }

  list(path: string): string[] {
    if (!this.directories.has(path)) throw new DiskError('list', path, systemError('ENOENT'))
    this.maybeFail('list', path)
    const prefix = `${path}/`
    return [...this.names.keys()].filter((name) => parentOf(name) === path).map((name) => name.slice(prefix.length))
  }

  exists(path: string): boolean {
    return this.names.has(path) || this.directories.has(path)
  }

  isWritable(path: string): boolean {
    return this.exists(path) && !this.unwritable.has(path)
  }

  size(path: string): number {
    return this.inodeAt('look at', path).current.length
  }

  /** The same for each directory: it is one file system. */
  freeBytes(): number {
    return this.capacityBytes === Number.POSITIVE_INFINITY ? this.capacityBytes : this.capacityBytes - this.usedBytes()
  }

  readFile(path: string): Uint8Array {
    const { current } = this.inodeAt('read', path)
    const bytes = new Uint8Array(current.length)
    current.read(bytes, 0, bytes.length, 0)
    return bytes
  }

  writeFile(path: string, bytes: Uint8Array): void {
    const file = this.open(path, 'create')
    file.write(bytes, 0, bytes.length, 0)
    file.close()
  }

  remove(path: string): void {
    this.onChange('remove', path)
    this.maybeFail('remove', path)
    this.inodeAt('remove', path)
    this.names.delete(path)
    this.nameChanges.push({ directory: parentOf(path), name: path, inode: null })
  }

  rename(from: string, to: string): void {
    this.onChange('rename', from)
    this.maybeFail('rename', from)
    const inode = this.inodeAt('rename', from)
    this.names.delete(from)
    this.names.set(to, inode)
    // One change: a file is never seen under neither name.
    this.nameChanges.push({ directory: parentOf(to), name: `${from}\0${to}`, inode })
  }

  syncDirectory(path: string): void {
    this.onChange('syncDirectory', path)
    this.maybeFail('sync', path)
    for (const directory of this.newDirectories) if (parentOf(directory) === path) this.newDirectories.delete(directory)
    const rest: NameChange[] = []
    for (const change of this.nameChanges) {
      if (change.directory === path) this.applyNameChange(change)
      else rest.push(change)
    }
    this.nameChanges = rest
  }

  syncDirectoryLater(path: string, done: (error: Error | null) => void): void {
    this.onChange('syncDirectory', path)
    const begun = new Set(this.nameChanges.filter((change) => change.directory === path))
    const directories = [...this.newDirectories].filter((directory) => parentOf(directory) === path)
    const { generation } = this
    this.beginSync(() => {
      if (generation !== this.generation) return
      const fault = this.takeFault('sync', path)
      if (fault === null) {
        for (const directory of directories) this.newDirectories.delete(directory)
        for (const change of this.nameChanges) if (begun.has(change)) this.applyNameChange(change)
        this.nameChanges = this.nameChanges.filter((change) => !begun.has(change))
      }
      done(fault === null ? null : new DiskError('sync', path, systemError(fault.code)))
    })
  }

  open(path: string, mode: 'read' | 'create' | 'update'): DiskFile {
    if (mode === 'create') this.onChange('create', path)
    this.maybeFail('open', path)
    let inode = this.names.get(path)
    if (mode === 'create') {
      if (!this.directories.has(parentOf(path))) throw new DiskError('open', path, systemError('ENOENT'))
      if (inode === undefined) {
        inode = new Inode()
        this.names.set(path, inode)
        this.nameChanges.push({ directory: parentOf(path), name: path, inode })
      } else {
        this.change(inode, { kind: 'truncate', length: 0 })
      }
    }
    if (inode === undefined) throw new DiskError('open', path, systemError('ENOENT'))
    return new MemoryFile(this, path, inode)
  }

  // --- for MemoryFile ---------------------------------------------------------------------------

  maybeFail(operation: Fault['operation'], path: string): void {
    const fault = this.takeFault(operation, path)
    if (fault !== null) throw new DiskError(operation, path, systemError(fault.code))
  }

  takeFault(operation: Fault['operation'], path: string): Fault | null {
    for (const [i, entry] of this.faults.entries()) {
      const { fault } = entry
      if (fault.operation !== operation || (fault.pathPart !== undefined && !path.includes(fault.pathPart))) continue
      if (entry.remaining-- > 0) continue
      this.faults.splice(i, 1)
      return fault
    }
    return null
  }

  change(inode: Inode, change: PendingWrite | PendingTruncation): void {
    inode.apply(inode.current, change)
    inode.pending.push({ sequence: ++this.sequence, change })
  }

  /** Bytes that all files hold together. */
  usedBytes(): number {
    let used = 0
    for (const inode of this.names.values()) used += inode.current.allocated
    return used
  }

  lastSequence(): number {
    return this.sequence
  }

  beginSync(done: () => void): void {
    if (this.scheduleSync !== null) this.scheduleSync(done)
    else this.syncsInFlight.push({ done })
  }

  // --- crash ------------------------------------------------------------------------------------

  private keepNames(survivors: number): void {
    for (const change of this.nameChanges.slice(0, survivors)) this.applyNameChange(change)
    this.nameChanges = []
    for (const directory of this.newDirectories) this.loseDirectory(directory)
    this.newDirectories.clear()
    this.names = new Map(this.durableNames)
  }

  private loseDirectory(lost: string): void {
    for (const directory of this.directories)
      if (directory === lost || directory.startsWith(`${lost}/`)) this.directories.delete(directory)
    for (const path of this.durableNames.keys()) if (path.startsWith(`${lost}/`)) this.durableNames.delete(path)
  }

  private keepWrites(options: CrashOptions): void {
    const writes: LostWrite[] = []
    for (const [path, inode] of this.names)
      for (const { sequence, change } of inode.pending) writes.push({ inode, path, sequence, change })
    writes.sort((a, b) => a.sequence - b.sequence)
    let budget = options.survivingBytes ?? 0
    const survivors = options.survives === undefined ? null : newestSurvivors(writes, options.survives)
    for (const { inode, path, sequence, change } of writes) {
      if (survivors !== null) keepSectors(inode, change, (sector) => sequence <= (survivors.get(sectorKey(path, sector)) ?? 0))
      else if (change.kind === 'truncate') inode.apply(inode.durable, change)
      else if (budget > 0) {
        const bytes = change.bytes.subarray(0, budget)
        budget -= bytes.length
        inode.durable.write(change.position, bytes)
      }
    }
    for (const inode of new Set(this.names.values())) {
      inode.pending = []
      inode.current = inode.durable.copy()
    }
  }

  private applyNameChange(change: NameChange): void {
    const [first, second] = change.name.split('\0')
    if (second !== undefined && change.inode !== null) {
      this.durableNames.delete(first ?? '')
      this.durableNames.set(second, change.inode)
    } else if (change.inode === null) this.durableNames.delete(change.name)
    else this.durableNames.set(change.name, change.inode)
  }

  private allInodes(): Set<Inode> {
    return new Set([...this.names.values(), ...this.durableNames.values()])
  }

  private inodeAt(operation: string, path: string): Inode {
    const inode = this.names.get(path)
    if (inode === undefined) throw new DiskError(operation, path, systemError('ENOENT'))
    return inode
  }
}

class MemoryFile implements DiskFile {
  readonly path: string
  private readonly disk: MemoryDisk
  private readonly inode: Inode
  private readonly generation: number
  private isClosed = false

  constructor(disk: MemoryDisk, path: string, inode: Inode) {
    this.disk = disk
    this.path = path
    this.inode = inode
    this.generation = disk.generation
  }

  size(): number {
    this.check('look at')
    return this.inode.current.length
  }

  read(bytes: Uint8Array, offset: number, length: number, position: number): number {
    this.check('read')
    this.disk.maybeFail('read', this.path)
    return this.inode.current.read(bytes, offset, length, position)
  }

  write(bytes: Uint8Array, offset: number, length: number, position: number): void {
    this.check('write')
    this.disk.onChange('write', this.path)
    this.disk.writeCount++
    const fault = this.disk.takeFault('write', this.path)
    const room = fault === null ? this.room(length, position) : Math.min(fault.partialBytes ?? 0, length)
    if (room > 0) {
      const written = bytes.slice(offset, offset + room)
      this.disk.change(this.inode, { kind: 'write', position, bytes: written, contentEnd: contentEndOf(written) })
    }
    if (room < length) throw new DiskError('write', this.path, systemError(fault?.code ?? 'ENOSPC'))
  }

  /** The bytes are in the file when the disk gets to it, as for a sync; also in one that was closed in the meantime. */
  writeLater(bytes: Uint8Array, offset: number, length: number, position: number, done: (error: Error | null) => void): void {
    this.check('write')
    const open = new MemoryFile(this.disk, this.path, this.inode)
    const { generation } = this.disk
    this.disk.beginSync(() => {
      if (generation !== this.disk.generation) return
      let failure: Error | null = null
      try {
        open.write(bytes, offset, length, position)
      } catch (error) {
        if (!(error instanceof DiskError)) throw error
        failure = error
      }
      done(failure)
    })
  }

  truncate(length: number): void {
    this.check('truncate')
    this.disk.onChange('truncate', this.path)
    this.disk.change(this.inode, { kind: 'truncate', length })
  }

  datasync(done: (error: Error | null) => void): void {
    this.check('sync')
    this.disk.onChange('datasync', this.path)
    this.disk.syncCount++
    const upTo = this.disk.lastSequence()
    const { generation } = this.disk
    this.disk.beginSync(() => {
      if (generation !== this.disk.generation) return
      const fault = this.disk.takeFault('sync', this.path)
      if (fault === null) this.inode.makeDurable(upTo)
      done(fault === null ? null : new DiskError('sync', this.path, systemError(fault.code)))
    })
  }

  datasyncNow(): void {
    this.check('sync')
    this.disk.onChange('datasync', this.path)
    this.disk.syncCount++
    this.disk.maybeFail('sync', this.path)
    this.inode.makeDurable(this.disk.lastSequence())
  }

  close(): void {
    this.isClosed = true
  }

  /** How many of `length` bytes the disk has room for; overwriting costs none. */
  private room(length: number, position: number): number {
    const growth = position + length - this.inode.current.allocated
    const free = this.disk.freeBytes()
    return growth <= free || length === 1 ? length : Math.max(0, length - (growth - Math.max(0, free)))
  }

  private check(operation: string): void {
    if (this.isClosed || this.generation !== this.disk.generation) throw new DiskError(operation, this.path, systemError('EBADF'))
  }
}

/** A change that a crash may lose. */
interface LostWrite {
  readonly inode: Inode
  readonly path: string
  readonly sequence: number
  readonly change: PendingWrite | PendingTruncation
}

/**
 * The newest write to each sector that reached the disk. The system writes a sector as it is in memory, so that those
 * before it reached the disk with it.
 */
function newestSurvivors(
  writes: readonly LostWrite[],
  survives: (path: string, sector: number) => boolean,
): ReadonlyMap<string, number> {
  const newest = new Map<string, number>()
  for (const { path, sequence, change } of writes) {
    if (change.kind === 'truncate') continue
    const last = Math.floor((change.position + change.bytes.length - 1) / SECTOR_SIZE)
    for (let sector = Math.floor(change.position / SECTOR_SIZE); sector <= last; sector++) {
      if (survives(path, sector)) newest.set(sectorKey(path, sector), sequence)
    }
  }
  return newest
}

function sectorKey(path: string, sector: number): string {
  return `${sector}:${path}`
}

/** Applies to the durable bytes the parts of a write that lie in surviving sectors. */
function keepSectors(inode: Inode, change: PendingWrite | PendingTruncation, survives: (sector: number) => boolean): void {
  if (change.kind === 'truncate') {
    inode.apply(inode.durable, change)
    return
  }
  const end = change.position + change.bytes.length
  inode.durable.length = Math.max(inode.durable.length, end)
  for (let at = change.position; at < end; ) {
    const sector = Math.floor(at / SECTOR_SIZE)
    const stop = Math.min(end, (sector + 1) * SECTOR_SIZE)
    if (survives(sector)) inode.durable.write(at, change.bytes.subarray(at - change.position, stop - change.position))
    at = stop
  }
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf('/')
  if (slash < 0) return '.'
  return slash === 0 ? '/' : path.slice(0, slash)
}

function systemError(code: string): Error {
  return Object.assign(new Error(`${code} (simulated)`), { code })
}
