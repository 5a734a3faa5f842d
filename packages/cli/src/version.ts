import { COMPATIBLE_RELEASE, SERVER_VERSION } from '@tskeeper/server/tools'
import type { Surroundings } from './surroundings.ts'

/** `tskeeper version`: our own version first. The text that monitors parse is that of `tskeeper server version`. */
export async function printVersion(_args: readonly string[], surroundings: Surroundings): Promise<number> {
  surroundings.out(`tskeeper ${SERVER_VERSION} (follows Apache ZooKeeper ${COMPATIBLE_RELEASE}, Node ${process.version})\n`)
  return 0
}
