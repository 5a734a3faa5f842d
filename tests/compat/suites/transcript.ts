/**
 * Transcripts of the command line: plain text that reads like the session of a person, and is played against a real server.
 *
 *   == A29: an ephemeral node has no children     a case begins, with an empty tree and fresh sessions
 *   # text                                        a remark
 *   A> create -e /e                               a line entered in session A
 *   ! Created /e                                  what it prints on standard error
 *   | [e, zookeeper]                              what it prints on standard output
 *   A* NodeDataChanged /e                         an event that session A prints, now or a little later
 *   A* Expired                                    an event of the session itself
 *   @ gone /e                                     an instruction to the player, see `TranscriptPlayer`
 *
 * In what is printed, `{zxid}`, `{date}`, `{session}`, `{server}` and `{any}` stand for such values. A name as in `{zxid:c}` binds
 * the value: the same name must be the same value again, and two names of zxids or sessions in one case must be different values.
 */

export type TranscriptStep =
  | { readonly kind: 'command'; readonly session: string; readonly line: string; readonly out: string[]; readonly err: string[] }
  | { readonly kind: 'event'; readonly session: string; readonly text: string }
  | { readonly kind: 'instruction'; readonly words: readonly string[] }

export interface TranscriptCase {
  readonly name: string
  readonly steps: readonly TranscriptStep[]
}

export function parseTranscript(text: string, fileName: string): TranscriptCase[] {
  const cases: { name: string; steps: TranscriptStep[] }[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const where = `${fileName}:${index + 1}`
    if (line.trim() === '' || line.startsWith('#')) continue
    if (line.startsWith('== ')) {
      cases.push({ name: line.slice(3).trim(), steps: [] })
      continue
    }
    const current = cases.at(-1)
    if (current === undefined) throw new Error(`${where}: a step before the first case`)
    addStep(current.steps, line, where)
  }
  return cases
}

function addStep(steps: TranscriptStep[], line: string, where: string): void {
  const command = /^([A-Z])> ?(.*)$/.exec(line)
  const event = /^([A-Z])\* (.*)$/.exec(line)
  if (command !== null) {
    steps.push({ kind: 'command', session: command[1] ?? '', line: command[2] ?? '', out: [], err: [] })
  } else if (event !== null) {
    steps.push({ kind: 'event', session: event[1] ?? '', text: event[2] ?? '' })
  } else if (line.startsWith('@ ')) {
    steps.push({ kind: 'instruction', words: line.slice(2).trim().split(/\s+/) })
  } else if (line.startsWith('| ') || line.startsWith('! ')) {
    const step = steps.findLast((earlier) => earlier.kind === 'command')
    if (step === undefined || step.kind !== 'command') throw new Error(`${where}: output without a command`)
    const lines = line.startsWith('|') ? step.out : step.err
    lines.push(line.slice(2))
  } else {
    throw new Error(`${where}: "${line}" is no step of a transcript`)
  }
}

const VALUE_PATTERNS: Readonly<Record<string, string>> = {
  zxid: '0x[0-9a-f]+',
  session: '0x[0-9a-f]+',
  date: '[A-Z][a-z]{2} [A-Z][a-z]{2} \\d{2} \\d{2}:\\d{2}:\\d{2} UTC \\d{4}',
  server: '127\\.0\\.0\\.1:\\d+',
  any: '.*',
}

/** The values that the placeholders of one case stand for. */
export class Bindings {
  readonly #values = new Map<string, string>()
  /** Each zxid that was seen, bound or not; the smallest is what the observed ones are counted from. */
  readonly zxids: number[] = []

  /** Compares a printed line with what is expected, binds its names, and returns why it does not match or null. */
  match(expected: string, actual: string): string | null {
    const placeholders: { kind: string; name: string }[] = []
    const pattern = expected.split(/(\{[a-z]+(?::\w+)?\})/).map((part) => {
      const placeholder = /^\{([a-z]+)(?::(\w+))?\}$/.exec(part)
      const value = VALUE_PATTERNS[placeholder?.[1] ?? '']
      if (placeholder === null || value === undefined) return part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
      placeholders.push({ kind: placeholder[1] ?? '', name: placeholder[2] ?? '' })
      return `(${value})`
    })
    const match = new RegExp(`^${pattern.join('')}$`).exec(actual)
    if (match === null) return `expected "${expected}", found "${actual}"`
    for (const [index, { kind, name }] of placeholders.entries()) {
      const problem = this.#bind(kind, name, match[index + 1] ?? '')
      if (problem !== null) return `${problem} in "${actual}"`
    }
    return null
  }

  /** The line with what differs from run to run taken out: zxids become distances, times and sessions words. */
  normalise(expected: string, actual: string): string {
    const parts = expected.split(/(\{[a-z]+(?::\w+)?\})/)
    if (parts.length === 1) return actual
    const first = Math.min(...this.zxids)
    let rest = actual
    let normal = ''
    for (const [index, part] of parts.entries()) {
      const kind = /^\{([a-z]+)/.exec(part)?.[1]
      if (kind === undefined) {
        normal += part
        rest = rest.slice(part.length)
        continue
      }
      const next = parts[index + 1] ?? ''
      const length = next === '' ? rest.length : rest.indexOf(next)
      const value = rest.slice(0, length)
      rest = rest.slice(length)
      normal += kind === 'zxid' ? `zxid+${Number(value) - first}` : `<${kind}>`
    }
    return normal
  }

  #bind(kind: string, name: string, value: string): string | null {
    if (kind === 'zxid') this.zxids.push(Number(value))
    if (name === '') return null
    const key = `${kind}:${name}`
    const bound = this.#values.get(key)
    if (bound !== undefined && bound !== value) return `{${key}} was ${bound} before and is ${value}`
    if (bound === undefined && (kind === 'zxid' || kind === 'session')) {
      const twin = [...this.#values].find(([other, otherValue]) => other.startsWith(`${kind}:`) && otherValue === value)
      if (twin !== undefined) return `{${key}} should differ from {${twin[0]}}`
    }
    this.#values.set(key, value)
    return null
  }
}
