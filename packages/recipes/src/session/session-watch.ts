// When a session, and so everything ephemeral in it, is in doubt or over.

import { type ZooKeeper, ZooKeeperError } from '@tskeeper/client'
import { endOf, isFinal } from './persevere.ts'

/** What is told of a session. */
export interface SessionListener {
  /** The client's own clock says that the session may be gone: somebody else may believe so, too. It may turn out alive. */
  onDoubt(reason: ZooKeeperError): void
  /** The session is over, and its ephemeral nodes are gone or going. Called once at most. */
  onEnd(reason: ZooKeeperError): void
}

/** Watches the session `sessionId` of a client; calls back at once when it is in doubt or over already. Returns what ends it. */
export function watchSession(zk: ZooKeeper, sessionId: bigint, listener: SessionListener): () => void {
  const stops: (() => void)[] = []
  const stop = (): void => {
    for (const end of stops.splice(0)) end()
  }
  const check = (): void => {
    if (!isFinal(zk) && zk.sessionId === sessionId) return
    stop()
    listener.onEnd(isFinal(zk) ? endOf(zk) : new ZooKeeperError('SESSION_EXPIRED', 'the session has expired'))
  }
  stops.push(zk.on('state', check))
  stops.push(
    zk.on('suspect', (isSuspect) => {
      if (isSuspect) listener.onDoubt(doubt())
    }),
  )
  check()
  if (stops.length > 0 && zk.isSuspect) listener.onDoubt(doubt())
  return stop
}

function doubt(): ZooKeeperError {
  return new ZooKeeperError('CONNECTION_LOSS', 'no server has been heard of for so long that the session may be over')
}
