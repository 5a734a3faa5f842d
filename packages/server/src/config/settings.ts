// What was set, and where: the keys of the file and the system properties, brought together row by row of
// the table. The file wins over a property of the same setting, because Apache's server applies it later.

import { ConfigError, INTEGER_MAX, INTEGER_MIN, isMembershipKey, notANumber, parseWholeNumber } from '@tskeeper/core'
import type { Logger } from '../logger.ts'
import { type ConfigEntry, PROPERTY_PREFIX } from './config-entry.ts'
import { configEntries, entryOfFileKey, entryOfProperty, entryWithKey, fileNames, propertyNames } from './config-table.ts'
import { nearestName } from './nearest-name.ts'
import { parseWholeNumberOrHex } from './whole-number.ts'

/** One setting as given. */
interface Given {
  readonly text: string
  /** How and where it was written, for messages: `tickTime=abc in conf/zoo.cfg`. */
  readonly origin: string
  /** The name that was used, in the file or as a property. */
  readonly name: string
  readonly isFromFile: boolean
}

/** All settings of a server, read by their keys in the table; every getter throws `ConfigError` for a value that makes no sense. */
export class Settings {
  /** System properties after the file was applied, by full name. */
  readonly systemProperties: ReadonlyMap<string, string>
  /** Keys that were read; a test compares them with the table. */
  readonly keysRead: Set<string> = new Set()
  readonly #given: ReadonlyMap<string, Given>
  readonly #patterned: ReadonlyMap<string, ReadonlyMap<string, string>>
  readonly #logger: Logger

  constructor(file: ReadonlyMap<string, string>, fileName: string, properties: ReadonlyMap<string, string>, logger: Logger) {
    this.#logger = logger
    const given = new Map<string, Given>()
    const patterned = new Map<string, Map<string, string>>()
    const systemProperties = new Map(properties)
    const take = (entry: ConfigEntry, name: string, text: string, isFromFile: boolean, origin: string): void => {
      if (entry.type === 'pattern') {
        const values = patterned.get(entry.key) ?? new Map<string, string>()
        patterned.set(entry.key, values.set(isFromFile ? name : name.slice(PROPERTY_PREFIX.length), text))
        return
      }
      const earlier = given.get(entry.key)
      if (earlier === undefined || earlier.isFromFile !== isFromFile) {
        if (earlier !== undefined) this.#logger.warn(`${origin} wins over ${earlier.origin}`)
        given.set(entry.key, { text, origin, name, isFromFile })
      } else if (name === entry.key || name === entry.property) {
        // Two spellings of one setting in one place: the one under which the documentation has it counts.
        this.#logger.warn(`${origin} wins over ${earlier.origin}`)
        given.set(entry.key, { text, origin, name, isFromFile })
      } else this.#logger.warn(`${earlier.origin} wins over ${origin}`)
    }
    for (const [name, text] of properties) {
      const entry = entryOfProperty(name)
      if (entry !== null) take(entry, name, text, false, `-D${name}=${shown(entry, text)}`)
      else this.#warnAboutUnknownProperty(name)
    }
    for (const [key, text] of file) {
      if (isMembershipKey(key)) continue
      const entry = entryOfFileKey(key)
      if (entry === null) this.#warnAboutUnknownKey(key, fileName)
      else take(entry, key, text, true, `${key}=${shown(entry, text)} in ${fileName}`)
      if (entry?.isField !== true) systemProperties.set(exportedName(entry, key), text)
    }
    this.systemProperties = systemProperties
    this.#given = given
    this.#patterned = patterned
  }

  /** A 32-bit whole number; null when nothing was set and the table has no default. */
  optionalInteger(key: string): number | null {
    return this.#wholeNumber(key, INTEGER_MIN, INTEGER_MAX)
  }

  /** A 32-bit whole number, or the default of the table. */
  integer(key: string): number {
    return defined(key, this.optionalInteger(key))
  }

