// addWatch and removewatches.

import type { WatchKind } from '@tskeeper/client'
import type { Answer, CommandCall, CommandContext, ShellCommand } from '../command.ts'

export const addWatchCommand: ShellCommand = {
  name: 'addWatch',
  synopsis: '[-m mode] path # optional mode is one of [PERSISTENT, PERSISTENT_RECURSIVE] - default is PERSISTENT_RECURSIVE',
  purpose: 'Sets a watch that stays: on a node and its children, or on everything at and below it.',
  options: [{ name: 'm', value: 'mode', help: 'mode' }],
  wordsMin: 1,
  run: addWatch,
}

export const removeWatchesCommand: ShellCommand = {
  name: 'removewatches',
  synopsis: 'path [-c|-d|-a] [-l]',
  purpose: 'Takes the watches of this shell away from a node.',
  options: [
    { name: 'c', help: 'child watcher' },
    { name: 'd', help: 'data watcher' },
    { name: 'p', help: 'persistent watcher' },
    { name: 'r', help: 'persistent recursive watcher' },
    { name: 'a', help: 'any watcher' },
    { name: 'l', help: 'remove watches locally when there is no server connection' },
  ],
  wordsMin: 1,
  run: removeWatches,
}

async function addWatch(call: CommandCall, context: CommandContext): Promise<Answer> {
  const mode = (call.value('m') ?? 'PERSISTENT_RECURSIVE').toUpperCase()
  if (mode !== 'PERSISTENT' && mode !== 'PERSISTENT_RECURSIVE') throw call.usage()
  const kind = mode === 'PERSISTENT' ? 'persistent' : 'persistent-recursive'
  await context.client.addWatch(call.path, kind, context.watcher, context.operation)
  return { json: { path: call.path, mode } }
}

const kinds: readonly (readonly [option: string, kind: WatchKind])[] = [
  ['c', 'children'],
  ['d', 'data'],
  ['p', 'persistent'],
  ['r', 'persistent-recursive'],
]

async function removeWatches(call: CommandCall, context: CommandContext): Promise<Answer> {
  const kind = kinds.find(([option]) => call.has(option))?.[1] ?? 'any'
  await context.client.removeWatches(call.path, kind, { ...context.operation, local: call.has('l') })
  return { json: { path: call.path, kind } }
}
