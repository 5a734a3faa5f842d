import { whenAborted } from '../abort-listeners.ts'
import type { OperationOptions } from '../options.ts'
import type { Timers } from '../runtime/runtime.ts'
import type { AnyRequest } from './request.ts'
import { RequestStatus } from './request.ts'

/** Sees to it that a request ends when its caller's signal is aborted or its deadline passes. */
export function limitRequest(request: AnyRequest, options: OperationOptions, deadlineMs: number | null, timers: Timers): void {
  const { signal } = options
  const timer =
    deadlineMs === null
      ? null
      : timers.after(deadlineMs, () => request.giveUp('TIMEOUT', `no answer within ${deadlineMs} ms`, undefined))
  const onAbort = (): void => {
    if (request.status !== RequestStatus.settled) request.giveUp('ABORTED', 'the caller has aborted it', signal?.reason)
  }
  const stopListening = whenAborted(signal, onAbort)
  const settled = request.onSettled
  request.onSettled = (error) => {
    timer?.cancel()
    stopListening()
    settled?.(error)
  }
  if (signal?.aborted === true) onAbort()
}
