// The files that an ensemble itself writes when its members change, beside the main file <cfg>:
//
//   <cfg>.dynamic.<version>   the members in force; the main file names it in its line dynamicConfigFile
//   <cfg>.dynamic.next        members that were proposed and are not in force yet
//   <cfg>.bak                 the main file as it was before its members were moved out of it
//
// Each is whole and durable when the call that writes it returns. The main file is rewritten last: a crash before that leaves
// it naming the members of before, with the proposal beside it, and the change is completed by the next leader.

import { type Member, membershipLines, type QuorumVerifier } from '@tskeeper/core'
import type { Logger } from '../logger.ts'
import type { Disk } from '../runtime/disk.ts'
import { writeFileAtomically } from '../storage/atomic-file.ts'
import { directoryOf } from '../storage/file-names.ts'
import { parseProperties } from './properties-file.ts'
import { formatProperty } from './properties-text.ts'

/** Where the files are, and who they are for. */
export interface DynamicConfigFilesOptions {
  readonly disk: Disk
  readonly logger: Logger
  /** Absolute path of the main file. */
  readonly configPath: string
  /** This server's own id. */
  readonly serverId: number
}

/** Only for servers with `reconfigEnabled`: others leave their files alone. */
export class DynamicConfigFiles {
  readonly #options: DynamicConfigFilesOptions
  readonly #nextPath: string

  constructor(options: DynamicConfigFilesOptions) {
    this.#options = options
    this.#nextPath = `${options.configPath}.dynamic.next`
  }

  /** At the start of a server whose main file has the members inside: keeps it as it is, because the first change moves them out. */
  backUpMainFile(): void {
    const { disk, configPath, logger } = this.#options
    writeFileAtomically(disk, `${configPath}.bak`, disk.readFile(configPath))
    logger.info(`${configPath} will be rewritten when its ensemble has formed; it is kept as ${configPath}.bak`)
  }

  /** A configuration that is not in force yet. */
  proposed({ membership }: QuorumVerifier): void {
    const lines = [...membershipLines(membership), `version=${membership.version.toString(16)}`]
    this.#write(this.#nextPath, fileText(lines))
  }

  /** No configuration is proposed any more. */
  nextDone(): void {
    const { disk } = this.#options
    if (!disk.exists(this.#nextPath)) return
    disk.remove(this.#nextPath)
    disk.syncDirectory(directoryOf(this.#nextPath))
  }

  /** The configuration is in force: it gets its file, and the main file names that. */
  activated({ membership }: QuorumVerifier): void {
    const { configPath, serverId } = this.#options
    const path = `${configPath}.dynamic.${membership.version.toString(16)}`
    this.#write(path, fileText(membershipLines(membership)))
    this.#rewriteMainFile(path, membership.members.get(serverId) ?? null)
  }

  /** The main file may have been edited since the start: what it says now stays, but for what the ensemble decides. */
  #rewriteMainFile(dynamicPath: string, own: Member | null): void {
    const { disk, configPath } = this.#options
    const kept = [...parseProperties(disk.readFile(configPath))].filter(([key]) => !isDecidedByEnsemble(key, own))
    const lines = [...kept, ['dynamicConfigFile', dynamicPath] as const].map(([key, value]) => formatProperty(key, value))
    this.#write(configPath, lines.map((line) => `${line}\n`).join(''))
  }

  #write(path: string, text: string): void {
    const { disk, logger } = this.#options
    writeFileAtomically(disk, path, Buffer.from(text, 'latin1'))
    logger.info(`Wrote ${path}`)
  }
}

/** Lines sorted as texts, without a newline at the end: that is how these files have always been. */
function fileText(lines: readonly string[]): string {
  return [...lines].sort().join('\n')
}

const KEYS_OF_ENSEMBLE = ['server.', 'group', 'weight', 'dynamicConfigFile', 'peerType']

function isDecidedByEnsemble(key: string, own: Member | null): boolean {
  if (KEYS_OF_ENSEMBLE.some((prefix) => key.startsWith(prefix))) return true
  return own !== null && own.client !== null && key.startsWith('clientPort')
}
