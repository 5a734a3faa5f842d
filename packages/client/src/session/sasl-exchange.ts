import type { ZooKeeperError } from '../errors.ts'
import { sasl } from '../operations/session-operations.ts'
import type { SaslMechanism } from '../sasl.ts'
import type { Connection } from './connection.ts'
import { ownRequest } from './request.ts'

/**
 * Goes through a mechanism's steps on a new connection. `failed` is called when the mechanism does not accept the server or the server not
 * the client; a connection that is lost on the way speaks for itself.
 */
export function exchangeSasl(
  connection: Connection,
  mechanism: SaslMechanism,
  done: () => void,
  failed: (cause: Error) => void,
): void {
  const send = (token: Uint8Array | null): void => {
    connection.send(ownRequest(sasl, token, answered, refused))
  }
  const answered = (reply: Uint8Array | null): void => {
    let next: Uint8Array | null
    try {
      next = reply === null ? null : mechanism.step(reply)
    } catch (error) {
      return failed(error instanceof Error ? error : new Error(String(error)))
    }
    if (next === null) done()
    else send(next)
  }
  const refused = (error: ZooKeeperError): void => {
    if (error.category !== 'connection') failed(error)
  }
  send(mechanism.start())
}
