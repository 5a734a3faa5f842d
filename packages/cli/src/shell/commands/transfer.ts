// export and import: a subtree as JSON lines, one node a line, parents first.

import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { pipeline } from 'node:stream/promises'
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
  const records = readSubtree(context.client, path, { operation: context.operation, hasAcl: call.has('a') })
  if (file === undefined) {
    for await (const record of records) context.print(JSON.stringify(recordToJson(record)))
    return { json: null }
  }
  let nodes = 0
  const lines = async function* (): AsyncGenerator<string> {
    for await (const record of records) {
      nodes++
      yield `${JSON.stringify(recordToJson(record))}\n`
    }
  }
  try {
    await pipeline(lines, createWriteStream(resolve(context.surroundings.workingDirectory, file)))
  } catch (error) {
    throw isSystemError(error) ? fileError(error) : error
  }
  return { out: [`Exported ${nodes} nodes`], json: { path, nodes } }
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

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error
}

function fileError(error: unknown): ShellError {
  return new ShellError(error instanceof Error ? error.message : String(error), { code: 'NO_FILE', cause: error })
}
