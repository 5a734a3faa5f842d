import { execFileSync, spawnSync } from 'node:child_process'
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
  return execFileSync('stat', ['--file-system', '--format=%T', directory], { encoding: 'utf8' }).trim()
}

function javaVersion(): string {
  const { stderr, error } = spawnSync('java', ['-version'], { encoding: 'utf8' })
  return error === undefined ? (stderr.split('\n')[0] ?? '').replaceAll('"', '') : 'no Java'
}
