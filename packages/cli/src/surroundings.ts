import { writeSync } from 'node:fs'

/** What a command may use of the process that it runs in; tests pass their own. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly workingDirectory: string
  /** Writes to stdout, as given: line ends are the caller's. */
  out(text: string): void
  /** Writes to stderr, as given. */
  error(text: string): void
  sleep(timeMs: number): Promise<void>
}

/** The real ones. Output is written at once, so that nothing is lost when the process exits. */
export function processSurroundings(): Surroundings {
  return {
    environment: process.env,
    workingDirectory: process.cwd(),
    out: (text) => write(1, text),
    error: (text) => write(2, text),
    sleep: (timeMs) => new Promise((resolve) => setTimeout(resolve, timeMs)),
  }
}

/** A reader that went away (`tskeeper --help | head -1`) is no failure of the command. */
function write(descriptor: number, text: string): void {
  try {
    const bytes = Buffer.from(text, 'utf8')
    for (let offset = 0; offset < bytes.length; ) offset += writeSync(descriptor, bytes, offset)
  } catch (error) {
    const isReaderGone = error instanceof Error && 'code' in error && error.code === 'EPIPE'
    if (!isReaderGone) throw error
  }
}
