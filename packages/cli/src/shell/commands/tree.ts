// tree, find and du: what is below a node, drawn, searched and added up.

import { decodeText } from '@tskeeper/client'
import { baseName, parentPath } from '@tskeeper/protocol'
import type { Answer, CommandCall, CommandContext, ShellCommand } from '../command.ts'
import { ShellError } from '../shell-error.ts'
import { kindOf } from '../subtree/node-record.ts'
import type { JsonValue } from '../text/json-values.ts'
import { depthBelow, forEachWide, type WalkedNode, walkTree } from '../tree-walk.ts'

export const treeCommand: ShellCommand = {
  name: 'tree',
  synopsis: '[-d depth] [-s] [path]',
  purpose: 'Draws a subtree.',
  options: [
    { name: 'd', value: 'depth', help: 'levels below the path' },
    { name: 's', help: 'with the bytes of data of each node' },
  ],
  wordsMin: 0,
  wordsMax: 1,
  isExtra: true,
  run: tree,
}

export const findCommand: ShellCommand = {
  name: 'find',
  synopsis: '[-name pattern] [-type kind] [-size bytes] [-text text] [path]',
  purpose: 'Prints the paths of the nodes to which everything said applies.',
  options: [
    { name: 'name', value: 'pattern', help: 'name of the node; * is any text and ? any character' },
    { name: 'type', value: 'kind', help: 'persistent or ephemeral' },
    { name: 'size', value: 'bytes', help: 'bytes of data: 10, +10 for more, -10 for less' },
    { name: 'text', value: 'text', help: 'the data contains this' },
  ],
  wordsMin: 0,
  wordsMax: 1,
  isExtra: true,
  run: find,
}

export const duCommand: ShellCommand = {
  name: 'du',
  synopsis: '[-d depth] [path]',
  purpose: 'Adds up the nodes and the bytes of data at and below each path.',
  options: [{ name: 'd', value: 'depth', help: 'levels below the path that get a line of their own; 1 unless given' }],
  wordsMin: 0,
  wordsMax: 1,
  isExtra: true,
  run: du,
}

async function tree(call: CommandCall, context: CommandContext): Promise<Answer> {
  const root = rootOf(call)
  const nodes = new Map<string, WalkedNode>()
  const levels = depthOf(call, Number.POSITIVE_INFINITY)
  for await (const node of walkReadable(root, context, levels)) nodes.set(node.path, node)
  const top = nodes.get(root)
  if (top === undefined) return { json: null }
  const label = (node: WalkedNode): string => (call.has('s') ? ` (${node.stat.dataLength})` : '')
  return { out: [root + label(top), ...draw(top, '', nodes, label)], json: treeJson(top, nodes) }
}

function draw(
  node: WalkedNode,
  indent: string,
  nodes: ReadonlyMap<string, WalkedNode>,
  label: (node: WalkedNode) => string,
): string[] {
  const children = node.children.flatMap((path) => nodes.get(path) ?? [])
  return children.flatMap((child, index) => {
    const isLast = index === children.length - 1
    const line = `${indent}${isLast ? '└── ' : '├── '}${baseName(child.path)}${label(child)}`
    return [line, ...draw(child, `${indent}${isLast ? '    ' : '│   '}`, nodes, label)]
  })
}

function treeJson(node: WalkedNode, nodes: ReadonlyMap<string, WalkedNode>): JsonValue {
  const children = node.children.flatMap((path) => nodes.get(path) ?? [])
  return { path: node.path, dataLength: node.stat.dataLength, children: children.map((child) => treeJson(child, nodes)) }
}

async function find(call: CommandCall, context: CommandContext): Promise<Answer> {
  const matches = matcherOf(call)
  const text = call.value('text')
  const found: string[] = []
  const nodes = filtered(walkReadable(rootOf(call), context), matches)
  await forEachWide(nodes, async ({ path }) => {
    const isFound = text === null || decodeText((await context.client.get(path, context.operation)).data).includes(text)
    if (isFound) found.push(path)
  })
  // Answers to questions that were under way together may be noted in another order than they were asked in.
  found.sort()
  return { out: found, json: { paths: found } }
}

async function* filtered(nodes: AsyncGenerator<WalkedNode>, matches: (node: WalkedNode) => boolean): AsyncGenerator<WalkedNode> {
  for await (const node of nodes) if (matches(node)) yield node
}

function matcherOf(call: CommandCall): (node: WalkedNode) => boolean {
  const tests: ((node: WalkedNode) => boolean)[] = []
  const name = call.value('name')
  if (name !== null) {
    const pattern = globPattern(name)
    tests.push(({ path }) => pattern.test(baseName(path)))
  }
  const kind = call.value('type')
  if (kind !== null) {
    if (kind !== 'persistent' && kind !== 'ephemeral') throw new ShellError(`-type is persistent or ephemeral, not ${kind}`)
    tests.push(({ stat }) => kindOf(stat) === kind)
  }
  const size = call.value('size')
  if (size !== null) tests.push(sizeTest(size))
  return (node) => tests.every((test) => test(node))
}

function sizeTest(text: string): (node: WalkedNode) => boolean {
  const match = /^([+-]?)(\d+)$/.exec(text)
  if (match === null) throw new ShellError(`-size is a number of bytes such as 10, +10 or -10, not ${text}`)
  const size = Number(match[2])
  if (match[1] === '+') return ({ stat }) => stat.dataLength > size
  if (match[1] === '-') return ({ stat }) => stat.dataLength < size
  return ({ stat }) => stat.dataLength === size
}

function globPattern(glob: string): RegExp {
  const escaped = glob
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${escaped}$`, 's')
}

interface Usage {
  nodes: number
  bytes: number
}

async function du(call: CommandCall, context: CommandContext): Promise<Answer> {
  const root = rootOf(call)
  const levels = depthOf(call, 1)
  const usages = new Map<string, Usage>()
  for await (const { path, stat } of walkReadable(root, context)) {
    for (let at = path, depth = depthBelow(root, path); depth >= 0; depth--, at = parentPath(at)) {
      if (depth > levels) continue
      const usage = usages.get(at) ?? { nodes: 0, bytes: 0 }
      usage.nodes++
      usage.bytes += stat.dataLength
      usages.set(at, usage)
    }
  }
  const rows = [...usages].map(([path, usage]) => ({ path, ...usage })).sort((left, right) => (left.path < right.path ? -1 : 1))
  const width = (column: 'nodes' | 'bytes'): number => Math.max(column.length, ...rows.map((row) => String(row[column]).length))
  const line = (nodes: string, bytes: string, path: string): string =>
    `${nodes.padStart(width('nodes'))}  ${bytes.padStart(width('bytes'))}  ${path}`
  return {
    out: [line('nodes', 'bytes', 'path'), ...rows.map((row) => line(String(row.nodes), String(row.bytes), row.path))],
    json: { paths: rows },
  }
}

/** What may not be read is told and left out: a tree with one closed corner is still worth looking at. */
function walkReadable(root: string, context: CommandContext, levels = Number.POSITIVE_INFINITY): AsyncGenerator<WalkedNode> {
  const onDenied = (path: string): void => context.warn(`skipped ${path}: Insufficient permission`)
  return walkTree(context.client, root, context.operation, { levels, onDenied })
}

function rootOf(call: CommandCall): string {
  return call.words.length === 0 ? '/' : call.path
}

function depthOf(call: CommandCall, otherwise: number): number {
  const depth = call.int('d') ?? otherwise
  if (depth < 0) throw call.usage()
  return depth
}
