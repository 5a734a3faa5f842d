// Sockets that read into one buffer for all.
//
// By default Node allocates 64 KiB for each read of each socket and makes an object for the collector of what came. The
// option `onread` of a socket reads into a buffer of the caller's instead, but a server gives no way to pass it to the sockets that
// it accepts. So the native handles of new connections are taken before Node makes sockets of them. With 128 clients that wait for
// each reply that gave a fifth more replies a second, and 16 % less work for each; and where clients come and go, the socket
// that is not made saves a tenth of the work of a connection.
//
// How a server gets its handles is not documented. Should it be otherwise, the sockets that Node accepts are used as they are.

import { connect, type Server, Socket } from 'node:net'
import type { ConnectOptions } from './network.ts'

const BUFFER_BYTES = 64 * 1024

/** Everything that any socket reads: whoever is called with it must be done with it when the call returns. */
const sharedBytes = new Uint8Array(BUFFER_BYTES)
const sharedView = new DataView(sharedBytes.buffer)

/** Gets what a socket read: `bytes[0, length)`, only valid during the call. */
export type Receive = (bytes: Uint8Array, view: DataView, length: number) => void

/** The undocumented part of a server: its native handle, which calls `onconnection`, and how many of its connections are open. */
interface InsideServer {
  _handle?: { onconnection?: unknown } | null
  _connections?: unknown
}

/** The undocumented part of a socket: the server that counts it. */
interface InsideSocket {
  _server?: Server
}

/**
 * From now on `accept` gets the native handles of the connections to `server`, which is listening, and the server's own event
 * is silent. False if this Node is made otherwise: then nothing has changed.
 */
export function acceptHandles(server: Server, accept: (handle: object) => void): boolean {
  const { _handle: listening, _connections: count } = server as unknown as InsideServer
  if (typeof listening !== 'object' || listening === null || typeof count !== 'number') return false
  const { onconnection: acceptSocket } = listening
  if (typeof acceptSocket !== 'function') return false
  listening.onconnection = function (this: unknown, status: unknown, handle: unknown): void {
    if (status === 0 && typeof handle === 'object' && handle !== null) accept(handle)
    else acceptSocket.call(this, status, handle)
  }
  return true
}

/** A socket for a handle that `acceptHandles` gave. Data goes to `receive` and to no `data` event. */
export function socketOf(server: Server, handle: object, receive: Receive): Socket {
  const options = { handle, allowHalfOpen: true, onread: reading(receive) }
  const socket = new Socket(options)
  // The socket counts itself off when it is closed: a server that closes waits for that.
  const counting = server as unknown as { _connections: number }
  counting._connections++
  const counted = socket as unknown as InsideSocket
  counted._server = server
  return socket
}

/** Gives what a socket reads to `receive` without sharing; it must have come from a server that pauses on connect. */
export function receiveEvents(socket: Socket, receive: Receive): Socket {
  socket.on('data', (chunk: Buffer) => receive(chunk, new DataView(chunk.buffer, chunk.byteOffset, chunk.length), chunk.length))
  socket.resume()
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
