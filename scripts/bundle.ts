// Bundles what is started or imported often, so that a start loads a few files instead of many modules: the program that the
// launchers run takes half the time and saves megabytes, and the client is imported in a third of the time. The other packages
// are published as the compiler emits them.

import { rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type BuildOptions, build, type Plugin } from 'esbuild'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Where the program comes from: what the compiler emitted, or, for tests, the sources themselves. */
export type BundleSource = 'dist' | 'src'

/**
 * Writes `main.js` and its parts into the directory, which is emptied before: the commands, each imported when it is called for,
 * and the server, one file that they all share.
 */
export async function bundleProgram(source: BundleSource, outDirectory: string): Promise<void> {
  rmSync(outDirectory, { force: true, recursive: true })
  const common = { ...COMMON, conditions: source === 'dist' ? [] : ['@tskeeper/source'] }
  await build({
    ...common,
    entryPoints: [source === 'dist' ? 'packages/cli/dist/main.js' : 'packages/cli/src/main.ts'],
    outdir: outDirectory,
    // What is imported when it is called for stays apart.
    splitting: true,
    plugins: [SERVER_APART],
  })
  await bundleServer(common, source, outDirectory)
}

const COMMON = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  legalComments: 'none',
} as const satisfies BuildOptions

const SERVER_FILE = 'server.js'

/** The commands import the server's program from its file beside them. */
const SERVER_APART: Plugin = {
  name: 'server-apart',
  setup(bundler) {
    bundler.onResolve({ filter: /^@tskeeper\/server\/main$/ }, () => ({ path: `./${SERVER_FILE}`, external: true }))
  },
}

/**
 * The server lives for long and idles often, so what its start leaves behind counts. A second dozen of modules makes the
 * loader's own functions hot, and the compiler that is then brought into memory takes four megabytes; the text of a program stays
 * in memory as long as it runs. So this is one file without blanks.
 */
async function bundleServer(common: BuildOptions, source: BundleSource, outDirectory: string): Promise<void> {
  await build({
    ...common,
    entryPoints: [source === 'dist' ? 'packages/server/dist/main.js' : 'packages/server/src/main.ts'],
    outfile: resolve(outDirectory, SERVER_FILE),
    ...WITHOUT_BLANKS,
  })
}

/** Names stay, and lines stay short, for the traces in logs. */
const WITHOUT_BLANKS = { minifyWhitespace: true, minifySyntax: true, lineLimit: 160 } as const satisfies BuildOptions

/** Writes the client's two entry points and what they share, with the protocol inside: nothing else has to be loaded. */
async function bundleClient(): Promise<void> {
  const outdir = resolve(ROOT, 'packages/client/dist/bundle')
  rmSync(outdir, { force: true, recursive: true })
  await build({
    ...COMMON,
    entryPoints: ['packages/client/dist/index.js', 'packages/client/dist/portable.js'],
    outdir,
    splitting: true,
    ...WITHOUT_BLANKS,
  })
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  // The client first: the program loads it by its package's entry.
  await bundleClient()
  await bundleProgram('dist', resolve(ROOT, 'packages/cli/dist/bundle'))
}
