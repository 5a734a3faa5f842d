// What came of a request or of a watch, as short text.

import { type RawEvent, RawReplyError } from '../support/raw-client.ts'
import { errorName } from './raw-session.ts'

const EVENT_WORDS: Readonly<Record<number, string>> = { 1: 'created', 2: 'deleted', 3: 'changed', 4: 'children' }

/** `OK`, or the name of the error that the server answered with. */
export async function outcome(request: Promise<unknown>): Promise<string> {
  try {
    await request
    return 'OK'
  } catch (error) {
    if (error instanceof RawReplyError) return errorName(error.code)
    throw error
  }
}

/** `created /a`, `deleted /a`, `changed /a` (its data) or `children /a`. */
export function eventText(event: RawEvent): string {
  return `${EVENT_WORDS[event.type] ?? event.type} ${event.path}`
}

export function eventTexts(events: readonly RawEvent[]): string[] {
  return events.map(eventText)
}

/** Resolves when `isTrue` says so; looks again in every turn of the loop, and gives up after `timeoutMs`. */
export async function until(isTrue: () => boolean | Promise<boolean>, what: string, timeoutMs = 10_000): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs
  while (!(await isTrue())) {
    if (performance.now() > deadlineMs) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
