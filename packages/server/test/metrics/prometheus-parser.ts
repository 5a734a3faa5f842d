// A strict reader of the Prometheus text format 0.0.4: it accepts what the format's description says and throws at
// anything else, so that a test that reads through it also proves the form.

export interface ParsedFamily {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly samples: ParsedSample[]
}

export interface ParsedSample {
  readonly name: string
  readonly labels: ReadonlyMap<string, string>
  readonly value: number
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const HELP = /^# HELP (\S+) (.*)$/
const TYPE = /^# TYPE (\S+) (counter|gauge|summary|histogram|untyped)$/
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)/y
const SUFFIXES: Readonly<Record<string, readonly string[]>> = { summary: ['', '_count', '_sum'] }

/** The families of the text, in its order. */
export function parsePrometheus(text: string): ParsedFamily[] {
  if (text === '') return []
  if (!text.endsWith('\n')) throw new Error('the last line has no end')
  const lines = text.slice(0, -1).split('\n')
  const families: ParsedFamily[] = []
  const seen = new Set<string>()
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? ''
    const help = HELP.exec(line)
    if (help === null) {
      addSample(families.at(-1), line, seen)
      continue
    }
    const type = TYPE.exec(lines[++index] ?? '')
    const name = help[1] ?? ''
    if (type === null || type[1] !== name) throw new Error(`no TYPE follows: ${line}`)
    if (!NAME.test(name)) throw new Error(`bad name: ${line}`)
    if (families.some((family) => family.name === name)) throw new Error(`the family ${name} comes twice`)
    families.push({ name, help: help[2] ?? '', type: type[2] ?? '', samples: [] })
  }
  return families
}

function addSample(family: ParsedFamily | undefined, line: string, seen: Set<string>): void {
  const match = SAMPLE.exec(line)
  if (family === undefined || match === null) throw new Error(`not a sample of a family: ${line}`)
  const name = match[1] ?? ''
  const suffixes = SUFFIXES[family.type] ?? ['']
  if (!suffixes.includes(name.slice(family.name.length)) || !name.startsWith(family.name))
    throw new Error(`not of ${family.name}: ${line}`)
  const labels = parseLabels(match[2] ?? '')
  if ((family.type === 'summary' && name === family.name) !== labels.has('quantile'))
    throw new Error(`quantile where it must not be, or none: ${line}`)
  const identity = `${name}${JSON.stringify(Array.from(labels, (label) => label.join('=')).sort())}`
  if (seen.has(identity)) throw new Error(`comes twice: ${line}`)
  seen.add(identity)
  family.samples.push({ name, labels, value: parseValue(match[3] ?? '') })
}

function parseLabels(text: string): Map<string, string> {
  const labels = new Map<string, string>()
  LABEL.lastIndex = 0
  while (LABEL.lastIndex < text.length) {
    const match = LABEL.exec(text)
    if (match === null) throw new Error(`bad labels: ${text}`)
    const [, name = '', value = ''] = match
    if (labels.has(name)) throw new Error(`the label ${name} comes twice: ${text}`)
    labels.set(
      name,
      value.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character)),
    )
  }
  return labels
}

function parseValue(text: string): number {
  if (text === 'NaN') return Number.NaN
  if (text === '+Inf') return Number.POSITIVE_INFINITY
  if (text === '-Inf') return Number.NEGATIVE_INFINITY
  if (!/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text)) throw new Error(`not a number: ${text}`)
  return Number(text)
}
