// Requests that the session makes by itself.

import { Op } from '@tskeeper/protocol'
import type { Operation } from '../session/request.ts'
import type { WatchBatch } from '../watch/watch-table.ts'

/** Ends the session. */
export const closeSession: Operation<undefined, true> = {
  op: Op.closeSession,
  name: 'closeSession',
  isWrite: true,
  watchPlace: null,
  resultIfMissing: undefined,
  encode: () => undefined,
  decode: () => true,
}

/** Watches to set again, and the last zxid that was seen before the connection was lost. */
export interface SetWatchesBody {
  readonly relativeZxid: bigint
  readonly batch: WatchBatch
}

/** Sets one-shot watches again; servers older than 3.6 know no other. */
export const setWatches: Operation<SetWatchesBody, true> = {
  op: Op.setWatches,
  name: 'setWatches',
  isWrite: false,
  watchPlace: null,
  resultIfMissing: undefined,
  encode: (out, { body }) => {
    out.writeLong(body.relativeZxid)
    for (const paths of [body.batch.data, body.batch.exists, body.batch.children]) writePaths(out, paths)
  },
  decode: () => true,
}

/** Sets watches of all kinds again. */
export const setWatches2: Operation<SetWatchesBody, true> = {
  ...setWatches,
  op: Op.setWatches2,
  name: 'setWatches2',
  encode: (out, request) => {
    setWatches.encode(out, request)
    writePaths(out, request.body.batch.persistent)
    writePaths(out, request.body.batch['persistent-recursive'])
  },
}

/** One step of a SASL exchange; the result is the server's token. */
export const sasl: Operation<Uint8Array | null, Uint8Array | null> = {
  op: Op.sasl,
  name: 'sasl',
  isWrite: false,
  watchPlace: null,
  resultIfMissing: undefined,
  encode: (out, { body }) => out.writeBuffer(body ?? new Uint8Array(0)),
  decode: (input) => input.readBuffer(),
}

function writePaths(out: { writeInt(value: number): void; writeString(value: string): void }, paths: readonly string[]): void {
  out.writeInt(paths.length)
  for (const path of paths) out.writeString(path)
}
