import { connect } from 'node:net'

export interface AskOptions {
  /** Closes the sending side behind the last piece, as netcat does. */
  readonly endsAfter?: boolean
}

/**
 * Sends the pieces, each in a packet of its own, and returns all that the server says until it closes. Rejects with the
 * socket's error, and when the server says nothing for long.
 */
export function ask(port: number, pieces: string | readonly (string | Uint8Array)[], options: AskOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true }, () => {
      void sendPieces(typeof pieces === 'string' ? [pieces] : pieces)
    })
    const sendPieces = async (rest: readonly (string | Uint8Array)[]): Promise<void> => {
      for (const piece of rest) {
        socket.write(piece)
        // The server lives in this process: after some turns of the loop it has read what was sent.
        for (let turn = 0; turn < 5; turn++) await new Promise((done) => setTimeout(done, 1))
      }
      if (options.endsAfter === true) socket.end()
    }
    socket.setTimeout(5_000, () => socket.destroy(new Error(`no answer to ${String(pieces)}`)))
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('end', () => socket.end())
    socket.once('error', reject)
    socket.once('close', () => resolve(Buffer.concat(chunks).toString('utf8')))
  })
}
