// One row of the table of settings. Parser, validator, the typed configuration and the page
// docs/configuration.md are all made from these rows, so a setting exists exactly when a row says so.

/**
 * How a value is read.
 * `integer`: 32 bits, decimal; a system property may also be written 0x... . `long`: whole, up to 2^53.
 * `ratio`: a decimal fraction. `port`: 0 to 65535, where 0 means none.
 * `boolean`: `true` or `false`, any case. `yes-no`: `yes` or `no`, any case.
 * `text`, `path`, `address`: taken as written. `pattern`: the key ends in `*`, which stands for anything.
 */
export type SettingType = 'integer' | 'long' | 'ratio' | 'port' | 'boolean' | 'yes-no' | 'text' | 'path' | 'address' | 'pattern'

/**
 * What this version makes of a setting.
 * `effective`: it does what the page says. `ensemble`: it concerns servers in an ensemble only.
 * `no effect`: accepted for compatibility; `note` says why nothing has to be done.
 * `not yet`: accepted, but the feature behind it is missing; the start warns when it is set.
 */
type SettingStatus = 'effective' | 'ensemble' | 'no effect' | 'not yet'

/** How much existing installations depend on a setting. */
type SettingImportance = 'must' | 'should' | 'rare'

export interface ConfigEntry {
  /** The name under which guides know the setting; what is written in the file. */
  readonly key: string
  /** Name of the system property that sets it, or null when only the file can. */
  readonly property: string | null
  /** Other names, without the prefix `zookeeper.`, that are accepted in the file and as properties. */
  readonly aliases: readonly string[]
  /**
   * True for keys that Apache's parser knows by name. They are read strictly; every other key is
   * exported as the system property `zookeeper.<key>`, the way Apache's parser does it.
   */
  readonly isField: boolean
  readonly type: SettingType
  /** Value when nothing is set, as it would be written; null when there is none or it is derived. */
  readonly defaultText: string | null
  /** What stands in for a default that is not a constant, in words. */
  readonly defaultNote: string | null
  readonly unit: string | null
  /** Smallest and largest value that makes sense; anything else refuses the start. */
  readonly minimum: number | null
  readonly maximum: number | null
  /** Smaller values are raised to this one, with a warning. */
  readonly floor: number | null
  /** The words that are allowed, when they are few. */
  readonly choices: readonly string[] | null
  readonly importance: SettingImportance
  readonly status: SettingStatus
  /** Why a setting has no effect, or what is missing. */
  readonly note: string | null
  /** One or two sentences for the documentation. */
  readonly doc: string
  /** True when the value must not appear in logs. */
  readonly isSecret: boolean
}

/** Rows of one heading of the documentation. */
export interface ConfigSection {
  readonly title: string
  readonly entries: readonly ConfigEntry[]
}

/** What a row may say beyond its name, type and sentence; see `ConfigEntry` for the meanings. */
export interface SettingOptions {
  /** `true`: the property is `zookeeper.` + key. A text: the property's full name. Absent: there is none. */
  readonly property?: true | string
  /** Whether Apache's parser knows the key by name; by default true exactly when there is no property. */
  readonly field?: boolean
  readonly aliases?: readonly string[]
  readonly default?: string
  readonly defaultNote?: string
  readonly unit?: string
  readonly min?: number
  readonly max?: number
  readonly floor?: number
  readonly choices?: readonly string[]
  readonly importance?: SettingImportance
  readonly status?: SettingStatus
  readonly note?: string
  readonly secret?: boolean
}

/** The prefix of nearly all system properties, which the file leaves out. */
export const PROPERTY_PREFIX = 'zookeeper.'

/** Makes a row. A row is `effective` and `should` unless it says otherwise. */
export function setting(key: string, type: SettingType, doc: string, options: SettingOptions = {}): ConfigEntry {
  const property = options.property === true ? PROPERTY_PREFIX + key : (options.property ?? null)
  return {
    key,
    property,
    aliases: options.aliases ?? [],
    isField: options.field ?? property === null,
    type,
    defaultText: options.default ?? null,
    defaultNote: options.defaultNote ?? null,
    unit: options.unit ?? null,
    minimum: options.min ?? null,
    maximum: options.max ?? null,
    floor: options.floor ?? null,
    choices: options.choices ?? null,
    importance: options.importance ?? 'should',
    status: options.status ?? 'effective',
    note: options.note ?? null,
    doc,
    isSecret: options.secret ?? false,
  }
}

/** Rows that differ in nothing but their names: settings of parts that this server does not have. */
export function withoutEffect(note: string, keys: readonly string[], doc: string): ConfigEntry[] {
  return keys.map((key) => setting(key, 'text', doc, { property: true, importance: 'rare', status: 'no effect', note }))
}
