// Writes past the stream machinery of a socket, straight into its native handle.
//
// What the server writes is nearly always taken by the system at once; then a stream's bookkeeping (a callback, a turn of the tick queue and
// several objects for each write) is most of the work that JavaScript does for it. An event for ten
// thousand clients costs half without it.
//
// The native part of a stream is not documented. It is looked for once; should it be missing or look otherwise, sockets are
// written to in the ordinary way.

import type { Socket } from 'node:net'

/** A write under way; the binding calls `oncomplete` if the system did not take all at once. */
interface WriteRequest {
  handle: StreamHandle | null
  oncomplete: ((status: number) => void) | null
  /** The bytes, which must stay where they are until the write is complete. */
  buffer: Uint8Array | null
}

/** The native part of a socket. */
export interface StreamHandle {
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number
}

interface StreamBinding {
  readonly WriteWrap: new () => WriteRequest
  readonly kLastWriteWasAsync: number
  readonly streamBaseState: Int32Array
}

/** What became of a write. */
export const DirectWrite = {
  /** The system has the bytes. */
  DONE: 0,
  /** It has not all of them; the caller's callback will say when. */
  PENDING: 1,
  /** The connection is broken. */
  FAILED: 2,
} as const
export type DirectWrite = (typeof DirectWrite)[keyof typeof DirectWrite]

const binding = findBinding()

/** The socket's native handle if it can be written to directly, else null. */
export function directHandle(socket: Socket): StreamHandle | null {
  if (binding === null) return null
  const { _handle: handle } = socket as unknown as { _handle?: unknown }
  return isStreamHandle(handle) ? handle : null
}

/** Writes all of `bytes`. After `PENDING`, `complete` is called once, with false if the connection broke meanwhile. */
export function writeDirectly(handle: StreamHandle, bytes: Uint8Array, complete: (isGood: boolean) => void): DirectWrite {
  if (binding === null) return DirectWrite.FAILED
  const request = new binding.WriteWrap()
  request.handle = handle
  request.oncomplete = null
  request.buffer = null
  if (handle.writeBuffer(request, bytes) !== 0) return DirectWrite.FAILED
  if (binding.streamBaseState[binding.kLastWriteWasAsync] === 0) return DirectWrite.DONE
  request.buffer = bytes
  request.oncomplete = (status) => {
    request.buffer = null
    complete(status === 0)
  }
  return DirectWrite.PENDING
}

function findBinding(): StreamBinding | null {
  const { binding: find } = process as unknown as { binding?: (name: string) => unknown }
  if (typeof find !== 'function') return null
  try {
    const found = find('stream_wrap')
    return isStreamBinding(found) ? found : null
  } catch {
    // A Node that does not give it away any more.
    return null
  }
}

function isStreamBinding(found: unknown): found is StreamBinding {
  if (typeof found !== 'object' || found === null) return false
  const { WriteWrap, kLastWriteWasAsync, streamBaseState } = found as Partial<StreamBinding>
  return typeof WriteWrap === 'function' && typeof kLastWriteWasAsync === 'number' && streamBaseState instanceof Int32Array
}

function isStreamHandle(handle: unknown): handle is StreamHandle {
  return typeof handle === 'object' && handle !== null && typeof (handle as Partial<StreamHandle>).writeBuffer === 'function'
}
