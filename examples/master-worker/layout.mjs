// Where the nodes of the master-worker system are, and how each of its programs connects.
//
//   /master                    ephemeral: the master that there is, as host:port
//   /epoch                     set by each new master; its version is the master's fencing number
//   /workers/<worker>          ephemeral: a worker that lives
//   /assign/<worker>/<task>    a task for a worker; its data is the version that the status then has
//   /tasks/<task>              a command that a client gave
//   /tasks/<task>/status       "assigned to <worker>", then "done by <worker>"

import { connect } from '@tskeeper/client'

export const MASTER = '/master'
export const EPOCH = '/epoch'
export const WORKERS = '/workers'
export const ASSIGN = '/assign'
export const TASKS = '/tasks'

/** A client that waits for servers as long as it must, and begins a new session when one has expired. */
export async function connectToSystem() {
  const zk = await connect(process.env.SERVERS ?? '127.0.0.1:2181', {
    sessionTimeoutMs: Number(process.env.SESSION_MS ?? 6000),
    renewSession: true,
  })
  for (const path of [EPOCH, WORKERS, ASSIGN, TASKS]) await createIfMissing(zk, path)
  return zk
}

/** Creates a node without data, unless it is there. Doing it twice does no harm: it is repeated after a lost connection or session. */
export async function createIfMissing(zk, path) {
  for (;;) {
    try {
      return void (await zk.create(path))
    } catch (error) {
      if (error.code === 'NODE_EXISTS') return
      if (error.category !== 'connection' && error.code !== 'SESSION_EXPIRED') throw error
    }
  }
}

/** What ends an attempt without telling how it went; then one looks again. */
export const isAmbiguous = (error) => error.code === 'CONNECTION_LOSS' || error.code === 'SESSION_EXPIRED'
