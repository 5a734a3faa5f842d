import type { ShellCommand } from './command.ts'
import { addAuthCommand, getAclCommand, setAclCommand, whoAmICommand } from './commands/access.ts'
import { copyCommand } from './commands/copy.ts'
import { getAllChildrenNumberCommand, getEphemeralsCommand, syncCommand } from './commands/counts.ts'
import { createCommand } from './commands/create.ts'
import { diffCommand } from './commands/diff.ts'
import { configCommand, reconfigCommand } from './commands/membership.ts'
import { deleteQuotaCommand, listQuotaCommand, setQuotaCommand } from './commands/quota.ts'
import { getCommand, lsCommand, statCommand } from './commands/read.ts'
import { exportCommand, importCommand } from './commands/transfer.ts'
import { duCommand, findCommand, treeCommand } from './commands/tree.ts'
import { watchCommand } from './commands/watch-view.ts'
import { addWatchCommand, removeWatchesCommand } from './commands/watches.ts'
import { deleteAllCommand, deleteCommand, setCommand } from './commands/write.ts'

/** Commands that ask a server, in alphabetical order. */
export const serverCommands: readonly ShellCommand[] = [
  addAuthCommand,
  addWatchCommand,
  configCommand,
  copyCommand,
  createCommand,
  deleteAllCommand,
  deleteCommand,
  deleteQuotaCommand,
  diffCommand,
  duCommand,
  exportCommand,
  findCommand,
  getAclCommand,
  getAllChildrenNumberCommand,
  getCommand,
  getEphemeralsCommand,
  importCommand,
  listQuotaCommand,
  lsCommand,
  reconfigCommand,
  removeWatchesCommand,
  setAclCommand,
  setCommand,
  setQuotaCommand,
  statCommand,
  syncCommand,
  treeCommand,
  watchCommand,
  whoAmICommand,
]

/** A spelling of older releases and guides. */
export interface OlderSpelling {
  readonly name: string
  /** The words that stand for it today. */
  readonly today: readonly string[]
  /** What is said about it, or null for those that are taken as they are. */
  readonly advice: string | null
}

/** Words that people still have in their scripts and books. */
export const olderSpellings: readonly OlderSpelling[] = [
  { name: 'ls2', today: ['ls', '-s'], advice: "'ls2' has been deprecated. Please use 'ls [-s] path' instead." },
  {
    name: 'rmr',
    today: ['deleteall'],
    advice: "The command 'rmr' has been deprecated. Please use 'deleteall' instead.",
  },
  { name: 'setData', today: ['set'], advice: null },
  { name: 'getData', today: ['get'], advice: null },
  { name: 'exists', today: ['stat'], advice: null },
  { name: 'getChildren', today: ['ls'], advice: null },
]
