import { defineWord, type Word } from '../word.ts'

/**
 * ```
 * datadir_size: 67109358
 * logdir_size: 67109358
 * ```
 */
export const dirs: Word = defineWord(
  'dirs',
  'bytes of the files in the data and log directories, preallocated space included',
  (view) => `datadir_size: ${view.dataDirectorySizeBytes()}\nlogdir_size: ${view.logDirectorySizeBytes()}\n`,
)
