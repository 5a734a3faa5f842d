import type { Surroundings } from '../surroundings.ts'
import type { LaunchSettings } from './launch-settings.ts'
import { isAlive, locatePidFile, readPid } from './pid-file.ts'
import { start } from './start.ts'
import { stop } from './stop.ts'

const PAUSE_MS = 3000
/** A server that syncs much may need longer than the pause; its port is taken until it has ended. */
const PATIENCE_MS = 30_000
const STEP_MS = 100

/** Stops the server, waits, and starts it. */
export async function restart(settings: LaunchSettings, surroundings: Surroundings): Promise<number> {
  const pidFile = locatePidFile(settings, surroundings)
  const pid = pidFile === null ? null : readPid(pidFile)
  await stop(settings, surroundings)
  await surroundings.sleep(PAUSE_MS)
  for (let waitedMs = PAUSE_MS; pid !== null && isAlive(pid) && waitedMs < PATIENCE_MS; waitedMs += STEP_MS)
    await surroundings.sleep(STEP_MS)
  return start(settings, surroundings)
}
