// Small file systems of our own, which can be full or fail. Needs the right to mount (root).

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ServerProcess } from '../support/server-process.ts'

const UNMOUNT = 'umount'

const mounted = new Set<string>()

process.once('exit', () => {
  // Newest first: a file system inside another goes before it.
  for (const path of [...mounted].reverse()) spawnSync(UNMOUNT, ['--lazy', path])
})

/** A file system in memory that holds at most so much. */
export class MemoryMount {
  readonly path: string = mkdtempSync(join(tmpdir(), 'tskeeper-mount-'))

  constructor(sizeMiB: number) {
    mount(['-t', 'tmpfs', '-o', `size=${sizeMiB}m`, 'tmpfs', this.path])
  }

  resize(sizeMiB: number): void {
    run('mount', ['-o', `remount,size=${sizeMiB}m`, this.path])
  }

  remove(): void {
    unmount(this.path)
    rmSync(this.path, { recursive: true })
  }
}

/** Number of the request that takes an ext4 file system off the air, and the way that drops what is not yet synced. */
const EXT4_SHUTDOWN = 0x8004587d
const SHUTDOWN_WITHOUT_FLUSH = 2

/**
 * An ext4 file system that can fail like a disk whose cable is pulled: from one moment on, writes and
 * syncs give EIO. What was not synced before is lost, as at a power cut; what was synced is there after `repair`.
 */
export class FailingMount {
  readonly path: string
  readonly #memory: MemoryMount
  readonly #image: string

  constructor(sizeMiB: number) {
    this.#memory = new MemoryMount(sizeMiB + 8)
    this.#image = join(this.#memory.path, 'image')
    this.path = join(this.#memory.path, 'disk')
    mkdirSync(this.path)
    writeFileSync(this.#image, '')
    truncateSync(this.#image, sizeMiB << 20)
    run('mkfs.ext4', ['-q', '-F', this.#image])
    mount(['-o', 'loop', this.#image, this.path])
  }

  /** Everything that is written is also synced: for what a test wants to be there before it begins. */
  sync(): void {
    run('sync', ['-f', this.path])
  }

  fail(): void {
    // Node cannot make this call; perl is on every Debian system.
    const call = `sysopen(my $file, $ARGV[0], 0) or die; my $way = pack("L", ${SHUTDOWN_WITHOUT_FLUSH}); ioctl($file, ${EXT4_SHUTDOWN}, $way) or die $!`
    run('perl', ['-e', call, this.path])
  }

  /** Mounts again and recovers the journal, as the next start of the machine does. */
  repair(): void {
    unmount(this.path)
    // 1 means that something was corrected, which is the rule after such an end.
    run('e2fsck', ['-f', '-y', this.#image], [0, 1])
    mount(['-o', 'loop', this.#image, this.path])
  }

  remove(): void {
    unmount(this.path)
    this.#memory.remove()
  }
}

/**
 * Lets the disk fail between two steps of the process. A sync that is inside the kernel at that very moment
 * could come back with success and without its data, which no server can know.
 */
export async function failDiskUnder(server: ServerProcess, disk: FailingMount): Promise<void> {
  await server.freeze()
  disk.fail()
  server.thaw()
}

function mount(mountArguments: readonly string[]): void {
  run('mount', mountArguments)
  mounted.add(mountArguments.at(-1) ?? '')
}

function unmount(path: string): void {
  run(UNMOUNT, [path])
  mounted.delete(path)
}

function run(command: string, commandArguments: readonly string[], accepted: readonly number[] = [0]): void {
  const result = spawnSync(command, commandArguments, { encoding: 'utf8' })
  if (result.status !== null && accepted.includes(result.status)) return
  const reason = result.error?.message ?? `${result.stderr}${result.stdout}`.trim()
  throw new Error(
    `these cases mount small file systems of their own, as root; "${command} ${commandArguments.join(' ')}" failed: ${reason}`,
  )
}
