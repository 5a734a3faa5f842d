import type { Session } from '../session/session.ts'
import type { WatchEvent, WatchFn, WatchHandle } from '../watch/watch-event.ts'
import { Stream, sessionOver } from './stream.ts'

/**
 * The events of a persistent watch, which `addWatch` sets and the end of the iteration takes away. It rejects when the session expires and
 * ends when the client is closed; one event of type `gap` stands for what a slow consumer did not take.
 */
export function watchStream(
  session: Session,
  path: string,
  signal: AbortSignal | undefined,
  addWatch: (listener: WatchFn) => Promise<WatchHandle>,
): AsyncIterable<WatchEvent> {
  let handle: WatchHandle | null = null
  const stream = new Stream<WatchEvent>(
    () => [{ type: 'gap', path, zxid: null, state: session.state }],
    () => void handle?.remove(),
  )
  const listener = (event: WatchEvent): void => {
    if (event.type !== 'none') stream.push(event)
    else stream.end(event.state === 'closed' ? null : sessionOver(event.state, path))
  }
  addWatch(listener).then(
    (added) => {
      handle = added
      if (stream.isEnded) void added.remove()
    },
    (error: unknown) => stream.end(error instanceof Error ? error : new Error(String(error))),
  )
  return stream.endOn(signal)
}
