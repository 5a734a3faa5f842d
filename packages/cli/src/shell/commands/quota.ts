// setquota, listquota and delquota. A quota is two nodes that the server knows: see text/quota-text.ts.

import { decodeText, isZooKeeperError, type ZooKeeper } from '@tskeeper/client'
import { childPath, parentPath } from '@tskeeper/protocol'
import type { Answer, CommandCall, CommandContext, ShellCommand } from '../command.ts'
import { type OptionSpec, parserError } from '../option-parser.ts'
import { ShellError } from '../shell-error.ts'
import type { JsonValue } from '../text/json-values.ts'
import {
  formatLimits,
  formatUsage,
  NO_LIMITS,
  parseLimits,
  parseUsage,
  type QuotaLimits,
  type QuotaUsage,
} from '../text/quota-text.ts'
import { walkTree } from '../tree-walk.ts'

const QUOTA_ROOT = '/zookeeper/quota'
const LIMITS_NAME = 'zookeeper_limits'
const STATS_NAME = 'zookeeper_stats'

interface LimitOption {
  readonly name: string
  readonly field: keyof QuotaLimits
  readonly help: string
}

const limitOptions: readonly LimitOption[] = [
  { name: 'n', field: 'count', help: 'num soft quota' },
  { name: 'b', field: 'bytes', help: 'bytes soft quota' },
  { name: 'N', field: 'countHardLimit', help: 'num hard quota' },
  { name: 'B', field: 'byteHardLimit', help: 'bytes hard quota' },
]

export const setQuotaCommand: ShellCommand = {
  name: 'setquota',
  synopsis: '-n|-b|-N|-B val path',
  purpose: 'Limits the nodes or bytes at and below a path: soft limits are logged by the server, hard ones refuse.',
  options: limitOptions.map(({ name, help }): OptionSpec => ({ name, value: 'val', help, group: 'limit' })),
  wordsMin: 0,
  run: setQuota,
}

export const listQuotaCommand: ShellCommand = {
  name: 'listquota',
  synopsis: 'path',
  purpose: 'Prints the limits of a path and what is used of them.',
  options: [],
  wordsMin: 1,
  run: listQuota,
}

export const deleteQuotaCommand: ShellCommand = {
  name: 'delquota',
  synopsis: '[-n|-b|-N|-B] path',
  purpose: 'Takes one limit of a path away, or the whole quota.',
  options: limitOptions.map(({ name, help }): OptionSpec => ({ name, help, group: 'limit' })),
  wordsMin: 1,
  run: deleteQuota,
}

async function setQuota(call: CommandCall, context: CommandContext): Promise<Answer> {
  const { option, text } = givenLimit(call)
  if (call.words.length === 0) throw call.usage()
  const value = limitValue(option, text)
  const path = call.rawPath
  const { client } = context
  await checkPlace(client, path, context)
  const existing = await readQuota(client, path, context)
  const limits: QuotaLimits = { ...(existing?.limits ?? NO_LIMITS), [option.field]: value }
  if (existing === null) await createQuota(client, path, limits, context)
  else await client.set(limitsPath(path), formatLimits(limits), context.operation)
  const usage = (await readQuota(client, path, context))?.usage ?? { count: 0, bytes: 0 }
  return { out: warnings(limits, usage), json: quotaJson(path, limits, usage) }
}

function givenLimit(call: CommandCall): { readonly option: LimitOption; readonly text: string } {
  for (const option of limitOptions) {
    const text = call.value(option.name)
    if (text !== null) return { option, text }
  }
  const wanted = limitOptions.map(({ name, help }) => `-${name} ${help}`).join(', ')
  throw parserError('MissingOptionException', `Missing required option: [${wanted}]`)
}

function limitValue(option: LimitOption, text: string): number {
  const value = Number(text)
  if (!/^[+-]?\d+$/.test(text) || !Number.isSafeInteger(value))
    throw new ShellError('NumberFormatException happens when parsing the option value')
  const isCount = option.field === 'count' || option.field === 'countHardLimit'
  if (isCount && value <= 0) throw new ShellError('the num quota must be greater than zero')
  if (!isCount && value < 0) throw new ShellError('the bytes quota must be greater than or equal to zero')
  return value
}

/** Quotas do not nest, and the tree of quotas has none itself. */
async function checkPlace(client: ZooKeeper, path: string, context: CommandContext): Promise<void> {
  if (path === '/') throw new ShellError('Path must not end with / character', { code: 'BAD_ARGUMENTS', path })
  if (path === QUOTA_ROOT || path.startsWith(`${QUOTA_ROOT}/`))
    throw new ShellError(`cannot set a quota under the path: ${path}`, { code: 'BAD_ARGUMENTS', path })
  if ((await client.exists(path, context.operation)) === null)
    throw new ShellError(`${path} does not exist.`, { code: 'NO_NODE', path })
  for (let above = parentPath(path); above !== '/'; above = parentPath(above)) {
    if ((await client.exists(limitsPath(above), context.operation)) !== null)
      throw new ShellError(`${path} has a parent ${above} which has a quota`, { code: 'BAD_ARGUMENTS', path })
  }
  const below = await quotaBelow(client, path, context)
  if (below !== null) throw new ShellError(`${path} has a child ${below} which has a quota`, { code: 'BAD_ARGUMENTS', path })
}

