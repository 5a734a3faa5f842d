// The one table of settings. Everything that knows a key by name asks here: the parser, the
// validator, the suggestions for misspelt keys and the generated page docs/configuration.md.

import { type ConfigEntry, type ConfigSection, PROPERTY_PREFIX } from './config-entry.ts'
import { accessSettings } from './table/access-settings.ts'
import { basicSettings } from './table/basic-settings.ts'
import { ensembleSettings } from './table/ensemble-settings.ts'
import { limitSettings } from './table/limit-settings.ts'

/** All settings under their headings, in the order of the documentation. */
export const configSections: readonly ConfigSection[] = [basicSettings, limitSettings, ensembleSettings, accessSettings]

/** All settings. */
export const configEntries: readonly ConfigEntry[] = configSections.flatMap((section) => section.entries)

interface NameIndex {
  readonly byName: ReadonlyMap<string, ConfigEntry>
  readonly patterns: readonly { readonly prefix: string; readonly entry: ConfigEntry }[]
}

const byKey = new Map(configEntries.map((entry) => [entry.key, entry]))
const inFile = indexNames(fileNames)
const asProperty = indexNames(propertyNames)

/** The row with this key, spelt as in the table. */
export function entryWithKey(key: string): ConfigEntry | null {
  return byKey.get(key) ?? null
}

/** The row that a key of a configuration file belongs to, or null for a key that nobody knows. */
export function entryOfFileKey(key: string): ConfigEntry | null {
  return find(inFile, key)
}

/** The row that a system property belongs to, or null. */
export function entryOfProperty(property: string): ConfigEntry | null {
  return find(asProperty, property)
}

/**
 * How a setting may be spelt in the file. Apache knows the key only, and for settings whose property has
 * another name only that name without its prefix; both work here, and so does the prefix where the
 * property has none of its own (`jute.maxbuffer`, `zookeeper.jute.maxbuffer`).
 */
export function fileNames(entry: ConfigEntry): string[] {
  const names = new Set([entry.key])
  if (entry.property === null) return [...names]
  if (entry.property.startsWith(PROPERTY_PREFIX)) names.add(entry.property.slice(PROPERTY_PREFIX.length))
  else names.add(PROPERTY_PREFIX + entry.property)
  for (const alias of entry.aliases) names.add(alias)
  return [...names]
}

/** How a setting may be spelt as a system property; none for keys that only the file can set. */
export function propertyNames(entry: ConfigEntry): string[] {
  if (entry.property === null) return []
  const names = new Set([
    entry.property,
    entry.property.startsWith(PROPERTY_PREFIX) ? entry.property : PROPERTY_PREFIX + entry.property,
  ])
  names.add(PROPERTY_PREFIX + entry.key)
  for (const alias of entry.aliases) names.add(alias)
  return [...names]
}

function indexNames(names: (entry: ConfigEntry) => string[]): NameIndex {
  const byName = new Map<string, ConfigEntry>()
  const patterns: { prefix: string; entry: ConfigEntry }[] = []
  for (const entry of configEntries) {
    for (const name of names(entry)) {
      if (entry.type === 'pattern') patterns.push({ prefix: name.slice(0, -1), entry })
      else byName.set(name, entry)
    }
  }
  return { byName, patterns }
}

function find(index: NameIndex, name: string): ConfigEntry | null {
  const exact = index.byName.get(name)
  if (exact !== undefined) return exact
  return index.patterns.find((pattern) => name.startsWith(pattern.prefix) && name.length > pattern.prefix.length)?.entry ?? null
}
