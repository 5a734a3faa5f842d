import { connect, createServer } from 'node:net'
import { ControlSession } from '../load/control-session.ts'
import { SocketTransport } from '../load/socket-transport.ts'

/** Where all measured servers listen. */
export const HOST = '127.0.0.1'

/** Some connections that are made while a server starts are never answered: give up early and try again. */
const ATTEMPT_TIMEOUT_MS = 300
const SESSION_TIMEOUT_MS = 30000
/** Linux gives connections that go out ports from 32768 on, unless told otherwise. */
const PORT_MIN = 12000
const PORT_MAX = 32000

/** Ports that this process has given away, whether their servers are up or not. */
const given = new Set<number>()

/**
 * A port of the loopback that nobody listens on, and that stays free while its server is down: it is below those that the system
 * gives to connections that go out.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = PORT_MIN + Math.floor(Math.random() * (PORT_MAX - PORT_MIN))
    if (!given.has(port) && (await isFree(port))) {
      given.add(port)
      return port
    }
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, HOST, () => probe.close(() => resolve(true)))
  })
}

/** Opens a session and reads a node in it; returns when that was answered, or null if it was not. */
export async function tryRead(port: number, path: string): Promise<number | null> {
  const control = new ControlSession(new SocketTransport([{ host: HOST, port }]), SESSION_TIMEOUT_MS)
  let timer: NodeJS.Timeout | null = null
  try {
    const timeout = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error('no answer')), ATTEMPT_TIMEOUT_MS)
    })
    const served = (async (): Promise<number> => {
      await control.open()
      await control.exists(path)
      const answeredMs = performance.now()
      await control.close()
      return answeredMs
    })()
    return await Promise.race([served, timeout])
  } catch {
    // Refused, closed, silent: the server is not there yet. The caller gives up after a while.
    return null
  } finally {
    if (timer !== null) clearTimeout(timer)
    control.destroy()
  }
}

/** The answer to a four-letter word, empty if there is none. */
export function fourLetterAnswer(port: number, word: string): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    const socket = connect({ host: HOST, port }, () => socket.write(word))
    socket.setTimeout(ATTEMPT_TIMEOUT_MS, () => socket.destroy())
    socket.setEncoding('latin1').on('data', (piece: string) => {
      text += piece
    })
    // Nobody listens while a server starts: no answer is the answer.
    socket.on('error', () => socket.destroy())
    socket.once('close', () => resolve(text))
  })
}

/** Waits; for polling and settling real processes only. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
