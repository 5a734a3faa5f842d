// set, delete and deleteall.

import { isZooKeeperError, type TransactionOperation } from '@tskeeper/client'
import type { Answer, CommandCall, CommandContext, ShellCommand } from '../command.ts'
import { ShellError } from '../shell-error.ts'
import { statJson } from '../text/json-values.ts'
import { statLines } from '../text/stat-text.ts'
import { walkTree } from '../tree-walk.ts'

/** Deletions in one transaction, unless said otherwise. */
const BATCH_SIZE = 1000
/** Bytes of paths in one transaction: well below the packet that servers accept. */
const BATCH_BYTES_MAX = 400_000

export const setCommand: ShellCommand = {
  name: 'set',
  synopsis: 'path data [-s] [-v version] [-b]',
  purpose: 'Sets the data of a node.',
  options: [
    { name: 's', help: 'Print znode stats additionally' },
    { name: 'v', value: 'version', help: 'Set with an expected version' },
    { name: 'b', help: 'Supply data in base64 format' },
  ],
  wordsMin: 2,
  hasOptionTable: true,
  run: set,
}

export const deleteCommand: ShellCommand = {
  name: 'delete',
  synopsis: '[-v version] path',
  purpose: 'Deletes a node that has no children.',
  options: [{ name: 'v', value: 'version', help: 'version' }],
  wordsMin: 1,
  run: remove,
}

export const deleteAllCommand: ShellCommand = {
  name: 'deleteall',
  synopsis: 'path [-b batch size]',
  purpose: 'Deletes a node and everything below it, children first, in transactions of a batch each.',
  options: [{ name: 'b', value: 'batch size', help: 'batch size' }],
  wordsMin: 1,
  run: removeAll,
}

async function set(call: CommandCall, context: CommandContext): Promise<Answer> {
  const [, data = ''] = call.words
  const bytes = call.has('b') ? decodeBase64(data) : data
  const version = call.int('v') ?? -1
  const stat = await context.client.set(call.path, bytes, { ...context.operation, version })
  return { out: call.has('s') ? statLines(stat) : [], json: { path: call.path, stat: statJson(stat) } }
}

function decodeBase64(text: string): Uint8Array {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.replaceAll('=', '').length % 4 === 1)
    throw new ShellError(`${text} is not base64: groups of four of A-Z, a-z, 0-9, + and /, padded with =`)
  return new Uint8Array(Buffer.from(text, 'base64'))
}

async function remove(call: CommandCall, context: CommandContext): Promise<Answer> {
  const [, versionWord] = call.words
  let version = call.int('v') ?? -1
  if (versionWord !== undefined) {
    context.warn("'delete path [version]' has been deprecated. Please use 'delete [-v version] path' instead.")
    version = call.intOf(versionWord)
  }
  await context.client.delete(call.path, { ...context.operation, version })
  return { json: { path: call.path } }
}

async function removeAll(call: CommandCall, context: CommandContext): Promise<Answer> {
  const batchSize = batchSizeOf(call)
  const paths: string[] = []
  for await (const node of walkTree(context.client, call.path, context.operation)) paths.push(node.path)
  const outcomes = await Promise.all(batches(paths.reverse(), batchSize).map((batch) => removeBatch(batch, context)))
  if (outcomes.includes(false))
    throw new ShellError('Failed to delete some node(s) in the subtree!', { code: 'NOT_EMPTY', path: call.path })
  return { json: { path: call.path, deleted: paths.length } }
}

function batchSizeOf(call: CommandCall): number {
  const text = call.value('b')
  if (text === null) return BATCH_SIZE
  if (!/^[+-]?\d+$/.test(text)) throw new ShellError('-b argument must be an int value')
  return Math.max(1, Number(text))
}

/** Children stand before their parents, and requests are carried out in the order sent: so can the batches be under way together. */
function batches(paths: readonly string[], batchSize: number): TransactionOperation[][] {
  const all: TransactionOperation[][] = []
  let batch: TransactionOperation[] = []
  let byteCount = 0
  for (const path of paths) {
    const pathBytes = Buffer.byteLength(path)
    if (batch.length > 0 && (batch.length >= batchSize || byteCount + pathBytes > BATCH_BYTES_MAX)) {
      all.push(batch)
      batch = []
      byteCount = 0
    }
    batch.push({ type: 'delete', path })
    byteCount += pathBytes
  }
  if (batch.length > 0) all.push(batch)
  return all
}

/** False when a part was refused: somebody else made or deleted a node below meanwhile, or may forbid it. */
async function removeBatch(batch: readonly TransactionOperation[], context: CommandContext): Promise<boolean> {
  try {
    await context.client.multi(batch, context.operation)
    return true
  } catch (error) {
    if (isZooKeeperError(error) && error.category === 'server') return false
    throw error
  }
}
