// The code in the pages that users read, as the compiler sees it in a strict project: it would be a bad start if it did not compile.

import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import * as client from '@tskeeper/client'
import * as recipes from '@tskeeper/recipes'
import { expect, test } from 'vitest'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../', import.meta.url))
const compiler = join(createRequire(import.meta.url).resolve('typescript/package.json'), '../bin/tsc')

const PAGES = [
  'README.md',
  'docs/client.md',
  'docs/guide.md',
  'docs/recipes.md',
  'docs/testing.md',
  'packages/client/README.md',
  'packages/protocol/README.md',
  'packages/recipes/README.md',
  'packages/server/README.md',
  'packages/testing/README.md',
]

/** What the pieces of a page take for granted, because the page has spoken of it before or because it is the reader's own. */
const GIVEN = `
declare const zk: import('@tskeeper/client').ZooKeeper
declare const ensemble: Awaited<ReturnType<typeof import('@tskeeper/testing').startEnsemble>>
declare const settings: object, changed: object, shutdown: AbortSignal, job: string, next: string, line: string
declare function writeReport(report: { readonly token: bigint; readonly signal: AbortSignal }): Promise<void>
declare function startMyService(options: { readonly zookeeper: string }): Promise<{ isHealthy(): Promise<boolean> }>
declare const test: (name: string, body: () => Promise<void>) => void
declare const expect: (value: unknown) => { toBe(expected: unknown): void }
`

/** What a page need not import again in each of its pieces. */
function imported(module: string, names: readonly string[]): string {
  return names.map((name) => `declare const ${name}: typeof import('${module}').${name}`).join('\n')
}

const CONFIGURATION = {
  extends: join(root, 'tsconfig.base.json'),
  compilerOptions: {
    composite: false,
    declaration: false,
    isolatedDeclarations: false,
    noEmit: true,
    noUnusedLocals: false,
  },
  include: ['*.ts'],
}

/** The pieces of a page, each a module; the guide's belong together, and are one. */
function modulesOf(page: string): string[] {
  const pieces = [...readFileSync(join(root, page), 'utf8').matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => code ?? '')
  return page === 'docs/guide.md' ? [pieces.join('\n')] : pieces
}

/** What the compiler says about the files of a directory. */
async function complaintsAbout(directory: string): Promise<string> {
  try {
    await run(process.execPath, [compiler, '-p', directory])
    return ''
  } catch (error) {
    return String((error as { readonly stdout?: unknown }).stdout ?? error)
  }
}

test('the code of the README, of the pages about the libraries and of the packages compiles in a strict project', async () => {
  // Within the repository, where the packages are found.
  const directory = mkdtempSync(fileURLToPath(new URL('.documented-', import.meta.url)))
  try {
    writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify(CONFIGURATION))
    const imports = [imported('@tskeeper/client', Object.keys(client)), imported('@tskeeper/recipes', Object.keys(recipes))]
    writeFileSync(join(directory, 'given.d.ts'), [GIVEN, ...imports].join('\n'))
    for (const page of PAGES) {
      const modules = modulesOf(page)
      expect(modules.length, page).toBeGreaterThan(0)
      modules.forEach((code, index) => {
        writeFileSync(join(directory, `${page.replaceAll('/', '_')}-${index}.ts`), `${code}\nexport {}\n`)
      })
    }
    expect(await complaintsAbout(directory)).toBe('')
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}, 120_000)
