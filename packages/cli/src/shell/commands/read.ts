// get, ls and stat: what a node holds.

import { decodeText } from '@tskeeper/client'
import { type Answer, type CommandCall, type CommandContext, listText, optionLines, type ShellCommand } from '../command.ts'
import type { OptionSpec } from '../option-parser.ts'
import { ShellError } from '../shell-error.ts'
import { hexdumpLines } from '../text/hexdump.ts'
import { base64, dataJson, statJson } from '../text/json-values.ts'
import { statLines } from '../text/stat-text.ts'
import { walkTree } from '../tree-walk.ts'

const WATCH: OptionSpec = { name: 'w', help: 'Watch for changes on the znode' }
const PRINT_STAT: OptionSpec = { name: 's', help: 'Print znode stats additionally' }

export const getCommand: ShellCommand = {
  name: 'get',
  synopsis: '[-s] [-w] [-b] [-x] path',
  purpose: 'Prints the data of a node.',
  options: [
    PRINT_STAT,
    WATCH,
    { name: 'b', help: 'Output data in base64 format' },
    { name: 'x', help: 'Output data in hexdump format' },
  ],
  wordsMin: 1,
  hasOptionTable: true,
  run: get,
}

export const lsCommand: ShellCommand = {
  name: 'ls',
  synopsis: '[-s] [-w] [-R] path',
  purpose: 'Lists the children of a node, or with -R everything below it.',
  options: [
    { name: 's', help: 'stat' },
    { name: 'w', help: 'watch' },
    { name: 'R', help: 'recurse' },
    { name: '?', help: 'help' },
  ],
  wordsMin: 0,
  run: list,
}

export const statCommand: ShellCommand = {
  name: 'stat',
  synopsis: '[-w] path',
  purpose: 'Prints the Stat of a node. With -w the node need not exist: its creation is told.',
  options: [{ name: 'w', help: 'watch' }],
  wordsMin: 1,
  run: stat,
}

async function get(call: CommandCall, context: CommandContext): Promise<Answer> {
  const value = await context.client.get(call.path, watchOptions(call, context))
  return {
    out: [...dataLines(call, value), ...(call.has('s') ? statLines(value.stat) : [])],
    json: { path: call.path, ...dataJson(value), stat: statJson(value.stat) },
  }
}

function dataLines(call: CommandCall, value: { readonly data: Uint8Array; readonly isNull: boolean }): string[] {
  if (value.isNull) return ['null']
  if (call.has('b')) return [base64(value.data)]
  if (call.has('x')) return hexdumpLines(value.data)
  return [decodeText(value.data)]
}

async function list(call: CommandCall, context: CommandContext): Promise<Answer> {
  if (call.has('?')) {
    const help = ['usage: ls [options] path', ...optionLines(call.command)]
    for (const line of help) context.print(line)
    throw call.usage()
  }
  if (call.words.length === 0) throw call.usage()
  const { path } = call
  if (call.has('R')) return listDeep(call, context)
  const options = watchOptions(call, context)
  const { children, stat } = await context.client.childrenWithStat(path, options)
  const sorted = children.sort()
  return {
    out: [listText(sorted), ...(call.has('s') ? statLines(stat) : [])],
    json: { path, children: sorted, stat: statJson(stat) },
  }
}

/** Prints as it goes: a whole tree may be long. */
async function listDeep(call: CommandCall, context: CommandContext): Promise<Answer> {
  const paths: string[] = []
  const show = (path: string): void => {
    if (context.isJson) paths.push(path)
    else context.print(path)
  }
  if (isWatchWanted(call, context)) await context.client.children(call.path, { ...context.operation, watch: context.watcher })
  for await (const { path, children } of walkTree(context.client, call.path, context.operation)) {
    if (path === call.path) show(path)
    for (const child of children) show(child)
  }
  return { json: { paths } }
}

async function stat(call: CommandCall, context: CommandContext): Promise<Answer> {
  const { path } = call
  const found = await context.client.exists(path, watchOptions(call, context))
  if (found === null) throw new ShellError(`Node does not exist: ${path}`, { code: 'NO_NODE', path })
  return { out: statLines(found), json: { path, stat: statJson(found) } }
}

function watchOptions(
  call: CommandCall,
  context: CommandContext,
): CommandContext['operation'] & { watch?: CommandContext['watcher'] } {
  return isWatchWanted(call, context) ? { ...context.operation, watch: context.watcher } : context.operation
}

/** A second word of any kind has always meant a watch. */
function isWatchWanted(call: CommandCall, context: CommandContext): boolean {
  if (call.words.length < 2) return call.has('w')
  const { name } = call.command
  const today = name === 'get' ? 'get [-s] [-w] path' : `${name} [-w] path`
  context.warn(`'${name} path [watch]' has been deprecated. Please use '${today}' instead.`)
  return true
}
