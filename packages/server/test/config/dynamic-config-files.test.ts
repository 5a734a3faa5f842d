import { type Membership, makeQuorumVerifier, parseMembershipText, type QuorumVerifier } from '@tskeeper/core'
import { expect, test } from 'vitest'
import { DynamicConfigFiles } from '../../src/config/dynamic-config-files.ts'
import { loadConfig } from '../../src/config/load-config.ts'
import type { ServerConfig } from '../../src/config/server-config.ts'
import { MemoryDisk } from '../../src/runtime/memory-disk.ts'
import { RecordingLogger } from '../recording-logger.ts'

const PATH = '/srv/conf/zoo.cfg'
const MAIN =
  '# ours\ntickTime=2000\ninitLimit=10\nsyncLimit=5\ndataDir=/data\nclientPort=2181\nclientPortAddress=0.0.0.0\nreconfigEnabled=true\npeerType=participant\n'
const MEMBERS = 'server.2=b:2888:3888:participant\nserver.1=a:2888:3888:participant\nserver.10=c:2888:3888:observer'
const CHANGED = 'server.1=a:2888:3888:participant;0.0.0.0:2181\nserver.2=b:2888:3888:participant;0.0.0.0:2181\nversion=100000003'

interface Machine {
  readonly disk: MemoryDisk
  readonly files: DynamicConfigFiles
}

function machine(mainText: string, serverId = 1): Machine {
  const disk = new MemoryDisk()
  for (const [path, text] of [
    [PATH, mainText],
    ['/data/myid', `${serverId}\n`],
  ] as const) {
    disk.makeDirectory(path.slice(0, path.lastIndexOf('/')))
    disk.writeFile(path, Buffer.from(text, 'latin1'))
    makeDurable(disk, path)
  }
  return { disk, files: filesOn(disk, serverId) }
}

function makeDurable(disk: MemoryDisk, path: string): void {
  const file = disk.open(path, 'update')
  file.datasyncNow()
  file.close()
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) disk.syncDirectory(path.slice(0, end))
  disk.syncDirectory('/')
}

function filesOn(disk: MemoryDisk, serverId = 1): DynamicConfigFiles {
  return new DynamicConfigFiles({ disk, logger: new RecordingLogger(), configPath: PATH, serverId })
}

function textOf(disk: MemoryDisk, path: string): string | null {
  return disk.exists(path) ? Buffer.from(disk.readFile(path)).toString('latin1') : null
}

function loadOn(disk: MemoryDisk): ServerConfig {
  return loadConfig(PATH, { disk, logger: new RecordingLogger(), workingDirectory: '/srv', properties: new Map() })
}

function verifier(text: string): QuorumVerifier {
  return makeQuorumVerifier(parseMembershipText(text, false))
}

function membersOf(disk: MemoryDisk): Membership {
  const { membership } = loadOn(disk)
  if (membership === null) throw new Error('the file has no members')
  return membership
}

test('when an ensemble forms for the first time the members move out of the main file, which is kept', () => {
  const { disk, files } = machine(`${MAIN}${MEMBERS}\n`)
  files.backUpMainFile()
  files.activated(makeQuorumVerifier(membersOf(disk)))
  expect(textOf(disk, `${PATH}.bak`)).toBe(`${MAIN}${MEMBERS}\n`)
  expect(textOf(disk, `${PATH}.dynamic.0`)).toBe(
    'server.10=c:2888:3888:observer\nserver.1=a:2888:3888:participant\nserver.2=b:2888:3888:participant',
  )
  expect(textOf(disk, PATH)).toBe(
    'tickTime=2000\ninitLimit=10\nsyncLimit=5\ndataDir=/data\nclientPort=2181\nclientPortAddress=0.0.0.0\nreconfigEnabled=true\n' +
      `dynamicConfigFile=${PATH}.dynamic.0\n`,
  )
})

test('what was moved out reads back as it was', () => {
  const { disk, files } = machine(`${MAIN}${MEMBERS}\n`)
  const before = membersOf(disk)
  files.activated(makeQuorumVerifier(before))
  const after = loadOn(disk)
  expect(after.membership).toEqual(before)
  expect(after.dynamicConfigFile).toBe(`${PATH}.dynamic.0`)
  expect(after.clientPort).toBe(2181)
})

