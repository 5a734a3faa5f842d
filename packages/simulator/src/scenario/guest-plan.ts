// What one more client does in some runs: things that the others do not do, so that a run has much of one of them.

import type { SeededRandom } from '@tskeeper/core'
import { type Operation, SHARED_KEYS } from './scenario.ts'
import type { Traits } from './traits.ts'

const OPERATIONS_MAX = 40
type Theme = 'reaped' | 'queue' | 'election' | 'reader'

/** Plans of the guests, none in some runs. Where one alone would be nothing to look at they are two. */
export function guestPlans(random: SeededRandom, traits: Traits, durationMs: number): Operation[][] {
  const theme = themeOf(random, traits)
  if (theme === null) return []
  const count = theme === 'queue' || theme === 'election' ? 2 : 1
  return Array.from({ length: count }, () => plan(random, theme, durationMs))
}

function themeOf(random: SeededRandom, traits: Traits): Theme | null {
  const dice = random.next()
  if (traits.isReadOnlyServed) return 'reader'
  if (traits.isReaperQuick && dice < 0.6) return 'reaped'
  if (dice < 0.6) return dice < 0.15 ? 'queue' : null
  return dice < 0.75 ? 'election' : traits.isReaperQuick ? 'queue' : null
}

function plan(random: SeededRandom, theme: Theme, durationMs: number): Operation[] {
  const count = 10 + random.below(OPERATIONS_MAX - 10)
  const meanWaitMs = durationMs / count
  return Array.from({ length: count }, () => {
    const waitMs = random.next() < 0.3 ? 0 : Math.floor(random.next() * 2.5 * meanWaitMs)
    return operation(random, theme, waitMs)
  })
}

function operation(random: SeededRandom, theme: Theme, waitMs: number): Operation {
  switch (theme) {
    case 'reaped':
      return reapedOperation(random, waitMs)
    case 'queue':
      return random.next() < 0.5 ? { waitMs, kind: 'put' } : { waitMs, kind: 'take', workMs: random.below(150) }
    case 'election':
      return random.next() < 0.5
        ? { waitMs, kind: 'lead', holdMs: random.below(200) }
        : { waitMs, kind: 'set', key: random.below(SHARED_KEYS) }
    case 'reader':
      return random.next() < 0.8
        ? { waitMs, kind: 'read-only-get', key: random.below(SHARED_KEYS) }
        : { waitMs, kind: 'set', key: random.below(SHARED_KEYS) }
  }
}

function reapedOperation(random: SeededRandom, waitMs: number): Operation {
  const dice = random.below(100)
  if (dice < 12) return { waitMs, kind: 'make-reaped', ttlMs: 0 }
  if (dice < 30) return { waitMs, kind: 'make-reaped', ttlMs: 100 + random.below(900) }
  if (dice < 45) return { waitMs, kind: 'fill-reaped' }
  if (dice < 60) return { waitMs, kind: 'empty-reaped' }
  if (dice < 80) return { waitMs, kind: 'touch-reaped' }
  if (dice < 88) return { waitMs, kind: 'replace-reaped' }
  return { waitMs, kind: 'get-reaped' }
}
