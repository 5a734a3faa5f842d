// getAcl, setAcl, addauth and whoami.

import { isZooKeeperError } from '@tskeeper/client'
import type { Answer, CommandCall, CommandContext, ShellCommand } from '../command.ts'
import { ShellError } from '../shell-error.ts'
import { aclLines, readAcl } from '../text/acl-text.ts'
import { aclJson, statJson } from '../text/json-values.ts'
import { statLines } from '../text/stat-text.ts'
import { forEachWide, walkTree } from '../tree-walk.ts'

export const getAclCommand: ShellCommand = {
  name: 'getAcl',
  synopsis: '[-s] path',
  purpose: 'Prints who may do what with a node.',
  options: [{ name: 's', help: 'stats' }],
  wordsMin: 1,
  run: getAcl,
}

export const setAclCommand: ShellCommand = {
  name: 'setAcl',
  synopsis: '[-s] [-v version] [-R] path acl',
  purpose: 'Sets who may do what with a node, or with -R with everything at and below it.',
  options: [
    { name: 's', help: 'stats' },
    { name: 'v', value: 'version', help: 'version' },
    { name: 'R', help: 'recursive' },
  ],
  wordsMin: 2,
  run: setAcl,
}

export const addAuthCommand: ShellCommand = {
  name: 'addauth',
  synopsis: 'scheme auth',
  purpose: 'Adds an identity to the session, such as `addauth digest user:password`.',
  options: [],
  wordsMin: 2,
  run: addAuth,
}

export const whoAmICommand: ShellCommand = {
  name: 'whoami',
  synopsis: '',
  purpose: 'Prints the identities of the session.',
  options: [],
  wordsMin: 0,
  run: whoAmI,
}

async function getAcl(call: CommandCall, context: CommandContext): Promise<Answer> {
  const { acl, stat } = await context.client.getAcl(call.path, context.operation)
  return {
    out: [...aclLines(acl), ...(call.has('s') ? statLines(stat) : [])],
    json: { path: call.path, acl: aclJson(acl), stat: statJson(stat) },
  }
}

async function setAcl(call: CommandCall, context: CommandContext): Promise<Answer> {
  const { path } = call
  const { acl, complaints } = readAcl(call.words[1] ?? '')
  for (const complaint of complaints) context.warn(complaint)
  if (acl.length === 0) throw new ShellError('Acl is not valid : null', { code: 'INVALID_ACL' })
  const options = { ...context.operation, version: call.int('v') ?? -1 }
  if (!call.has('R')) {
    const stat = await context.client.setAcl(path, acl, options)
    return { out: call.has('s') ? statLines(stat) : [], json: { path, stat: statJson(stat) } }
  }
  // The tree is read whole before it is changed: the new list may forbid to read it.
  const paths: string[] = []
  for await (const node of walkTree(context.client, path, context.operation)) paths.push(node.path)
  await forEachWide(paths, async (below) => {
    try {
      await context.client.setAcl(below, acl, options)
    } catch (error) {
      if (below === path || !isZooKeeperError(error, 'NO_NODE')) throw error
    }
  })
  return { json: { path, changed: paths.length } }
}

async function addAuth(call: CommandCall, context: CommandContext): Promise<Answer> {
  const [scheme = '', auth = ''] = call.words
  try {
    await context.client.addAuth(scheme, auth)
    return { json: { scheme } }
  } catch (error) {
    // The event of the session tells it to people.
    if (!isZooKeeperError(error, 'AUTH_FAILED')) throw error
    return { json: { error: { code: error.code, message: error.message, path: null } }, exitCode: 1 }
  }
}

async function whoAmI(_call: CommandCall, context: CommandContext): Promise<Answer> {
  const identities = await context.client.whoAmI(context.operation)
  return {
    out: ['Auth scheme: User', ...identities.map(({ scheme, id }) => `${scheme}: ${id}`)],
    json: { identities: identities.map(({ scheme, id }) => ({ scheme, id })) },
  }
}
