import { childPath } from '@tskeeper/protocol'

/** What completion needs to know of the world. */
export interface CompletionSource {
  readonly commandNames: readonly string[]
  /** Names of the children of a node; none when it cannot be asked. */
  children(path: string): Promise<readonly string[]>
}

/** Completes the last word of a line: a path when it begins with `/`, else the name of a command. */
export async function completeLine(line: string, source: CompletionSource): Promise<[string[], string]> {
  const word = /\S*$/.exec(line)?.[0] ?? ''
  if (!word.startsWith('/')) return [source.commandNames.filter((name) => name.startsWith(word)).sort(), word]
  const slash = word.lastIndexOf('/')
  const directory = slash === 0 ? '/' : word.slice(0, slash)
  const names = await source.children(directory)
  return [
    names
      .map((name) => childPath(directory, name))
      .filter((path) => path.startsWith(word))
      .sort(),
    word,
  ]
}