  /** A whole number up to 2^53, or the default of the table. */
  long(key: string): number {
    return defined(key, this.#wholeNumber(key, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER))
  }

  /** A decimal fraction, or the default of the table. */
  ratio(key: string): number {
    return defined(key, this.#ratio(key))
  }

  /** A port; null when none was set or it is 0. */
  port(key: string): number | null {
    const port = this.optionalInteger(key)
    if (port !== null && (port < 0 || port > 65535)) {
      throw new ConfigError(`port out of range:${port}`, `${this.#originOf(key)} must be a number from 1 to 65535`)
    }
    return port === 0 ? null : port
  }

  /** True or false. Apache reads the keys that its parser knows strictly; of other values only `true` is true. */
  boolean(key: string): boolean {
    const { entry, text } = this.#read(key)
    const word = (text ?? '').toLowerCase()
    if (word === 'true') return true
    if (word === 'false') return false
    if (entry.isField) throw new ConfigError(`Invalid option ${text} for ${key}. Choose 'true' or 'false.'`, this.#originOf(key))
    this.#logger.warn(`${this.#originOf(key)} counts as false: write true or false`)
    return false
  }

  /** True for `yes`. Other words than `yes` and `no` are refused: Apache takes them all for `no`, which nobody means by `forceSync=true`. */
  yesNo(key: string): boolean {
    const word = (this.#read(key).text ?? '').toLowerCase()
    if (word === 'yes') return true
    if (word === 'no') return false
    throw new ConfigError(`Invalid option ${word} for ${key}. Choose 'yes' or 'no.'`, this.#originOf(key))
  }

  /** The text as written, the default of the table, or null. */
  text(key: string): string | null {
    const { entry, text } = this.#read(key)
    if (text !== null && entry.choices !== null && !entry.choices.some((choice) => choice.toLowerCase() === text.toLowerCase())) {
      throw new ConfigError(
        `Invalid option ${text} for ${key}`,
        `${this.#originOf(key)} must be one of: ${entry.choices.filter(Boolean).join(', ')}`,
      )
    }
    return text
  }

  /** The same for settings that have a default. */
  textOrDefault(key: string): string {
    return defined(key, this.text(key))
  }

  /** Names (as in a file) and values of a row whose key ends in `*`. */
  pattern(key: string): ReadonlyMap<string, string> {
    this.keysRead.add(key)
    return this.#patterned.get(key) ?? new Map<string, string>()
  }

  /** True when somebody set it, whatever the value. */
  isSet(key: string): boolean {
    return this.#given.has(key)
  }

  /**
   * Checks the values of settings that nothing reads yet, so that a mistake in them shows today and not when
   * the feature comes, and says of each missing feature that somebody asked for that it is missing.
   */
  checkUnread(): void {
    for (const entry of configEntries) {
      const given = this.#given.get(entry.key)
      const isPatternSet = this.#patterned.has(entry.key)
      if (given === undefined && !isPatternSet) continue
      if (!this.keysRead.has(entry.key) && entry.status !== 'no effect') this.#check(entry)
      if (entry.status === 'not yet' && asksForSomething(entry, given?.text ?? null)) {
        this.#logger.warn(`${given?.origin ?? entry.key} has no effect: ${entry.note ?? ''}`)
      }
      if (entry.status === 'no effect') this.#logger.debug(`${given?.origin ?? entry.key} has no effect: ${entry.note ?? ''}`)
    }
  }

  #check(entry: ConfigEntry): void {
    switch (entry.type) {
      case 'integer':
        this.optionalInteger(entry.key)
        return
      case 'long':
        this.#wholeNumber(entry.key, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
        return
      case 'port':
        this.port(entry.key)
        return
      case 'boolean':
        this.boolean(entry.key)
        return
      case 'yes-no':
        this.yesNo(entry.key)
        return
      case 'ratio':
        this.#ratio(entry.key)
        return
      case 'text':
        this.text(entry.key)
        return
      case 'path':
      case 'address':
      case 'pattern':
        return
    }
  }

  #wholeNumber(key: string, lowest: number, highest: number): number | null {
    const { entry, text } = this.#read(key)
    if (text === null) return null
    const remedy = `${this.#originOf(key)} must be ${wholeNumberWords(entry)}`
    const value = entry.isField
      ? parseWholeNumber(text, lowest, highest, remedy)
      : parseWholeNumberOrHex(text, lowest, highest, remedy)
    if (entry.floor !== null && value < entry.floor) {
      this.#logger.warn(`Invalid ${key}: ${value}. Defaulting to ${entry.floor}`)
      return entry.floor
    }
    const isInRange = value >= (entry.minimum ?? value) && value <= (entry.maximum ?? value)
    if (!isInRange) throw new ConfigError(`${key} is out of range`, remedy)
    return value
  }

  #ratio(key: string): number | null {
    const { entry, text } = this.#read(key)
    if (text === null) return null
    const value = text === '' ? Number.NaN : Number(text)
    if (!Number.isFinite(value))
      throw new ConfigError(notANumber(text), `${this.#originOf(key)} must be a number, for example 0.33`)
    if (value >= (entry.minimum ?? value) && value <= (entry.maximum ?? value)) return value
    throw new ConfigError(
      `${key} is out of range`,
      `${this.#originOf(key)} must be a number from ${entry.minimum} to ${entry.maximum}, for example ${entry.defaultText}`,
    )
  }

  #read(key: string): { entry: ConfigEntry; text: string | null } {
    const entry = entryWithKey(key)
    if (entry === null) throw new Error(`the table of settings has no row ${key}`)
    this.keysRead.add(key)
    return { entry, text: this.#given.get(key)?.text ?? entry.defaultText }
  }

  #originOf(key: string): string {
    return this.#given.get(key)?.origin ?? key
  }

  #warnAboutUnknownKey(key: string, fileName: string): void {
    const isPrefixed = key.startsWith(PROPERTY_PREFIX) && entryOfFileKey(key.slice(PROPERTY_PREFIX.length)) !== null
    const meant = isPrefixed ? key.slice(PROPERTY_PREFIX.length) : nearestName(key, fileKeys())
    this.#logger.warn(`Unknown key ${key} in ${fileName} has no effect${meant === null ? '' : `; did you mean ${meant}?`}`)
  }

