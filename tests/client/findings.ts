/** What a suite found wrong; the message says what, and with which seed it is seen again. */
export class Finding extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'Finding'
  }
}

/** Fails the suite unless `condition` holds. */
export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Finding(message)
}

/** Waits for `work`, which must get on: fails the suite when `count` does not change for `limitMs`. */
export async function progressing<T>(work: Promise<T>, count: () => number, limitMs: number, what: string): Promise<T> {
  let last = count()
  let sinceMs = performance.now()
  let timer: NodeJS.Timeout | undefined
  const stuck = new Promise<never>((_, reject) => {
    timer = setInterval(() => {
      const now = performance.now()
      if (count() !== last) {
        last = count()
        sinceMs = now
      } else if (now - sinceMs > limitMs) {
        reject(new Finding(`${what}: stuck at ${last} for ${limitMs} ms`))
      }
    }, 100)
  })
  try {
    return await Promise.race([work, stuck])
  } finally {
    clearInterval(timer)
  }
}

/** Waits until `condition` holds; fails the suite when it does not within `limitMs`. */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  limitMs: number,
  what: () => string,
): Promise<void> {
  const deadlineMs = performance.now() + limitMs
  while (!(await condition())) {
    check(performance.now() < deadlineMs, `${what()}, after ${limitMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
