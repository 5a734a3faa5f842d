/** A terminal's screen, as far as a line editor needs one: text, line ends, and the four sequences that move and clear. */
export class Screen {
  readonly #columns: number
  #rows: string[] = ['']
  #row = 0
  #column = 0

  constructor(columns: number) {
    this.#columns = columns
  }

  /** What is on it, without blanks at the ends of rows and empty rows at the end. */
  get text(): string {
    return this.#rows
      .map((row) => row.trimEnd())
      .join('\n')
      .trimEnd()
  }

  write(output: string): void {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a terminal is told by.
    for (const part of output.matchAll(/\u001b\[(\d*)([A-Za-z])|([\s\S])/g)) {
      if (part[3] !== undefined) this.#put(part[3])
      else this.#control(part[2] ?? '', part[1] === '' ? 1 : Number(part[1]), part[1] ?? '')
    }
  }

  #put(character: string): void {
    if (character === '\r') this.#column = 0
    else if (character === '\n') {
      this.#column = 0
      this.#down()
    } else {
      if (this.#column >= this.#columns) {
        this.#column = 0
        this.#down()
      }
      const row = (this.#rows[this.#row] ?? '').padEnd(this.#column)
      this.#rows[this.#row] = row.slice(0, this.#column) + character + row.slice(this.#column + 1)
      this.#column++
    }
  }

  #down(): void {
    this.#row++
    while (this.#rows.length <= this.#row) this.#rows.push('')
  }

  #control(letter: string, count: number, digits: string): void {
    if (letter === 'A') this.#row = Math.max(0, this.#row - count)
    else if (letter === 'B') for (let step = 0; step < count; step++) this.#down()
    else if (letter === 'C') this.#column += count
    else if (letter === 'D') this.#column = Math.max(0, this.#column - count)
    else if (letter === 'G') this.#column = count - 1
    else if (letter === 'J') this.#clearDown()
    else if (letter === 'K') this.#rows[this.#row] = (this.#rows[this.#row] ?? '').slice(0, this.#column)
    else if (letter !== 'm') throw new Error(`the screen does not know the sequence ${digits}${letter}`)
  }

  #clearDown(): void {
    this.#rows[this.#row] = (this.#rows[this.#row] ?? '').slice(0, this.#column)
    this.#rows = this.#rows.slice(0, this.#row + 1)
  }
}
