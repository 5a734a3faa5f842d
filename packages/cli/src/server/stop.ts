import { rmSync } from 'node:fs'
import type { Surroundings } from '../surroundings.ts'
import type { LaunchSettings } from './launch-settings.ts'
import { locatePidFile, readPid } from './pid-file.ts'

/** Time between the request and the word that it was made. */
const PAUSE_MS = 1000

/** Asks the server to stop; does not wait until it has. */
export async function stop(settings: LaunchSettings, surroundings: Surroundings): Promise<number> {
  surroundings.out('Stopping zookeeper ... ')
  const pidFile = locatePidFile(settings, surroundings)
  const pid = pidFile === null ? null : readPid(pidFile)
  if (pidFile === null || pid === null) {
    surroundings.out(`no zookeeper to stop (could not find file ${pidFile ?? 'zookeeper_server.pid'})\n`)
    return 0
  }
  try {
    process.kill(pid, 'SIGTERM')
  } catch (error) {
    const isGone = error instanceof Error && 'code' in error && error.code === 'ESRCH'
    if (!isGone) throw error
    surroundings.error(`There is no process ${pid}.\n`)
  }
  rmSync(pidFile, { force: true })
  await surroundings.sleep(PAUSE_MS)
  surroundings.out('STOPPED\n')
  return 0
}
