// What the packages may lean on. The linter holds the boundaries in the sources; here stands what users rely on.

import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const RECIPES = fileURLToPath(new URL('../../packages/recipes/', import.meta.url))
const SOURCES = join(RECIPES, 'src')
/** The end of an import or export at the start of a line, or a call of import. */
const IMPORT = /(?:^(?:import|export|\})(?:[^'"\n]*\bfrom)?|\bimport\()\s*['"]([^'"\n]+)['"]/gm

interface Import {
  readonly file: string
  readonly specifier: string
}

function importsBelow(directory: string): Import[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) =>
      [...readFileSync(join(directory, file), 'utf8').matchAll(IMPORT)].map(([, specifier = '']) => ({ file, specifier })),
    )
}

/** Neither the client's public surface nor a file of the recipes themselves. */
function isForeign({ file, specifier }: Import): boolean {
  if (specifier === '@tskeeper/client') return false
  return !specifier.startsWith('.') || relative(SOURCES, resolve(SOURCES, file, '..', specifier)).startsWith('..')
}

test("A4: recipes are built on the client's public API and on nothing else", () => {
  const imports = importsBelow(SOURCES)
  expect(imports.filter(({ specifier }) => specifier === '@tskeeper/client').length).toBeGreaterThan(20)
  expect(imports.filter(isForeign)).toEqual([])
  const manifest = JSON.parse(readFileSync(join(RECIPES, 'package.json'), 'utf8')) as { readonly dependencies: object }
  expect(Object.keys(manifest.dependencies)).toEqual(['@tskeeper/client'])
})

test('an import of the server, of a hidden file of the client or of another package is noticed', () => {
  const inLock = (specifier: string): boolean => isForeign({ file: 'lock/lock.ts', specifier })
  expect(['@tskeeper/server', '@tskeeper/client/portable', '../../../client/src/stat.ts', 'node:fs'].map(inLock)).toEqual(
    Array.from({ length: 4 }, () => true),
  )
  expect(['@tskeeper/client', '../line/place.ts', './lease.ts'].some(inLock)).toBe(false)
})
