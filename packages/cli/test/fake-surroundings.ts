import type { Surroundings } from '../src/surroundings.ts'

/** Collects what a command prints; time passes at once. */
export class FakeSurroundings implements Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly workingDirectory: string
  stdout = ''
  stderr = ''
  sleptMs = 0

  constructor(environment: Readonly<Record<string, string | undefined>> = {}, workingDirectory = '/nowhere') {
    this.environment = environment
    this.workingDirectory = workingDirectory
  }

  out(text: string): void {
    this.stdout += text
  }

  error(text: string): void {
    this.stderr += text
  }

  async sleep(timeMs: number): Promise<void> {
    this.sleptMs += timeMs
  }
}
