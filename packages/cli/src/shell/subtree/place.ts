// `/path` on the shell's own server, or `zk://host:port,host:port/path` on another.

import type { ZooKeeper } from '@tskeeper/client'
import { type CommandContext, validPath } from '../command.ts'
import { ShellError } from '../shell-error.ts'

const SCHEME = 'zk://'

/** A node and the client to reach it with. */
export interface Place {
  readonly client: ZooKeeper
  readonly path: string
  /** Whether it is on the server that the shell talks to. */
  readonly isHere: boolean
  /** As it was typed. */
  readonly text: string
}

/** Finds the place and connects to its server if need be. */
export async function openPlace(text: string, context: CommandContext): Promise<Place> {
  if (!text.startsWith(SCHEME)) return { client: context.client, path: validPath(text), isHere: true, text }
  const rest = text.slice(SCHEME.length)
  const slash = rest.indexOf('/')
  const servers = slash < 0 ? rest : rest.slice(0, slash)
  if (servers === '') throw new ShellError(`${text} names no server: write zk://host:port/path`)
  const path = validPath(slash < 0 ? '/' : rest.slice(slash))
  return { client: await context.connectTo(servers), path, isHere: false, text }
}
