// Sockets that read into one buffer for all.
//
// By default Node allocates 64 KiB for each read of each socket and makes an object for the collector of what came. The
// option `onread` of a socket reads into a buffer of the caller's instead, but a server gives no way to pass it to the sockets that
// it accepts. So the accepted socket's native handle is moved into a new socket that is made with the option.
// With 128 clients that wait for each reply that gave a fifth more replies a second, and 16 % less work for each.
//
// The handle is a field that Node does not document. Should it not be there, the accepted socket is used as it is.

import { connect, Socket } from 'node:net'
import type { ConnectOptions } from './network.ts'

const BUFFER_BYTES = 64 * 1024

/** Everything that any socket reads: whoever is called with it must be done with it when the call returns. */
const sharedBytes = new Uint8Array(BUFFER_BYTES)
const sharedView = new DataView(sharedBytes.buffer)

/** Gets what a socket read: `bytes[0, length)`, only valid during the call. */
export type Receive = (bytes: Uint8Array, view: DataView, length: number) => void

/** The undocumented part of a socket: its native handle, and the server that counts it. */
interface Inside {
  _handle?: object | null
  _server?: object | null
}

/**
 * A socket for the connection that `accepted` stands for, which must not be used any more; `accepted` must have come from a server
 * that pauses on connect. Data goes to `receive` and to no `data` event.
 */
export function shareInput(accepted: Socket, receive: Receive): Socket {
  const inside = accepted as unknown as Inside
  const handle = inside._handle
  if (typeof handle !== 'object' || handle === null) return receiveEvents(accepted, receive)
  const options = { handle, allowHalfOpen: true, onread: reading(receive) }
  const socket = new Socket(options)
  const moved = socket as unknown as Inside
  moved._server = inside._server ?? null
  inside._handle = null
  inside._server = null
  return socket
}

/** A socket that connects to where `options` say; its data goes to `receive` and to no `data` event. */
export function connectSharing(options: ConnectOptions, receive: Receive): Socket {
  const { host, port, noDelay, keepAlive } = options
  return connect({ host, port, noDelay, keepAlive, allowHalfOpen: true, onread: reading(receive) })
}

function reading(receive: Receive): { buffer: Uint8Array; callback: (length: number) => boolean } {
  const callback = (length: number): boolean => {
    receive(sharedBytes, sharedView, length)
    return true
  }
  return { buffer: sharedBytes, callback }
}

function receiveEvents(socket: Socket, receive: Receive): Socket {
  socket.on('data', (chunk: Buffer) => receive(chunk, new DataView(chunk.buffer, chunk.byteOffset, chunk.length), chunk.length))
  socket.resume()
  return socket
}
