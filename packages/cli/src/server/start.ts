import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { NodeDisk } from '@tskeeper/server/tools'
import type { Surroundings } from '../surroundings.ts'
import { type LaunchSettings, outputFile, readKeys, serverCommandLine } from './launch-settings.ts'
import { isAlive, locatePidFile, readPid } from './pid-file.ts'

/** A server that lives this long is taken for started. */
const GRACE_MS = 1000

/** Starts a server in the background, in a session of its own, its output in a file that begins anew. */
export async function start(settings: LaunchSettings, surroundings: Surroundings): Promise<number> {
  surroundings.out('Starting zookeeper ... ')
  const pidFile = locatePidFile(settings, surroundings)
  if (pidFile === null) return fail('FAILED TO START', whyNoDataDir(settings), surroundings)
  const runningPid = readPid(pidFile)
  if (runningPid !== null && isAlive(runningPid)) {
    surroundings.out(`already running as process ${runningPid}.\n`)
    return 1
  }
  const logFile = outputFile(settings, surroundings)
  const child = launch(settings, logFile, surroundings)
  if (child instanceof Error) return fail('SERVER DID NOT START', child.message, surroundings)
  try {
    writeFileSync(pidFile, String(child.pid))
  } catch (error) {
    // Without the file nobody could stop it.
    child.kill('SIGTERM')
    return fail('FAILED TO WRITE PID', error instanceof Error ? error.message : String(error), surroundings)
  }
  const hasEnded = await Promise.race([ended(child), surroundings.sleep(GRACE_MS).then(() => false)])
  if (hasEnded) return fail('FAILED TO START', `The reason is in ${logFile}.`, surroundings)
  surroundings.out('STARTED\n')
  return 0
}

function launch(settings: LaunchSettings, logFile: string, surroundings: Surroundings): ChildProcess | Error {
  const [program, ...args] = serverCommandLine(settings, surroundings)
  let descriptor: number | null = null
  try {
    new NodeDisk().makeDirectory(settings.logDirectory)
    descriptor = openSync(logFile, 'w')
    const child = spawn(program, args, {
      cwd: surroundings.workingDirectory,
      env: surroundings.environment,
      detached: true,
      stdio: ['ignore', descriptor, descriptor],
    })
    child.unref()
    return child.pid === undefined ? new Error(`${program} cannot be run`) : child
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  } finally {
    if (descriptor !== null) closeSync(descriptor)
  }
}

/** True once the child is gone. */
function ended(child: ChildProcess): Promise<boolean> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve(true))
    child.once('error', () => resolve(true))
  })
}

function whyNoDataDir(settings: LaunchSettings): string {
  const path = settings.configPath
  return readKeys(path) === null
    ? `${path} cannot be read: make it, for example from conf/zoo_sample.cfg.`
    : `There is no dataDir in ${path}.`
}

function fail(word: string, reason: string, surroundings: Surroundings): number {
  surroundings.out(`${word}\n`)
  surroundings.error(`${reason}\n`)
  return 1
}
