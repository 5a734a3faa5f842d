import type { Answer, CommandCall, CommandContext, ShellCommand } from '../command.ts'
import { ShellError } from '../shell-error.ts'
import { type NodeRecord, placedPath, readSubtree, writeNode } from '../subtree/node-record.ts'
import { openPlace, type Place } from '../subtree/place.ts'
import { forEachWide } from '../tree-walk.ts'

export const copyCommand: ShellCommand = {
  name: 'cp',
  synopsis: '[-r] [-f] [-a] source target',
  purpose: 'Copies a node to a path that does not exist yet, here or on another server: zk://host:port/path.',
  options: [
    { name: 'r', help: 'with everything below it; ephemeral nodes stay behind' },
    { name: 'f', help: 'nodes that are there already get the data of the source' },
    { name: 'a', help: 'with the access control lists' },
  ],
  wordsMin: 2,
  wordsMax: 2,
  isExtra: true,
  run: copy,
}

async function copy(call: CommandCall, context: CommandContext): Promise<Answer> {
  const [from = '', to = ''] = call.words
  const source = await openPlace(from, context)
  const target = await openPlace(to, context)
  if (source.isHere && target.isHere && isInside(target.path, source.path))
    throw new ShellError(`${to} lies in ${from}: a subtree cannot be copied into itself`, { code: 'BAD_ARGUMENTS', path: to })
  const outcome = await carry(source, target, call, context)
  const out = [`Copied ${outcome.copied} nodes${outcome.skipped === 0 ? '' : `, left ${outcome.skipped} ephemeral ones`}`]
  return { out, json: { source: from, target: to, ...outcome } }
}

async function carry(
  source: Place,
  target: Place,
  call: CommandCall,
  context: CommandContext,
): Promise<{ readonly copied: number; readonly skipped: number }> {
  const { operation } = context
  const options = { operation, mayOverwrite: call.has('f') }
  let copied = 0
  let skipped = 0
  const records = readSubtree(source.client, source.path, { operation, hasAcl: call.has('a') })
  await forEachWide(call.has('r') ? records : first(records), async (record) => {
    if (record.kind === 'ephemeral') {
      skipped++
      if (!context.isJson) context.warn(`skipped ${placedPath(source.path, record.path)}: it is ephemeral`)
      return
    }
    await writeNode(target.client, target.path, record, options)
    copied++
  })
  return { copied, skipped }
}

/** The top of the subtree alone. */
async function* first(records: AsyncGenerator<NodeRecord>): AsyncGenerator<NodeRecord> {
  for await (const record of records) {
    yield record
    return
  }
}

function isInside(path: string, root: string): boolean {
  return path === root || root === '/' || path.startsWith(`${root}/`)
}
