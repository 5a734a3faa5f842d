// Disks that are full or fail while the server works. It must stop acknowledging, say which file and
// why, and end with an error; when there is room again it starts with every acknowledged write.

import { join } from 'node:path'
import { RawCreateMode } from '../support/raw-records.ts'
import {
  createServerDirectory,
  launchServer,
  removeServerDirectory,
  type ServerConfig,
  type ServerProcess,
  startServer,
} from '../support/server-process.ts'
import { History, RecordedSession } from './history.ts'
import { LoadWriter, prepareTree } from './load.ts'
import { compareTree, judgeLog } from './oracle.ts'
import { delay, expect, type FaultContext, type FaultSuite } from './suite.ts'
import { FailingMount, failDiskUnder, MemoryMount } from './temporary-mount.ts'
import { readLogFiles } from './transaction-log.ts'
import { walkTreeOf } from './tree-walk.ts'

const WRITERS = 3
const SESSION_TIMEOUT_MS = 10_000
const TICK_MS = 500
/** What a server ends with that cannot write a snapshot. */
const SNAPSHOT_EXIT_CODE = 10
/** How long after its last acknowledgement a server may take to end. */
const END_MS = 15_000

export const fullDiskSuite: FaultSuite = {
  name: 'full-disk',
  cases: [
    { name: 'A8: a full log disk ends the server, and nothing acknowledged is lost', run: fullLog },
    { name: 'A8: a full snapshot disk ends the server, and nothing acknowledged is lost', run: fullSnapshot },
    { name: 'A8: a disk that fails to sync ends the server, and nothing acknowledged is lost', run: failingSync },
  ],
}

async function fullLog(context: FaultContext): Promise<string> {
  const figures: string[] = []
  // With a large step, the file system runs out inside the preallocated part; with a small one, also while extending.
  for (const preAllocSize of context.size === 'quick' ? [65_536] : [65_536, 64, 1]) {
    const disk = new MemoryMount(12)
    const run = new DiskRun(
      context,
      { dataDir: join(disk.path, 'data'), snapCount: 1_000_000, preAllocSize },
      join(disk.path, 'data'),
    )
    await run.fillUntilEnd(20_000)
    run.expectComplaint(/ENOSPC|no space left/i, /log\.[0-9a-f]+/)
    await run.checkStartWhileFull()
    disk.resize(64)
    figures.push(`step ${preAllocSize} KiB: ${await run.checkStart()}`)
    disk.remove()
  }
  return figures.join('; ')
}

async function fullSnapshot(context: FaultContext): Promise<string> {
  const figures: string[] = []
  for (const method of context.size === 'quick' ? [''] : ['', 'gz', 'snappy']) {
    const disk = new MemoryMount(6)
    const directory = createServerDirectory('snapshot-full')
    const config = {
      dataDir: join(disk.path, 'data'),
      dataLogDir: join(directory, 'logs-apart'),
      snapCount: 60,
      preAllocSize: 1024,
      'snapshot.compression.method': method,
    }
    const run = new DiskRun(context, config, config.dataLogDir, directory)
    await run.fillUntilEnd(20_000)
    run.expectComplaint(/ENOSPC|no space left/i, /snapshot\.[0-9a-f]+/)
    expect(run.endedCode === SNAPSHOT_EXIT_CODE, `the server ended with code ${run.endedCode} instead of ${SNAPSHOT_EXIT_CODE}`)
    await run.checkStartWhileFull()
    disk.resize(128)
    figures.push(`${method === '' ? 'plain' : method}: ${await run.checkStart()}`)
    disk.remove()
  }
  return figures.join('; ')
}

async function failingSync(context: FaultContext): Promise<string> {
  const disk = new FailingMount(150)
  const dataDir = join(disk.path, 'data')
  const run = new DiskRun(context, { dataDir, snapCount: 1_000_000, preAllocSize: 65_536 }, dataDir)
  const isToFail = delay(1500 + context.random.below(1500))
  await run.fillUntilEnd(3000, async (server) => {
    // Apache's server does not sync the snapshot that it makes of an empty tree, and cannot start without it.
    if (context.target === 'apache') disk.sync()
    await isToFail
    await failDiskUnder(server, disk)
  })
  run.expectComplaint(/EIO|i\/o error|input\/output error|EROFS|read-only file system/i, /log\.[0-9a-f]+/)
  disk.repair()
  const figures = await run.checkStart()
  disk.remove()
  return figures
}

