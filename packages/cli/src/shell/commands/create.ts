import type { CreateOptions } from '@tskeeper/client'
import { isZooKeeperError } from '@tskeeper/client'
import { type Answer, type CommandCall, type CommandContext, type ShellCommand, validPath } from '../command.ts'
import { ShellError } from '../shell-error.ts'
import { readAcl } from '../text/acl-text.ts'
import { describeFailure, keeperErrorText } from '../text/error-text.ts'

/** 40 bits: what fits beside the mark in an ephemeralOwner. */
const TTL_MS_MAX = 1_099_511_627_775

export const createCommand: ShellCommand = {
  name: 'create',
  synopsis: '[-s] [-e] [-c] [-t ttl] path [data] [acl]',
  purpose: 'Creates a node. The ACL is scheme:id:perms, several with commas between.',
  options: [
    { name: 'e', help: 'ephemeral: goes with the session' },
    { name: 's', help: 'sequential: the name gets a number of ten digits' },
    { name: 'c', help: 'container: goes when its last child has gone' },
    { name: 't', value: 'ttl', help: 'time to live in ms: goes when it was not changed so long and has no children' },
  ],
  wordsMin: 1,
  run: create,
}

async function create(call: CommandCall, context: CommandContext): Promise<Answer> {
  const kind = createKind(call)
  const path = call.rawPath
  // The number makes a valid name of `/queue/`.
  validPath(call.has('s') ? `${path}1` : path)
  const [, data = null, aclText] = call.words
  const acl = aclText === undefined ? null : readAcl(aclText)
  for (const complaint of acl?.complaints ?? []) context.warn(complaint)
  if (acl !== null && acl.acl.length === 0) throw invalidAcl(keeperErrorText('INVALID_ACL', null), null)
  const options: CreateOptions = { ...kind, ...context.operation, ...(acl === null ? {} : { acl: acl.acl }) }
  try {
    const created = await context.client.create(path, data, options)
    return { err: [`Created ${created}`], json: { path: created } }
  } catch (error) {
    throw explainCreate(error, path)
  }
}

function createKind(call: CommandCall): CreateOptions {
  const isSequential = call.has('s')
  if (call.has('c') && (isSequential || call.has('e')))
    throw new ShellError('-c cannot be combined with -s or -e. Containers cannot be ephemeral or sequential.')
  const ttlText = call.value('t')
  if (ttlText === null) {
    if (call.has('c')) return { mode: 'container' }
    if (call.has('e')) return { mode: isSequential ? 'ephemeral-sequential' : 'ephemeral' }
    return { mode: isSequential ? 'persistent-sequential' : 'persistent' }
  }
  const ttlMs = Number(ttlText)
  if (!/^[+-]?\d+$/.test(ttlText)) throw new ShellError('-t argument must be a long value')
  if (call.has('e')) throw new ShellError('TTLs cannot be used with Ephemeral znodes')
  if (call.has('c')) throw new ShellError('TTLs cannot be used with Container znodes')
  if (ttlMs <= 0 || ttlMs > TTL_MS_MAX) throw new ShellError(`ttl must be positive and cannot be larger than: ${TTL_MS_MAX}`)
  return { mode: isSequential ? 'ttl-sequential' : 'ttl', ttlMs }
}

function explainCreate(error: unknown, path: string): ShellError {
  if (isZooKeeperError(error, 'INVALID_ACL')) return invalidAcl(keeperErrorText('INVALID_ACL', path), path)
  const failure = describeFailure(error, path)
  if (failure.code !== 'EPHEMERAL_ON_LOCAL_SESSION') return failure
  return new ShellError(`Unable to create ephemeral node on a local session\n${failure.message}`, { code: failure.code, path })
}

function invalidAcl(reason: string, path: string | null): ShellError {
  return new ShellError(`${reason}\nAcl is not valid : ${path}`, { code: 'INVALID_ACL', path })
}
