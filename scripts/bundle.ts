// Bundles the program that the launchers run, so that a start loads a few files instead of two hundred modules: it
// takes half the time and saves megabytes. The packages that are published are what the compiler emits; this is for
// the executable only.

import { rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Where the program comes from: what the compiler emitted, or, for tests, the sources themselves. */
export type BundleSource = 'dist' | 'src'

/** Writes `main.js` and its parts into the directory, which is emptied before. */
export async function bundleProgram(source: BundleSource, outDirectory: string): Promise<void> {
  rmSync(outDirectory, { force: true, recursive: true })
  await build({
    absWorkingDir: ROOT,
    entryPoints: [source === 'dist' ? 'packages/cli/dist/main.js' : 'packages/cli/src/main.ts'],
    conditions: source === 'dist' ? [] : ['@tskeeper/source'],
    outdir: outDirectory,
    bundle: true,
    // What is imported when it is called for stays apart.
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    legalComments: 'none',
  })
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  await bundleProgram('dist', resolve(ROOT, 'packages/cli/dist/bundle'))
