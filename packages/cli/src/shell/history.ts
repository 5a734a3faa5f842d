import { ShellError } from './shell-error.ts'

/** How many entries `history` prints, the last one being itself. */
const SHOWN_COUNT = 11

/** The lines that were entered, numbered from 0. */
export class History {
  readonly #lines: string[] = []

  /** The number that the next line gets; the prompt shows it. */
  get count(): number {
    return this.#lines.length
  }

  add(line: string): void {
    this.#lines.push(line)
  }

  /** What `redo` runs: puts the line in the place of the `redo` just entered. */
  redo(index: number, isRedo: (line: string) => boolean): string {
    const line = this.#lines[index]
    if (line === undefined || index >= this.count - 1) throw new ShellError('Command index out of range')
    if (isRedo(line)) throw new ShellError('No redoing redos')
    this.#lines[this.count - 1] = line
    return line
  }

  /** The last entries as `number - line`. */
  recent(): { readonly number: number; readonly line: string }[] {
    const first = Math.max(0, this.count - SHOWN_COUNT)
    return this.#lines.slice(first).map((line, index) => ({ number: first + index, line }))
  }
}
