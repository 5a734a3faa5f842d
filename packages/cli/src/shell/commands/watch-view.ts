import { decodeText, isZooKeeperError, type NodeValue } from '@tskeeper/client'
import type { Answer, CommandCall, CommandContext, ShellCommand } from '../command.ts'
import { dataJson, type JsonValue } from '../text/json-values.ts'

export const watchCommand: ShellCommand = {
  name: 'watch',
  synopsis: '[-R] [-n count] path',
  purpose: 'Shows a node, or with -R everything at and below it, and then each change, until Ctrl-C.',
  options: [
    { name: 'R', help: 'with everything below' },
    { name: 'n', value: 'count', help: 'ends after so many changes' },
  ],
  wordsMin: 1,
  wordsMax: 1,
  isExtra: true,
  run: watch,
}

/** What is known of a node: null while it does not exist. */
type Known = Pick<NodeValue, 'data' | 'isNull'> | null

/** A line of data is cut here, in characters. */
const DATA_WIDTH = 100

async function watch(call: CommandCall, context: CommandContext): Promise<Answer> {
  const changesMax = call.int('n') ?? Number.POSITIVE_INFINITY
  const view = new WatchView(context, changesMax)
  try {
    if (call.has('R')) await watchTree(call.path, view, context)
    else await watchNode(call.path, view, context)
  } catch (error) {
    // Ctrl-C is how a person says that it is enough.
    if (!isZooKeeperError(error, 'ABORTED') && !context.signal.aborted) throw error
  }
  return { json: null }
}

async function watchNode(path: string, view: WatchView, context: CommandContext): Promise<void> {
  for await (const { value, gap } of context.client.observe(path, { signal: context.signal })) {
    if (gap) view.showGap()
    view.show(path, value)
    view.endStep()
    if (view.isOver) return
  }
}

async function watchTree(root: string, view: WatchView, context: CommandContext): Promise<void> {
  for await (const { nodes, changed, gap } of context.client.observeTree(root, { signal: context.signal })) {
    if (gap) view.showGap()
    for (const path of [...changed].sort()) view.show(path, nodes.get(path) ?? null)
    view.endStep()
    if (view.isOver) return
  }
}

/** Prints nodes as they come: `=` at first, then `+` new, `~` changed and `-` gone. */
class WatchView {
  readonly #context: CommandContext
  readonly #changesMax: number
  readonly #known = new Set<string>()
  #isFirstStep = true
  #changes = 0

  constructor(context: CommandContext, changesMax: number) {
    this.#context = context
    this.#changesMax = changesMax
  }

  /** Whether as many changes have been shown as were asked for. */
  get isOver(): boolean {
    return this.#changes >= this.#changesMax
  }

  show(path: string, value: Known): void {
    const wasKnown = this.#known.has(path)
    if (value === null) this.#known.delete(path)
    else this.#known.add(path)
    if (this.isOver || (value === null && !wasKnown && !this.#isFirstStep)) return
    if (!this.#isFirstStep) this.#changes++
    const sign = this.#sign(wasKnown, value)
    const json = { type: sign.word, path, ...(value === null ? {} : dataJson(value)) }
    this.#print(json, `${sign.mark} ${path}${describe(value)}`, sign.colour)
  }

  /** The connection was lost: there may have been more than is seen. */
  showGap(): void {
    if (!this.#isFirstStep) this.#print({ type: 'gap' }, '? changes may have been missed while the connection was lost', '33')
  }

  endStep(): void {
    this.#isFirstStep = false
  }

  #sign(wasKnown: boolean, value: Known): { readonly mark: string; readonly word: string; readonly colour: string } {
    if (value === null) return { mark: '-', word: this.#isFirstStep ? 'missing' : 'deleted', colour: '31' }
    if (this.#isFirstStep) return { mark: '=', word: 'present', colour: '0' }
    return wasKnown ? { mark: '~', word: 'changed', colour: '33' } : { mark: '+', word: 'created', colour: '32' }
  }

  #print(json: JsonValue, text: string, colour: string): void {
    const time = new Date()
    if (this.#context.isJson) {
      this.#context.print(JSON.stringify({ timeMs: time.getTime(), ...(json as object) }))
      return
    }
    const clock = time.toTimeString().slice(0, 8)
    this.#context.print(
      this.#context.hasColour ? `\u001b[2m${clock}\u001b[22m \u001b[${colour}m${text}\u001b[0m` : `${clock} ${text}`,
    )
  }
}

function describe(value: Known): string {
  if (value === null) return ''
  if (value.isNull) return ' null'
  const text = JSON.stringify(decodeText(value.data))
  return text.length > DATA_WIDTH ? ` ${text.slice(0, DATA_WIDTH)}...` : ` ${text}`
}
