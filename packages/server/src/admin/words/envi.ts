import { VERSION_TEXT } from '../../version.ts'
import { defineWord, type Word } from '../word.ts'

const NOT_AVAILABLE = '<NA>'
const BYTES_PER_MEGABYTE = 1024 * 1024

/**
 * Facts about machine and process. The keys and their order are those of Apache's server; the ones that begin with
 * `java` speak of the JavaScript runtime, or say `<NA>`.
 * ```
 * Environment:
 * zookeeper.version=3.9.5-tskeeper.0.1.0, built on 2026-11-20 00:00 UTC
 * host.name=node-1.example.com
 * java.version=20.20.2
 * ```
 */
export const envi: Word = defineWord(
  'envi',
  'version, host, operating system, user, memory',
  (view) => {
    const environment = view.environment()
    const facts: readonly (readonly [string, string])[] = [
      ['zookeeper.version', VERSION_TEXT],
      ['host.name', environment.hostName],
      ['java.version', environment.runtimeVersion],
      ['java.vendor', environment.runtimeName],
      ['java.home', NOT_AVAILABLE],
      ['java.class.path', NOT_AVAILABLE],
      ['java.library.path', NOT_AVAILABLE],
      ['java.io.tmpdir', NOT_AVAILABLE],
      ['java.compiler', NOT_AVAILABLE],
      ['os.name', environment.osName],
      ['os.arch', environment.osArchitecture],
      ['os.version', environment.osVersion],
      ['user.name', environment.userName],
      ['user.home', environment.userHome],
      ['user.dir', environment.workingDirectory],
      ['os.memory.free', megabytes(environment.memoryFreeBytes)],
      ['os.memory.max', megabytes(environment.memoryMaxBytes)],
      ['os.memory.total', megabytes(environment.memoryTotalBytes)],
      ['node.version', environment.runtimeVersion],
    ]
    return ['Environment:', ...facts.map(([key, value]) => `${key}=${value}`), ''].join('\n')
  },
  { notServingText: null },
)

function megabytes(sizeBytes: number): string {
  return `${Math.floor(sizeBytes / BYTES_PER_MEGABYTE)}MB`
}
