// config and reconfig: who belongs to the ensemble.

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { decodeText, type ReconfigOptions } from '@tskeeper/client'
import type { Answer, CommandCall, CommandContext, ShellCommand } from '../command.ts'
import { ShellError } from '../shell-error.ts'
import { failureAbout } from '../text/error-text.ts'
import { statJson } from '../text/json-values.ts'
import { statLines } from '../text/stat-text.ts'

export const configCommand: ShellCommand = {
  name: 'config',
  synopsis: '[-c] [-w] [-s]',
  purpose: 'Prints the members of the ensemble; with -c the version and the addresses for clients.',
  options: [
    { name: 's', help: 'stats' },
    { name: 'w', help: 'watch' },
    { name: 'c', help: 'client connection string' },
  ],
  wordsMin: 0,
  run: config,
}

export const reconfigCommand: ShellCommand = {
  name: 'reconfig',
  synopsis:
    '[-s] [-v version] [[-file path] | [-members serverID=host:port1:port2;port3[,...]*]] | ' +
    '[-add serverId=host:port1:port2;port3[,...]]* [-remove serverId[,...]*]',
  purpose: 'Changes the members of the ensemble while it runs.',
  options: [
    { name: 's', help: 'stats' },
    { name: 'v', value: 'version', help: 'required current config version, hexadecimal' },
    { name: 'file', value: 'path', help: 'path of config file to parse for membership' },
    { name: 'members', value: 'servers', help: 'comma-separated list of config strings for non-incremental reconfig' },
    { name: 'add', value: 'servers', help: 'comma-separated list of config strings of servers to add' },
    { name: 'remove', value: 'ids', help: 'comma-separated list of server ids to remove' },
  ],
  wordsMin: 0,
  run: reconfig,
}

async function config(call: CommandCall, context: CommandContext): Promise<Answer> {
  const options = call.has('w') ? { ...context.operation, watch: context.watcher } : context.operation
  const value = await context.client.getConfig(options)
  const text = decodeText(value.data)
  const lines = call.has('c') ? [clientConfig(text)] : text.split('\n')
  return {
    out: [...lines, ...(call.has('s') ? statLines(value.stat) : [])],
    json: { config: text, stat: statJson(value.stat) },
  }
}

/** `100000000 ,127.0.0.1:2181`: the version, and where clients find each server; nothing where that is not said. */
export function clientConfig(text: string): string {
  let version = ''
  const addresses: string[] = []
  for (const line of text.split('\n')) {
    const [key = '', ...rest] = line.split('=')
    const value = rest.join('=')
    if (key.startsWith('server.')) addresses.push(value.split(';')[1] ?? '')
    else if (key === 'version') version = value
  }
  return `${version} ${addresses.join(',')}`
}

async function reconfig(call: CommandCall, context: CommandContext): Promise<Answer> {
  const change = readChange(call, context)
  const fromVersion = configVersion(call)
  try {
    const value = await context.client.reconfig({ ...change, ...context.operation, fromVersion })
    const text = decodeText(value.data)
    return {
      out: ['Committed new configuration:', ...text.split('\n'), ...(call.has('s') ? statLines(value.stat) : [])],
      json: { config: text, stat: statJson(value.stat) },
    }
  } catch (error) {
    // It has no path, and scripts know the texts without one.
    throw failureAbout(error, '')
  }
}

function configVersion(call: CommandCall): bigint {
  const text = call.value('v')
  if (text === null) return -1n
  if (!/^[0-9a-fA-F]{1,16}$/.test(text)) throw new ShellError('-v must be followed by a long (configuration version)')
  return BigInt.asIntN(64, BigInt(`0x${text}`))
}

type Change = Pick<ReconfigOptions, 'joining' | 'leaving' | 'members'> & ReconfigOptions

function readChange(call: CommandCall, context: CommandContext): Change {
  const [file, members, add, remove] = ['file', 'members', 'add', 'remove'].map((name) => call.value(name))
  const isWhole = file !== null || members !== null
  const isIncremental = add !== null || remove !== null
  if (!isWhole && !isIncremental) throw call.usage()
  configVersion(call)
  if (isWhole && isIncremental) {
    throw new ShellError(
      "Can't use -file or -members together with -add or -remove " +
        '(mixing incremental and non-incremental modes is not allowed)',
    )
  }
  if (file !== null && members !== null)
    throw new ShellError("Can't use -file and -members together (conflicting non-incremental modes)")
  if (typeof file === 'string') return { members: readMembers(file, context) }
  if (typeof members === 'string') return { members: members.split(',').map(withKey) }
  return {
    ...(typeof add === 'string' ? { joining: add.split(',').map(withKey) } : {}),
    ...(typeof remove === 'string' ? { leaving: remove.split(',') } : {}),
  }
}

/** Both `5=host:...` and `server.5=host:...` are accepted. */
function withKey(member: string): string {
  const trimmed = member.trim()
  return trimmed.startsWith('server.') ? trimmed : `server.${trimmed}`
}

function readMembers(file: string, context: CommandContext): string[] {
  let text: string
  try {
    text = readFileSync(resolve(context.surroundings.workingDirectory, file), 'utf8')
  } catch (error) {
    const reason =
      error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'No such file or directory' : String(error)
    throw new ShellError(`Error processing ${file}${file} (${reason})`, { code: 'NO_FILE', cause: error })
  }
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('server.'))
}