/** One server on a small disk, from its start to its end and to its start with more room. */
class DiskRun {
  readonly #context: FaultContext
  readonly #config: ServerConfig
  readonly #logFolder: string
  readonly #directory: string
  readonly #history = new History()
  #endedLog = ''
  #endedAfterMs = 0
  endedCode: number | null = null

  constructor(
    context: FaultContext,
    config: ServerConfig,
    logDirectory: string,
    directory: string = createServerDirectory('full-disk'),
  ) {
    this.#context = context
    this.#config = { tickTime: TICK_MS, ...config }
    this.#logFolder = join(logDirectory, 'version-2')
    this.#directory = directory
  }

  /** Writes until the server has ended. */
  async fillUntilEnd(dataBytes: number, fault?: (server: ServerProcess) => Promise<void>): Promise<void> {
    const { random } = this.#context
    const server = await this.#start()
    const filler = await RecordedSession.open(this.#history, server.port, SESSION_TIMEOUT_MS)
    await prepareTree(filler, WRITERS)
    const writers: LoadWriter[] = []
    for (let index = 0; index < WRITERS; index++) {
      const session = await RecordedSession.open(this.#history, server.port, SESSION_TIMEOUT_MS)
      writers.push(new LoadWriter(index, session, random, this.#context.target === 'ours'))
    }
    for (const writer of writers) writer.start(server.port, 4, random.fork(writer.index))
    const faultDone = fault?.(server)
    let lastAnswerMs = performance.now()
    while (filler.isConnected && server.exitStatus === null) {
      const data = random.bytes(dataBytes)
      const flags = RawCreateMode.persistentSequential
      const outcome = await Promise.race([filler.write({ kind: 'create', path: '/queue/fill-', data, flags }), delay(END_MS)])
      if (outcome != null) lastAnswerMs = performance.now()
      else expect(performance.now() - lastAnswerMs < 2 * END_MS, 'the server neither answers nor ends')
    }
    await faultDone
    const status = await server.exitWithin(END_MS)
    this.#endedAfterMs = performance.now() - lastAnswerMs
    this.#endedLog = server.log()
    expect(status !== null, `the server still runs ${END_MS} ms after its last answer:\n${server.logTail()}`)
    expect(status.signal === null, `the server was ended by ${status.signal}`)
    // Apache's standalone server shuts down in order after a failed write, and calls that a success.
    if (this.#context.target === 'ours') expect(status.code !== 0, `the server ended with code 0:\n${server.logTail()}`)
    this.endedCode = status.code
    await Promise.all(writers.map((writer) => writer.stop()))
    for (const { session } of [...writers, { session: filler }]) {
      session.abandon()
      expect(session.violation === null, String(session.violation))
    }
  }

  /** The server's log must say what happened and to which file. */
  expectComplaint(reason: RegExp, file: RegExp): void {
    const line = this.#endedLog.split('\n').find((each) => reason.test(each))
    expect(line !== undefined, `the log does not say ${reason}:\n${this.#endedLog.slice(-3000)}`)
    if (this.#context.target === 'apache') return
    expect(file.test(this.#endedLog.slice(this.#endedLog.indexOf(line))), `the log does not name the file ${file}:\n${line}`)
  }

  /** A start without room may fail or not; it must not spoil anything, and it must end or serve. */
  async checkStartWhileFull(): Promise<void> {
    const server = await launchServer({ target: this.#context.target, directory: this.#directory, config: this.#config })
    await Promise.race([server.exited, server.whenServing(END_MS).catch(() => undefined)])
    await server.kill()
  }

  /** With room again: everything acknowledged is there, and writes go on. */
  async checkStart(): Promise<string> {
    const judgement = judgeLog(this.#history, readLogFiles(this.#logFolder))
    expect(judgement.violations.length === 0, judgement.violations.join('\n'))
    const server = await this.#start()
    const violations = compareTree(judgement.model, await walkTreeOf(this.#history, server.port))
    expect(violations.length === 0, `${violations.join('\n')}\n${server.logTail()}`)
    const session = await RecordedSession.open(this.#history, server.port, SESSION_TIMEOUT_MS)
    const written = await session.write({ kind: 'create', path: '/after', data: null, flags: RawCreateMode.persistent })
    expect(written?.error === 0, 'a write after the restart failed')
    await session.close()
    await server.stop()
    removeServerDirectory(this.#directory)
    return `${judgement.acknowledged} acknowledged, ${judgement.unknownPresent} of ${judgement.unknown} unknown present, ended with code ${this.endedCode} after ${Math.round(this.#endedAfterMs)} ms`
  }

  #start(): Promise<ServerProcess> {
    return startServer({ target: this.#context.target, directory: this.#directory, config: this.#config })
  }
}
