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
