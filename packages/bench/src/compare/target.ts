import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { UsageError } from '../command-line.ts'

/** A kind of server: its name in the tables, and the command that runs it in the foreground. */
export interface Target {
  readonly name: string
  /** Program and arguments; `{cfg}` stands for the path of the configuration. */
  readonly command: readonly string[]
}

const REPOSITORY = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', '..')
const LAUNCHER = join(REPOSITORY, 'bin', 'zkServer.sh')
/** Where Debian's package `libzookeeper-java` puts it; its manifest names the jars that it needs. */
const APACHE_JAR = '/usr/share/java/zookeeper.jar'
const APACHE_MAIN = 'org.apache.zookeeper.server.quorum.QuorumPeerMain'

/** Understands `ours`, `apache` and `cmd:PROGRAM ARGUMENTS {cfg}`. */
export function parseTarget(text: string): Target {
  if (text === 'ours') return { name: 'tskeeper', command: [LAUNCHER, 'start-foreground', '{cfg}'] }
  if (text === 'apache') {
    return { name: 'Apache', command: ['java', '-Xms1g', '-Xmx1g', '-cp', APACHE_JAR, APACHE_MAIN, '{cfg}'] }
  }
  const words = text.startsWith('cmd:')
    ? text
        .slice(4)
        .split(' ')
        .filter((word) => word !== '')
    : []
  if (words.length === 0) throw new UsageError(`target ${text}: ours, apache or cmd:COMMAND {cfg} is expected`)
  return { name: words[0] as string, command: words.includes('{cfg}') ? words : [...words, '{cfg}'] }
}

/** Says what is missing before anything is measured. */
export function checkTarget(target: Target): void {
  if (target.command.includes(APACHE_JAR) && !existsSync(APACHE_JAR)) {
    throw new UsageError(`${APACHE_JAR} is not there: install Debian's packages libzookeeper-java and default-jre-headless`)
  }
  if (target.command[0] === LAUNCHER && !existsSync(LAUNCHER)) throw new UsageError(`${LAUNCHER} is not there`)
}

/** The command with the configuration's path in its place. */
export function commandFor(target: Target, configPath: string): { program: string; args: string[] } {
  const [program = '', ...args] = target.command.map((word) => (word === '{cfg}' ? configPath : word))
  return { program, args }
}