  /** Properties of other programs and of the runtime are nobody's mistake; only our own prefix is looked at. */
  #warnAboutUnknownProperty(name: string): void {
    if (!name.startsWith(PROPERTY_PREFIX) || PROPERTIES_OF_LAUNCHERS.has(name)) return
    const key = name.slice(PROPERTY_PREFIX.length)
    if (entryOfFileKey(key) !== null) {
      this.#logger.warn(`-D${name} has no effect: ${key} can only be set in the configuration file`)
      return
    }
    const meant = nearestName(name, configEntries.flatMap(propertyNames))
    this.#logger.warn(`Unknown property ${name} has no effect${meant === null ? '' : `; did you mean ${meant}?`}`)
  }
}

/** Set by launch scripts for Apache's logging; not settings of a server. */
const PROPERTIES_OF_LAUNCHERS: ReadonlySet<string> = new Set([
  'zookeeper.root.logger',
  'zookeeper.console.threshold',
  'zookeeper.log.dir',
  'zookeeper.log.file',
  'zookeeper.log.threshold',
])

/** The system property that a key of the file becomes. */
function exportedName(entry: ConfigEntry | null, key: string): string {
  if (entry === null || entry.type === 'pattern') return PROPERTY_PREFIX + key
  return entry.property ?? PROPERTY_PREFIX + key
}

/** Turning a missing feature off, or setting it to what it is anyway, asks for nothing. */
function asksForSomething(entry: ConfigEntry, text: string | null): boolean {
  if (entry.type === 'boolean') return text?.toLowerCase() === 'true'
  return text !== entry.defaultText
}

function fileKeys(): string[] {
  return configEntries.filter((entry) => entry.type !== 'pattern').flatMap(fileNames)
}

function shown(entry: ConfigEntry, text: string): string {
  return entry.isSecret ? '(hidden)' : text
}

function wholeNumberWords(entry: ConfigEntry): string {
  const unit = entry.unit === null ? '' : ` (${entry.unit})`
  const lowest = entry.minimum === null ? '' : ` of at least ${entry.minimum}`
  const example = entry.defaultText === null ? '' : `, for example ${entry.key}=${entry.defaultText}`
  return `a whole number${lowest}${unit}${example}`
}

function defined<Value>(key: string, value: Value | null): Value {
  if (value === null) throw new Error(`the table of settings has no default for ${key}`)
  return value
}
