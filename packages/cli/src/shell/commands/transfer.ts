// export and import: a subtree as JSON lines, one node a line, parents first.

import { once } from 'node:events'
import { createReadStream, createWriteStream, type WriteStream } from 'node:fs'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { type Answer, type CommandCall, type CommandContext, type ShellCommand, validPath } from '../command.ts'
import { ShellError } from '../shell-error.ts'
import { readSubtree, recordFromJson, recordToJson, writeNode } from '../subtree/node-record.ts'
import { forEachWide } from '../tree-walk.ts'

export const exportCommand: ShellCommand = {
  name: 'export',
  synopsis: '[-a] path [file]',
  purpose: 'Writes a subtree as JSON lines, to a file or to the output. Paths in it count from the top of the subtree.',
  options: [{ name: 'a', help: 'with the access control lists' }],
  wordsMin: 1,
  wordsMax: 2,
  isExtra: true,
  run: exportSubtree,
}

export const importCommand: ShellCommand = {
  name: 'import',
  synopsis: '[-f] file path',
  purpose:
    'Makes the nodes that `export` wrote, with the top of the subtree at the path. The file - is the input, for one command alone.',
  options: [{ name: 'f', help: 'nodes that are there already get the data of the file' }],
  wordsMin: 2,
  wordsMax: 2,
  isExtra: true,
  run: importSubtree,
}

async function exportSubtree(call: CommandCall, context: CommandContext): Promise<Answer> {
  const { path } = call
  const [, file] = call.words
  const sink = file === undefined ? null : await openForWriting(resolve(context.surroundings.workingDirectory, file))
  let nodes = 0
  for await (const record of readSubtree(context.client, path, { operation: context.operation, hasAcl: call.has('a') })) {
    const line = JSON.stringify(recordToJson(record))
    if (sink === null) context.print(line)
    else if (!sink.write(`${line}\n`)) await once(sink, 'drain')
    nodes++
  }
  if (sink === null) return { json: null }
  sink.end()
  await once(sink, 'close')
  return { out: [`Exported ${nodes} nodes`], json: { path, nodes } }
}

async function openForWriting(file: string): Promise<WriteStream> {
  const sink = createWriteStream(file)
  try {
    await once(sink, 'open')
    return sink
  } catch (error) {
    throw fileError(error)
  }
}

async function importSubtree(call: CommandCall, context: CommandContext): Promise<Answer> {
  const [file = '', path = ''] = call.words
  const root = validPath(path)
  const options = { operation: context.operation, mayOverwrite: call.has('f') }
  let nodes = 0
  let skipped = 0
  await forEachWide(readLines(file, context), async ({ line, number }) => {
    const record = readRecord(line, `${file}, line ${number}`)
    if (record.kind === 'ephemeral') {
      skipped++
      return
    }
    await writeNode(context.client, root, record, options)
    nodes++
  })
  const out = [`Imported ${nodes} nodes${skipped === 0 ? '' : `, left ${skipped} ephemeral ones`}`]
  return { out, json: { path: root, nodes, skipped } }
}

function readRecord(line: string, where: string): ReturnType<typeof recordFromJson> {
  try {
    return recordFromJson(line)
  } catch (error) {
    if (!(error instanceof ShellError)) throw error
    throw new ShellError(`${where}: ${error.message}`, { code: error.code, cause: error })
  }
}

interface NumberedLine {
  readonly line: string
  /** Counted from 1, empty lines too. */
  readonly number: number
}

async function* readLines(file: string, context: CommandContext): AsyncGenerator<NumberedLine> {
  if (file === '-' && !context.isAlone)
    throw new ShellError('- is the input of this shell itself: name a file, or run import as one command alone')
  const input = file === '-' ? process.stdin : createReadStream(resolve(context.surroundings.workingDirectory, file))
  // The interface does not pass on what goes wrong with its input.
  const failure = new Promise<never>((_resolve, reject) => input.once('error', (error: Error) => reject(fileError(error))))
  failure.catch(() => undefined)
  if (file !== '-') await Promise.race([once(input, 'open'), failure])
  let number = 0
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    number++
    if (line.trim() !== '') yield { line, number }
  }
}

function fileError(error: unknown): ShellError {
  return new ShellError(error instanceof Error ? error.message : String(error), { code: 'NO_FILE', cause: error })
}
