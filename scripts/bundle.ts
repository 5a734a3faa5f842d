// Bundles the program that the launchers run, so that a start loads a few files instead of two hundred modules: it
// takes half the time and saves megabytes. The packages that are published are what the compiler emits; this is for
// the executable only.

import { rmSync } from 'node:fs'
import { build } from 'esbuild'

const OUT_DIRECTORY = 'packages/cli/dist/bundle'

rmSync(OUT_DIRECTORY, { force: true, recursive: true })
await build({
  entryPoints: ['packages/cli/dist/main.js'],
  outdir: OUT_DIRECTORY,
  bundle: true,
  // What is imported when it is called for stays apart.
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  legalComments: 'none',
})
