/** Leaves out of a schedule what is not needed for the servers to differ. */
import type { Schedule, Step } from './schedule.ts'

/**
 * Tries without half of the steps, then without quarters, down to single ones, and then without single requests of a burst. `isFailing` plays a
 * schedule on fresh servers. Ends early when `hasTime` says no: the schedule is then longer than it need be.
 */
export async function shrink(
  schedule: Schedule,
  isFailing: (schedule: Schedule) => Promise<boolean>,
  hasTime: () => boolean,
): Promise<Schedule> {
  let steps = schedule.steps
  for (let size = Math.ceil(steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    // From the back: the steps just before the difference matter most, those that opened sessions next.
    for (let end = steps.length; end > 0 && hasTime(); end -= size) {
      const candidate = withoutRange(steps, Math.max(0, end - size), end)
      if (candidate.length < steps.length && (await isFailing({ ...schedule, steps: candidate }))) steps = candidate
    }
  }
  return { ...schedule, steps: await shrinkBursts(schedule, steps, isFailing, hasTime) }
}

function withoutRange(steps: readonly Step[], start: number, end: number): readonly Step[] {
  return [...steps.slice(0, start), ...steps.slice(end)]
}

/** Takes single requests out of the bursts that are left. */
async function shrinkBursts(
  schedule: Schedule,
  steps: readonly Step[],
  isFailing: (schedule: Schedule) => Promise<boolean>,
  hasTime: () => boolean,
): Promise<readonly Step[]> {
  let current = steps
  for (let index = 0; index < current.length; index++) {
    for (let at = 0; hasTime(); ) {
      const step = current[index]
      if (step?.kind !== 'send' || step.frames.length < 2 || at >= step.frames.length) break
      const smaller: Step = { ...step, frames: step.frames.filter((_, place) => place !== at) }
      const candidate = current.map((other, place) => (place === index ? smaller : other))
      if (await isFailing({ ...schedule, steps: candidate })) current = candidate
      else at++
    }
  }
  return current
}
