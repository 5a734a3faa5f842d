import { expect, test } from 'vitest'
import type { SettingType } from '../../src/config/config-entry.ts'
import { configEntries, entryOfFileKey, entryOfProperty, fileNames, propertyNames } from '../../src/config/config-table.ts'
import { Settings } from '../../src/config/settings.ts'
import { RecordingLogger } from '../recording-logger.ts'
import { load } from './sources.ts'

test('no name means two settings', () => {
  const names = configEntries.flatMap(fileNames)
  expect(names.length).toBe(new Set(names).size)
  const properties = configEntries.flatMap(propertyNames)
  expect(properties.length).toBe(new Set(properties).size)
})

test('every name leads to its row', () => {
  for (const entry of configEntries) {
    const example = (name: string): string => name.replace('*', '1')
    for (const name of fileNames(entry)) expect(entryOfFileKey(example(name)), name).toBe(entry)
    for (const name of propertyNames(entry)) expect(entryOfProperty(example(name)), name).toBe(entry)
  }
})

test('a pattern needs something in place of its star', () => {
  expect(entryOfFileKey('authProvider.')).toBeNull()
  expect(entryOfFileKey('authProvider.1')?.key).toBe('authProvider.*')
})

test('every default is a good value of its type', () => {
  const settings = new Settings(new Map(), 'none', new Map(), new RecordingLogger())
  for (const entry of configEntries) {
    if (entry.type === 'boolean') expect(typeof settings.boolean(entry.key), entry.key).toBe('boolean')
    if (entry.type === 'yes-no') expect(typeof settings.yesNo(entry.key), entry.key).toBe('boolean')
    if (entry.type === 'integer') settings.optionalInteger(entry.key)
    if (entry.type === 'port') settings.port(entry.key)
    if (entry.type === 'long') expect(Number.isSafeInteger(settings.long(entry.key)), entry.key).toBe(true)
    if (entry.choices !== null && entry.defaultText !== null) expect(entry.choices).toContain(entry.defaultText)
  }
})

test('what has no effect or is missing says why, in a sentence', () => {
  for (const entry of configEntries) {
    const needsNote = entry.status === 'no effect' || entry.status === 'not yet'
    expect(entry.note !== null, entry.key).toBe(needsNote)
    if (entry.note !== null) expect(entry.note, entry.key).toMatch(/\.$/)
    expect(entry.doc, entry.key).toMatch(/\.$/)
  }
})

// Sets each of them to something else than its default and looks for a difference.
test.each(configEntries.filter((entry) => entry.status === 'effective').map((entry) => [entry.key, entry] as const))(
  'the effective setting %s changes the configuration',
  (key, entry) => {
    const others = `dataDir=/d\n${NEEDED_BESIDE[key] ?? ''}`
    const line = `${key.replace('*', '1')}=${OTHER_VALUES[key] ?? OTHER_VALUES_BY_TYPE[entry.type]}\n`
    expect(content(others + line)).not.toEqual(content(others))
  },
)

/** Lines without which a setting would be refused or would change nothing. */
const NEEDED_BESIDE: Readonly<Record<string, string>> = {
  clientPortAddress: 'clientPort=2181\n',
  standaloneEnabled: 'server.1=a:1:2\ninitLimit=1\nsyncLimit=1\n',
}

const OTHER_VALUES_BY_TYPE: Readonly<Record<SettingType, string>> = {
  integer: '77',
  long: '77',
  port: '77',
  ratio: '0.77',
  boolean: 'true',
  'yes-no': 'yes',
  text: 'other',
  path: '/elsewhere',
  address: '127.0.0.1',
  pattern: 'other',
}

/** Where the value above is the default, or not one of the words allowed. */
const OTHER_VALUES: Readonly<Record<string, string>> = {
  maxSessionTimeout: '70000',
  'snapshot.compression.method': 'gz',
  'serializeLastProcessedZxid.enabled': 'false',
  forceSync: 'no',
  'datadir.autocreate': 'false',
  'db.autocreate': 'false',
  'digest.enabled': 'false',
  standaloneEnabled: 'false',
  'closeSessionTxn.enabled': 'false',
  'DigestAuthenticationProvider.enabled': 'false',
  requestThrottleDropStale: 'false',
}

/** A configuration without the parts that only repeat the text of the file. */
function content(text: string): object {
  const {
    configText: _text,
    fileProperties: _file,
    systemProperties: _properties,
    ...rest
  } = load(text, { files: { '/d/myid': '1' } }).config
  return { ...rest, myId: null }
}
