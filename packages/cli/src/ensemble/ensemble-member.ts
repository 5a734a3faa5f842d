// A member of a local ensemble: a server that stops when the command that started it is gone, in whatever way.

import { runServer } from '@tskeeper/server/main'

export async function runEnsembleMember(args: readonly string[]): Promise<number> {
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  return runServer(args)
}
