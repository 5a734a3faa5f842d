// sync, getEphemerals and getAllChildrenNumber.

import { isZooKeeperError } from '@tskeeper/client'
import { type Answer, type CommandCall, type CommandContext, listText, type ShellCommand } from '../command.ts'

/** As long as people have always waited for it. */
const SYNC_TIMEOUT_MS = 30_000

export const syncCommand: ShellCommand = {
  name: 'sync',
  synopsis: 'path',
  purpose: 'Waits until this server has all that was written before; reads that follow see it.',
  options: [],
  wordsMin: 1,
  run: sync,
}

export const getEphemeralsCommand: ShellCommand = {
  name: 'getEphemerals',
  synopsis: 'path',
  purpose: 'Lists the ephemeral nodes of this session, or those whose paths begin with the word.',
  options: [],
  wordsMin: 0,
  run: getEphemerals,
}

export const getAllChildrenNumberCommand: ShellCommand = {
  name: 'getAllChildrenNumber',
  synopsis: 'path',
  purpose: 'Counts everything below a node.',
  options: [],
  wordsMin: 1,
  run: getAllChildrenNumber,
}

async function sync(call: CommandCall, context: CommandContext): Promise<Answer> {
  const { path } = call
  try {
    await context.client.sync(path, { ...context.operation, deadlineMs: SYNC_TIMEOUT_MS })
    return { out: ['Sync is OK'], json: { path } }
  } catch (error) {
    if (!isZooKeeperError(error) || error.wireCode === null || error.category === 'usage') throw error
    return {
      out: [`Sync has failed. rc=${error.wireCode}`],
      json: { error: { code: error.code, message: error.message, path } },
      exitCode: 1,
    }
  }
}

async function getEphemerals(call: CommandCall, context: CommandContext): Promise<Answer> {
  const paths = await context.client.getEphemerals(call.words.length === 0 ? '/' : call.path, context.operation)
  return { out: [listText(paths)], json: { paths } }
}

async function getAllChildrenNumber(call: CommandCall, context: CommandContext): Promise<Answer> {
  const count = await context.client.getAllChildrenNumber(call.path, context.operation)
  return { out: [String(count)], json: { path: call.path, count } }
}
