// What is published must be whole: who installs a package gets its licence, a page that says what it is, and nothing that leads nowhere.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))

interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly main?: string
  readonly types?: string
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  readonly files: readonly string[]
  readonly dependencies?: Readonly<Record<string, string>>
}

const published = readdirSync(join(root, 'packages'))
  .map((folder) => {
    const directory = join(root, 'packages', folder)
    return { directory, manifest: JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest }
  })
  .filter(({ manifest }) => manifest.private !== true)

test('every published package brings the licence, a page of its own and the version of Node that it needs', () => {
  expect(published.length).toBeGreaterThan(0)
  const license = readFileSync(join(root, 'LICENSE'), 'utf8')
  for (const { directory, manifest } of published) {
    expect(readFileSync(join(directory, 'LICENSE'), 'utf8') === license, manifest.name).toBe(true)
    expect(readFileSync(join(directory, 'README.md'), 'utf8').split('\n')[0]).toBe(`# ${manifest.name}`)
    expect(manifest).toMatchObject({
      license: 'Apache-2.0',
      type: 'module',
      engines: { node: '>=20.20' },
      publishConfig: { access: 'public' },
    })
  }
})

test('every entry of a published package has a source here, and types and code that are published', () => {
  for (const { directory, manifest } of published) {
    for (const [entry, target] of Object.entries(manifest.exports)) {
      if (typeof target === 'string') {
        expect([entry, target]).toEqual(['./package.json', './package.json'])
        continue
      }
      // Whoever resolves takes the first condition that fits: types come before code.
      expect(Object.keys(target)).toEqual(['@tskeeper/source', 'types', 'default'])
      const { types = '', default: code = '', '@tskeeper/source': source = '' } = target
      expect(existsSync(join(directory, source)), `${manifest.name} ${entry}`).toBe(true)
      for (const file of [types, code]) expect(isPublished(manifest.files, file), `${manifest.name} ${file}`).toBe(true)
      if (entry === '.') expect([manifest.types, manifest.main]).toEqual([types, code])
    }
  }
})

/** Whether `files` of a manifest takes a file in, as far as our manifests make use of what such lists can say. */
function isPublished(files: readonly string[], file: string): boolean {
  return files.some((pattern) => {
    const [folder = '', ending = ''] = pattern.split('/**/*')
    return file.startsWith(`./${folder}/`) && file.endsWith(ending)
  })
}

test('published packages depend on published ones of their own version, and all but the server on nobody else', () => {
  const versions = new Map(published.map(({ manifest }) => [manifest.name, manifest.version]))
  for (const { manifest } of published) {
    for (const [name, version] of Object.entries(manifest.dependencies ?? {})) {
      if (name.startsWith('@tskeeper/')) expect([name, version]).toEqual([name, versions.get(name)])
      else expect(manifest.name).toBe('@tskeeper/server')
    }
  }
})

test('the bundle of the command line brings the licences of what it contains', () => {
  const notice = readFileSync(join(root, 'packages/cli/THIRD-PARTY-LICENSES.md'), 'utf8')
  const foreign = published
    .flatMap(({ manifest }) => Object.keys(manifest.dependencies ?? {}))
    .filter((name) => !name.startsWith('@'))
  expect(foreign.length).toBeGreaterThan(0)
  for (const name of foreign) {
    expect(notice).toContain(
      readFileSync(join(root, 'node_modules', name, 'LICENSE'), 'utf8')
        .replaceAll('\r', '')
        .trimEnd(),
    )
  }
})
