import { formatAcl } from '@tskeeper/protocol'
import type { Answer, CommandCall, CommandContext, ShellCommand } from '../command.ts'
import { type NodeRecord, readSubtree } from '../subtree/node-record.ts'
import { openPlace, type Place } from '../subtree/place.ts'

export const diffCommand: ShellCommand = {
  name: 'diff',
  synopsis: '[-a] left right',
  purpose: 'Compares two subtrees, here or on other servers (zk://host:port/path). Exit code 1 if they differ.',
  options: [{ name: 'a', help: 'compare the access control lists, too' }],
  wordsMin: 2,
  wordsMax: 2,
  isExtra: true,
  run: diff,
}

/** `-` is only left, `+` only right, `~` on both sides and not the same. */
type Sign = '-' | '+' | '~'

interface Difference {
  readonly sign: Sign
  readonly path: string
  /** Which of `data`, `kind` and `acl` differ. */
  readonly fields: readonly string[]
}

async function diff(call: CommandCall, context: CommandContext): Promise<Answer> {
  const [leftText = '', rightText = ''] = call.words
  const left = await openPlace(leftText, context)
  const right = await openPlace(rightText, context)
  const [leftNodes, rightNodes] = await Promise.all([collect(left, call, context), collect(right, call, context)])
  const differences = compare(leftNodes, rightNodes)
  return {
    out: differences.map(({ sign, path, fields }) => `${sign} ${path}${fields.length === 0 ? '' : ` (${fields.join(', ')})`}`),
    json: { left: leftText, right: rightText, differences: differences.map((found) => ({ ...found })) },
    exitCode: differences.length === 0 ? 0 : 1,
  }
}

async function collect(place: Place, call: CommandCall, context: CommandContext): Promise<Map<string, NodeRecord>> {
  const nodes = new Map<string, NodeRecord>()
  const options = { operation: context.operation, hasAcl: call.has('a') }
  for await (const record of readSubtree(place.client, place.path, options)) nodes.set(record.path, record)
  return nodes
}

function compare(left: ReadonlyMap<string, NodeRecord>, right: ReadonlyMap<string, NodeRecord>): Difference[] {
  const differences: Difference[] = []
  for (const path of [...new Set([...left.keys(), ...right.keys()])].sort()) {
    const mine = left.get(path)
    const other = right.get(path)
    if (other === undefined) differences.push({ sign: '-', path, fields: [] })
    else if (mine === undefined) differences.push({ sign: '+', path, fields: [] })
    else {
      const fields = differingFields(mine, other)
      if (fields.length > 0) differences.push({ sign: '~', path, fields })
    }
  }
  return differences
}

function differingFields(left: NodeRecord, right: NodeRecord): string[] {
  const fields: string[] = []
  if (!isSameData(left.data, right.data)) fields.push('data')
  if (left.kind !== right.kind) fields.push('kind')
  if (aclText(left) !== aclText(right)) fields.push('acl')
  return fields
}

function isSameData(left: Uint8Array | null, right: Uint8Array | null): boolean {
  if (left === null || right === null) return left === right
  return left.length === right.length && left.every((byte, index) => byte === right[index])
}

function aclText(record: NodeRecord): string {
  return (record.acl ?? []).map(formatAcl).sort().join(',')
}
