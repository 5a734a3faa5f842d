/** Asks a server one of its four-letter words. */
import { connect } from 'node:net'
import { withTimeout } from './raw-connection.ts'

/** Sends `word` and resolves with all that the server says until it closes the connection. */
export async function askFourLetterWord(host: string, port: number, word: string, timeoutMs = 5_000): Promise<string> {
  const socket = connect({ host, port })
  const chunks: Buffer[] = []
  const answered = new Promise<string>((resolve, reject) => {
    socket.once('connect', () => socket.write(word))
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.once('error', reject)
    socket.once('close', () => resolve(Buffer.concat(chunks).toString('utf8')))
  })
  try {
    return await withTimeout(answered, timeoutMs, `the answer to ${word}`)
  } finally {
    socket.destroy()
  }
}
