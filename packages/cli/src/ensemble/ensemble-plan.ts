// What an ensemble on this machine consists of: ports, directories and configurations of its members. Nothing is done here.

import { join } from 'node:path'
import { CommandError } from '../command-error.ts'

/** Everything stays on this machine. */
export const HOST = '127.0.0.1'

/** From a member's client port to the other two; with the usual first port they are 2888 and 3888. */
const QUORUM_PORT_OFFSET = 707
const ELECTION_PORT_OFFSET = 1707
const PORT_MAX = 65_535
/** More would be of no use on one machine, and their ports would run into each other. */
export const SERVERS_MAX = 64

export interface EnsembleOptions {
  readonly servers: number
  readonly observers: number
  /** Holds everything: each member has a directory in it. */
  readonly directory: string
  /** Client port of the first member; those of the others follow. */
  readonly basePort: number
}

export interface PlannedMember {
  readonly id: number
  readonly isObserver: boolean
  readonly clientPort: number
  readonly quorumPort: number
  readonly electionPort: number
  readonly directory: string
  readonly configPath: string
  /** What the process prints. */
  readonly logPath: string
}

export interface EnsemblePlan {
  readonly members: readonly PlannedMember[]
  readonly connectString: string
}

/** Throws a `CommandError` for numbers that make no ensemble. */
export function planEnsemble({ servers, observers, directory, basePort }: EnsembleOptions): EnsemblePlan {
  const count = servers + observers
  if (servers < 2)
    throw new CommandError(`--servers must be at least 2, not ${servers}; for a single one: tskeeper serve --quickstart`)
  if (count > SERVERS_MAX) throw new CommandError(`An ensemble here has at most ${SERVERS_MAX} members, not ${count}`)
  const basePortMax = PORT_MAX - ELECTION_PORT_OFFSET - count + 1
  if (basePort < 1 || basePort > basePortMax)
    throw new CommandError(`--base-port must be from 1 to ${basePortMax}, not ${basePort}`)
  const members = Array.from({ length: count }, (_, index) => planMember(index, index >= servers, directory, basePort))
  return { members, connectString: members.map(({ clientPort }) => `${HOST}:${clientPort}`).join(',') }
}

function planMember(index: number, isObserver: boolean, parent: string, basePort: number): PlannedMember {
  const id = index + 1
  const directory = join(parent, `server-${id}`)
  return {
    id,
    isObserver,
    clientPort: basePort + index,
    quorumPort: basePort + QUORUM_PORT_OFFSET + index,
    electionPort: basePort + ELECTION_PORT_OFFSET + index,
    directory,
    configPath: join(directory, 'zoo.cfg'),
    logPath: join(directory, 'server.log'),
  }
}

/** The text of a member's zoo.cfg. The member can be started with it alone, too. */
export function memberConfig(member: PlannedMember, { members }: EnsemblePlan): string {
  const lines = [
    'tickTime=2000',
    'initLimit=10',
    'syncLimit=5',
    `dataDir=${escaped(member.directory)}`,
    `clientPort=${member.clientPort}`,
    `clientPortAddress=${HOST}`,
    '4lw.commands.whitelist=*',
    ...(member.isObserver ? ['peerType=observer'] : []),
    ...members.map(memberLine),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

function memberLine({ id, quorumPort, electionPort, isObserver }: PlannedMember): string {
  return `server.${id}=${HOST}:${quorumPort}:${electionPort}:${isObserver ? 'observer' : 'participant'}`
}

/** A path as the value of a property. */
function escaped(path: string): string {
  return path.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t')
}
