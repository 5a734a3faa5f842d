// The story of a run, a line an event, in columns:
//
//      time  who       what
//   1234.567 server 2  LEADING in epoch 3
//
// Whether or not it is kept, each line goes into a hash: two runs are the same if their hashes are.

const TIME_WIDTH = 11
const WHO_WIDTH = 12
const [HASH_START, HASH_FACTOR] = [0x811c9dc5, 0x01000193]

export class Transcript {
  /** Null if they are not kept. */
  readonly lines: string[] | null
  private state = HASH_START

  constructor(isKept: boolean) {
    this.lines = isKept ? [] : null
  }

  get hash(): string {
    return (this.state >>> 0).toString(16).padStart(8, '0')
  }

  note(nowMs: number, who: string, what: string): void {
    const line = `${nowMs.toFixed(3).padStart(TIME_WIDTH)} ${who.padEnd(WHO_WIDTH)} ${what}`
    this.lines?.push(line)
    for (let i = 0; i < line.length; i++) this.state = Math.imul(this.state ^ line.charCodeAt(i), HASH_FACTOR)
  }
}
