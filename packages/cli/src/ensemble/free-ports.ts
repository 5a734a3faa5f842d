import { createServer } from 'node:net'
import { CommandError } from '../command-error.ts'
import { type EnsemblePlan, HOST } from './ensemble-plan.ts'

/** Throws a `CommandError` that names the first port of the plan which somebody else has. */
export async function checkPortsAreFree({ members }: EnsemblePlan): Promise<void> {
  for (const { id, clientPort, quorumPort, electionPort } of members) {
    for (const port of [clientPort, quorumPort, electionPort]) {
      const problem = await tryPort(port)
      if (problem === null) continue
      const reason = problem === 'EADDRINUSE' ? 'another process listens there' : problem
      throw new CommandError(`Port ${port}, which server ${id} needs, cannot be used: ${reason}. Choose others with --base-port.`)
    }
  }
}

/** Why nobody can listen on the port; null if that can be done. */
function tryPort(port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error) => resolve('code' in error ? String(error.code) : error.message))
    server.listen(port, HOST, () => server.close(() => resolve(null)))
  })
}