test('a change that is in force is read at the next start with its version, and its line tells the port for clients', () => {
  const { disk, files } = machine(`${MAIN}${MEMBERS}\n`)
  files.activated(verifier(CHANGED))
  expect(textOf(disk, PATH)).not.toContain('clientPort')
  expect(textOf(disk, PATH)?.split('\n').at(-2)).toBe(`dynamicConfigFile=${PATH}.dynamic.100000003`)
  const config = loadOn(disk)
  expect(config.membership?.version).toBe(0x100000003)
  expect(config.clientPort).toBe(2181)
  expect(config.lastSeenMembership).toBeNull()
})

test('a server that is not among the members any more keeps its port for clients', () => {
  const { disk, files } = machine(`${MAIN}${MEMBERS}\n`, 10)
  files.activated(verifier(CHANGED))
  expect(textOf(disk, PATH)).toContain('clientPort=2181\nclientPortAddress=0.0.0.0\n')
})

test('what somebody wrote into the main file since the start stays', () => {
  const { disk, files } = machine(`${MAIN}dynamicConfigFile=${PATH}.dynamic.0\n`)
  disk.writeFile(PATH, Buffer.from(`snapCount=7\nserverCnxnFactory=x\ndynamicConfigFile=${PATH}.dynamic.0\n`))
  files.activated(verifier(CHANGED))
  expect(textOf(disk, PATH)).toBe(`snapCount=7\nserverCnxnFactory=x\ndynamicConfigFile=${PATH}.dynamic.100000003\n`)
})

test('a proposal is the last seen configuration at the next start, until it is in force', () => {
  const { disk, files } = machine(`${MAIN}${MEMBERS}\n`)
  files.activated(makeQuorumVerifier(membersOf(disk)))
  files.proposed(verifier(CHANGED))
  expect(textOf(disk, `${PATH}.dynamic.next`)).toBe(CHANGED)
  expect(loadOn(disk).lastSeenMembership?.version).toBe(0x100000003)
  expect(loadOn(disk).membership?.version).toBe(0)
  files.activated(verifier(CHANGED))
  expect(loadOn(disk).lastSeenMembership).toBeNull()
  files.nextDone()
  files.nextDone()
  expect(textOf(disk, `${PATH}.dynamic.next`)).toBeNull()
})

test('groups and weights are kept, too', () => {
  const { disk, files } = machine(`${MAIN}${MEMBERS}\n`)
  files.activated(verifier('server.1=a:1:2\nserver.2=b:1:2\ngroup.1=1\ngroup.2=2\nweight.2=3\nversion=5'))
  expect(textOf(disk, `${PATH}.dynamic.5`)).toBe(
    'group.1=1\ngroup.2=2\nserver.1=a:1:2:participant\nserver.2=b:1:2:participant\nweight.1=1\nweight.2=3',
  )
})

test('whenever the power fails, the server starts with the members of before or of after, and loses no proposal that was kept', () => {
  const outcomes = new Set<string>()
  const failures = (['write', 'sync', 'rename'] as const).flatMap((operation) => [0, 1, 2].map((after) => ({ operation, after })))
  for (const { operation, after } of failures) {
    const { disk, files } = machine(`${MAIN}dynamicConfigFile=${PATH}.dynamic.0\n`)
    disk.writeFile(`${PATH}.dynamic.0`, Buffer.from(MEMBERS))
    makeDurable(disk, `${PATH}.dynamic.0`)
    files.proposed(verifier(CHANGED))
    disk.failNext({ operation, code: 'EIO', after })
    try {
      files.activated(verifier(CHANGED))
      files.nextDone()
    } catch {
      // The disk refuses; the machine goes down with what was durable.
    }
    disk.crash()
    const config = loadOn(disk)
    const outcome = `${config.membership?.version.toString(16)} ${config.lastSeenMembership?.version.toString(16) ?? 'none'}`
    expect(['0 100000003', '100000003 none']).toContain(outcome)
    outcomes.add(outcome)
  }
  expect([...outcomes].sort()).toEqual(['0 100000003', '100000003 none'])
})
