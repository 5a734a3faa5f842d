import { readdirSync, readFileSync } from 'node:fs'
import { arch, hostname, release, type, userInfo } from 'node:os'
import type { EnvironmentView } from '../admin/server-view.ts'

/** Facts about the machine and the process, for people to look at. */
export function describeEnvironment(): EnvironmentView {
  const heap = process.getBuiltinModule('node:v8').getHeapStatistics()
  const { username, homedir } = userInfo()
  return {
    hostName: hostname(),
    runtimeVersion: process.version,
    runtimeName: 'Node.js',
    osName: type(),
    osArchitecture: arch(),
    osVersion: release(),
    userName: username,
    userHome: homedir,
    workingDirectory: process.cwd(),
    memoryFreeBytes: heap.heap_size_limit - heap.used_heap_size,
    memoryMaxBytes: heap.heap_size_limit,
    memoryTotalBytes: heap.total_heap_size,
  }
}

/** Open file descriptors of the process; null where the system does not tell. */
export function countOpenFiles(): number | null {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return null
  }
}

/** How many descriptors the process may have; null where the system does not tell. */
export function readOpenFilesMax(): number | null {
  try {
    const line = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))
    return line === null ? null : Number(line[1])
  } catch {
    return null
  }
}
