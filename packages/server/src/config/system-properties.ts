// System properties: the second way to set things, beside the file. They come as `-Dname=value` items,
// inside the environment variables that carry the options of the virtual machine (SERVER_JVMFLAGS and
// JVMFLAGS, which every installation script knows) or as arguments of the server itself.

/** What the launch of a process says before any file is read. */
export interface LaunchArguments {
  /** Properties by full name; a later item wins over an earlier one, arguments over the environment. */
  readonly properties: ReadonlyMap<string, string>
  /** The arguments that are no properties. */
  readonly rest: readonly string[]
}

/** Takes the `-D` items out of the arguments and of the environment. */
export function parseLaunchArguments(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): LaunchArguments {
  const properties = new Map<string, string>()
  // The launch script of the original server puts SERVER_JVMFLAGS first, so JVMFLAGS wins.
  for (const name of ['SERVER_JVMFLAGS', 'JVMFLAGS']) {
    for (const item of (environment[name] ?? '').split(/\s+/)) addProperty(properties, item)
  }
  const rest = argv.filter((argument) => !addProperty(properties, argument))
  return { properties, rest }
}

/** True when the item was a property. `-Dname` alone is the empty value. */
function addProperty(properties: Map<string, string>, item: string): boolean {
  if (!item.startsWith('-D') || item.length === 2) return false
  const equals = item.indexOf('=')
  const name = item.slice(2, equals < 0 ? undefined : equals)
  properties.set(name, equals < 0 ? '' : unquote(item.slice(equals + 1)))
  return true
}

/** Scripts often quote a value inside the variable, and no shell takes those quotes off. */
function unquote(value: string): string {
  const quote = value.at(0)
  const isQuoted = value.length >= 2 && (quote === '"' || quote === "'") && value.endsWith(quote)
  return isQuoted ? value.slice(1, -1) : value
}
