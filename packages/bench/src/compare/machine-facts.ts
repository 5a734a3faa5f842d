import { spawnSync } from 'node:child_process'
import { readFileSync, realpathSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'

/** What the figures were measured on. */
export interface MachineFacts {
  readonly processor: string
  readonly cores: number
  readonly memoryGb: number
  readonly kernel: string
  readonly fileSystem: string
  readonly node: string
  readonly java: string
  readonly date: string
}

/** Looks at the machine; `directory` is where the servers keep their data. */
export function machineFacts(directory: string): MachineFacts {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown processor',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    fileSystem: fileSystemOf(directory),
    node: process.version,
    java: javaVersion(),
    date: new Date().toISOString().slice(0, 10),
  }
}

/** The name of the directory's file system: on tmpfs a sync costs nothing, and every set would be too fast. */
export function fileSystemOf(directory: string): string {
  return mountedOver(realpathSync(directory), readFileSync('/proc/self/mounts', 'utf8'))
}

/** The file system of the longest mount point that is a path's beginning, out of the text of /proc/self/mounts. */
export function mountedOver(path: string, mounts: string): string {
  let longest = -1
  let name = 'unknown file system'
  for (const line of mounts.split('\n')) {
    const [, point, kind] = line.split(' ')
    if (point === undefined || kind === undefined || point.length < longest) continue
    if (path !== point && point !== '/' && !path.startsWith(`${point}/`)) continue
    longest = point.length
    name = kind
  }
  return name
}

function javaVersion(): string {
  const { stderr, error } = spawnSync('java', ['-version'], { encoding: 'utf8' })
  return error === undefined ? (stderr.split('\n')[0] ?? '').replaceAll('"', '') : 'no Java'
}
