import { defineWord, type Word } from '../word.ts'

/**
 * The effective configuration, a line `key=value` each:
 * ```
 * clientPort=2181
 * secureClientPort=-1
 * dataDir=/var/lib/zk/version-2
 * ```
 */
export const conf: Word = defineWord('conf', 'the effective configuration', (view) => view.configurationText())
