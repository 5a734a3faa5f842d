/**
 * Our command line, bin/zkCli.sh, plays the transcripts that Apache's plays, and then both are asked the same lines on the same server: what
 * they print, and on which stream, must be the same.
 */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RawClient } from '../../support/raw-client.ts'
import type { ServerProcess } from '../../support/server-process.ts'
import { emptyTree } from '../../support/tree.ts'
import { SUPER_AUTH, startCompatServer } from '../compat-server.ts'
import { checkEqual, runCase, type Suite, type SuiteContext } from '../suite.ts'
import { APACHE_CLI, type CliProgram, CliSession, type CommandOutput, JAVA, ZOOKEEPER_JAR } from './cli-session.ts'
import { runTranscripts } from './zk-cli.ts'

const OUR_CLI: CliProgram = {
  command: join(fileURLToPath(new URL('../../..', import.meta.url)), 'bin', 'zkCli.sh'),
  arguments: [],
}

export const ourShellSuite: Suite = {
  name: 'our-shell',
  purpose: "our command line plays the same transcripts, and prints line by line what Apache's prints",
  software: [
    { file: ZOOKEEPER_JAR, debianPackage: 'zookeeper' },
    { file: JAVA, debianPackage: 'default-jre-headless' },
  ],
  run: async (context) => {
    await runTranscripts(context, OUR_CLI)
    await runTwins(context)
  },
}

/** Lines that are entered in both; what they print must be the same but for times and zxids. */
interface TwinCase {
  readonly name: string
  readonly lines: readonly string[]
}

const twinCases: readonly TwinCase[] = [
  {
    name: 'A177 A181 A185 A193: options before, behind and run together',
    lines: [
      'create /a x',
      'create -se /a/b',
      'create -s -e /a/',
      'get -sw /a',
      'set -v0 /a y',
      'set -v=1 /a z',
      'set /a zz -s',
      'ls -s -R /a',
      'ls -w -R /a',
      'ls /a -s',
      'create -- /b -5',
      'get /b',
      'get -- /b',
      'create /a/s -s',
      'stat /b x',
    ],
  },
  {
    name: 'too few words, unknown options and values that are none',
    lines: [
      'create',
      'ls',
      'ls -R',
      'delete',
      'stat',
      'getAcl',
      'setAcl /a',
      'sync',
      'deleteall',
      'listquota',
      'delquota',
      'setquota',
      'setquota -n 5',
      'getAllChildrenNumber',
      'getEphemerals',
      'removewatches',
      'addWatch',
      'addWatch -m foo /a',
      'reconfig',
      'version x',
      'get -z',
      'set /a -5',
      'set -v',
      'create -t x /b',
      'create -t 0 /b',
      'create -t -5 /b',
      'create -t 5 -s -c /b',
      'create -c -e /b',
      'create -c -e -t 5 /b',
      'create -c -t 5 /b',
      'deleteall -b x /a',
      'ls -?',
    ],
  },
  {
    name: 'paths that are none',
    lines: [
      'get bad/',
      'get /bad/',
      'get /bad//x',
      'get /bad/../x',
      'create "hello world" x',
      'sync a',
      'getEphemerals a',
      'stat a/',
      'ls ""',
      'create /q2/',
      'create /q"x y" z',
      "create /'q q' \"a b",
    ],
  },
  {
    name: 'A183 A190: history and redo',
    lines: [
      'create /a x',
      'redo',
      'redo 100',
      'redo -1',
      'redo 99999',
      'get /a',
      'get /nope',
      'printwatches foo',
      'printwatches on',
    ],
  },
  {
    name: 'A182 A194: lists that are badly typed',
    lines: [
      'create /a x',
      'create /b x y',
      'setAcl /a foo',
      'setAcl /a world:anyone:cx',
      'getAcl /a',
      'get /a',
      'setAcl -s /a world:anyone:cdrwa',
      'setAcl -R /nope world:anyone:r',
    ],
  },
  {
    name: 'A180 A184 A195: quotas above and below each other, lifted one by one',
    lines: [
      'create /q',
      'create /q/a',
      'create /q/a/b 0123456789',
      'setquota -n 2 /q/a',
      'get /zookeeper/quota/q/a/zookeeper_limits',
      'get /zookeeper/quota/q/a/zookeeper_stats',
      'setquota -n 2 /q',
      'setquota -n 2 /q/a/b',
      'setquota -n 1 /q/a',
      'setquota -b 5 /q/a',
      'setquota -B 5 /q/a',
      'setquota -N 1 /q/a',
      'setquota -b -1 /q/a',
      'setquota -b 0 /q/a',
      'setquota -n 0 /q/a',
      'setquota -n x /q/a',
      'setquota -n 5 -b 4 /q/a',
      'listquota /q/a',
      'delquota -b /q/a',
      'delquota -n -b /q/a',
      'delquota -N /q/a',
      'delquota -B /q/a',
      'get /zookeeper/quota/q/a/zookeeper_limits',
      'delquota /q/a',
      'delquota /q/a',
      'listquota /q/a',
      'ls -R /zookeeper',
      'setquota -n 5 /zookeeper/quota',
      'setquota -n 5 /',
      'setquota -n 5 /zz',
    ],
  },
  {
    name: 'A175: the configuration of a server alone',
    lines: [
      'config -s',
      'config -c',
      'config -c -s',
      'reconfig -v zz -add x',
      'reconfig -add a -file b',
      'reconfig -file b -members c',
      'reconfig -file /nope/nope',
      'reconfig -remove 1',
    ],
  },
  {
    name: 'A172 A174 A176 A191 A196: watches that are not there, and a session that was closed',
    lines: [
      'create /a x',
      'removewatches /a',
      'removewatches /a -l',
      'stat -w /nope',
      'getAllChildrenNumber /nope',
      'getEphemerals /nope',
      'deleteall /nope',
      'close',
    ],
  },
]

async function runTwins(context: SuiteContext): Promise<void> {
  const server = await startCompatServer(context)
  try {
    for (const twin of twinCases) await runCase(context, twin.name, () => playTwins(server, twin))
  } finally {
    await server.stop()
  }
}

async function playTwins(server: ServerProcess, twin: TwinCase): Promise<unknown> {
  const theirs = await play(APACHE_CLI, server, twin.lines)
  const ours = await play(OUR_CLI, server, twin.lines)
  for (const [index, line] of twin.lines.entries()) checkEqual(ours[index], theirs[index], `what "${line}" prints`)
  return ours
}

/** Enters the lines on an empty tree; what they print has its times and zxids taken out. */
async function play(program: CliProgram, server: ServerProcess, lines: readonly string[]): Promise<CommandOutput[]> {
  const admin = await RawClient.connect(server.host, server.port)
  await admin.auth('digest', SUPER_AUTH)
  await emptyTree(admin)
  await admin.close()
  const session = new CliSession(program, 'a twin', `${server.host}:${server.port}`)
  await session.ready()
  const outputs: CommandOutput[] = []
  for (const line of lines) {
    const { out, err } = await session.run(line)
    outputs.push({ out: out.map(withoutChance), err: err.map(withoutChance) })
  }
  await session.kill()
  return outputs
}

function withoutChance(line: string): string {
  return line
    .replace(/^([cm]time) = .*/, '$1 = <date>')
    .replace(/^([cmp]Zxid) = 0x[1-9a-f][0-9a-f]*$/, '$1 = <zxid>')
    .replace(/^(ephemeralOwner) = 0x[1-9a-f][0-9a-f]*$/, '$1 = <session>')
}