async function quotaBelow(client: ZooKeeper, path: string, context: CommandContext): Promise<string | null> {
  try {
    for await (const node of walkTree(client, QUOTA_ROOT + path, context.operation)) {
      const isLimits = node.path.endsWith(`/${LIMITS_NAME}`) && node.path !== limitsPath(path)
      if (isLimits) return parentPath(node.path).slice(QUOTA_ROOT.length)
    }
  } catch (error) {
    if (!isZooKeeperError(error, 'NO_NODE')) throw error
  }
  return null
}

/** The limits come first: the server counts what is there when the second node appears. */
async function createQuota(client: ZooKeeper, path: string, limits: QuotaLimits, context: CommandContext): Promise<void> {
  const { operation } = context
  let above = QUOTA_ROOT
  for (const name of path.slice(1).split('/')) {
    above = childPath(above, name)
    await client.create(above, null, operation).catch(ignoring('NODE_EXISTS'))
  }
  await client.create(limitsPath(path), formatLimits(limits), operation)
  await client.create(statsPath(path), formatUsage({ count: 0, bytes: 0 }), operation)
}

function warnings(limits: QuotaLimits, usage: QuotaUsage): string[] {
  const lines: string[] = []
  const isOver = (limit: number, used: number): boolean => limit > -1 && limit < used
  if (isOver(limits.count, usage.count) || isOver(limits.countHardLimit, usage.count))
    lines.push(`[Warning]: the count quota you create is less than the existing count:${usage.count}`)
  if (isOver(limits.bytes, usage.bytes) || isOver(limits.byteHardLimit, usage.bytes))
    lines.push(`[Warning]: the bytes quota you create is less than the existing bytes:${usage.bytes}`)
  return lines
}

async function listQuota(call: CommandCall, context: CommandContext): Promise<Answer> {
  const { path } = call
  const where = `absolute path is ${limitsPath(path)}`
  const quota = await readQuota(context.client, path, context)
  if (quota === null) throw new ShellError(`${where}\nquota for ${path} does not exist.`, { code: 'NO_NODE', path })
  const { limits, usage } = quota
  return {
    err: [where],
    out: [`Output quota for ${path} ${formatLimits(limits)}`, `Output stat for ${path} ${formatUsage(usage)}`],
    json: quotaJson(path, limits, usage),
  }
}

async function deleteQuota(call: CommandCall, context: CommandContext): Promise<Answer> {
  const { path } = call
  const { client } = context
  const quota = await readQuota(client, path, context)
  if (quota === null) return { out: [`Quota does not exist for ${path}`], json: { path, limits: null, usage: null }, exitCode: 1 }
  const option = limitOptions.find(({ name }) => call.has(name))
  if (option !== undefined) {
    const limits = { ...quota.limits, [option.field]: -1 }
    await client.set(limitsPath(path), formatLimits(limits), context.operation)
    return { json: quotaJson(path, limits, quota.usage) }
  }
  await client.delete(limitsPath(path), { ...context.operation, missingOk: true })
  await client.delete(statsPath(path), { ...context.operation, missingOk: true })
  await pruneEmpty(client, path, context)
  return { json: { path, limits: null, usage: null } }
}

/** Deletes the node of the quota's path and those above it that hold nothing any more. */
async function pruneEmpty(client: ZooKeeper, path: string, context: CommandContext): Promise<void> {
  for (let at = path; at !== '/'; at = parentPath(at)) {
    try {
      await client.delete(QUOTA_ROOT + at, { ...context.operation, missingOk: true })
    } catch (error) {
      if (isZooKeeperError(error, 'NOT_EMPTY')) return
      throw error
    }
  }
}

async function readQuota(
  client: ZooKeeper,
  path: string,
  context: CommandContext,
): Promise<{ readonly limits: QuotaLimits; readonly usage: QuotaUsage } | null> {
  const read = (node: string): Promise<string | null> =>
    client.get(node, context.operation).then((value) => decodeText(value.data), ignoring('NO_NODE'))
  const [limits, usage] = await Promise.all([read(limitsPath(path)), read(statsPath(path))])
  return limits === null ? null : { limits: parseLimits(limits), usage: parseUsage(usage ?? '') }
}

function quotaJson(path: string, limits: QuotaLimits, usage: QuotaUsage): JsonValue {
  return { path, limits: { ...limits }, usage: { ...usage } }
}

/** For `catch`: one error means nothing, every other is thrown on. */
function ignoring(code: 'NO_NODE' | 'NODE_EXISTS'): (error: unknown) => null {
  return (error) => {
    if (isZooKeeperError(error, code)) return null
    throw error
  }
}

function limitsPath(path: string): string {
  return `${QUOTA_ROOT}${path === '/' ? '' : path}/${LIMITS_NAME}`
}

function statsPath(path: string): string {
  return `${QUOTA_ROOT}${path === '/' ? '' : path}/${STATS_NAME}`
}
