/**
 * Prints which acceptance rows are pinned by which tests, and which are not.
 *
 *   npx tsx scripts/acceptance-rows.ts [--standalone | --scope <name>] [--missing]
 *
 * The rows are in `acceptance-rows.json`: number, title, and the scopes that a row concerns. A test pins rows by beginning its name with
 * their numbers, as in `A31: ten digits` or `A5 A12: in the order sent`; that holds for titles in TypeScript, names of cases in Python, Java
 * and C, and headings of transcripts. Exit code 1 if a row of the chosen scope is not pinned.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

interface AcceptanceRow {
  readonly number: number
  readonly title: string
  readonly scopes: readonly string[]
}

const REPOSITORY = join(dirname(fileURLToPath(import.meta.url)), '..')
/** Where tests are; each package has its own folder besides. */
const TEST_FOLDERS = ['tests', 'examples']
const TEST_FILE = /\.(ts|py|java|c|txt)$/
const SKIPPED_FOLDERS: ReadonlySet<string> = new Set(['node_modules', 'golden', 'dist', '__pycache__'])
/** Rows in front of a name: behind the quotation mark that opens it, or behind the `==` that opens a case of a transcript. */
const ROWS_IN_NAME = /(?:['"`]|^== )((?:A\d{1,3}[ ,]+)*A\d{1,3}): /gm

const COMMENT_LINE = /^\s*(?:\/\/|\/?\*|#).*$/gm

const { values } = parseArgs({
  options: {
    standalone: { type: 'boolean', default: false },
    scope: { type: 'string' },
    missing: { type: 'boolean', default: false },
  },
})
process.exitCode = main()

function main(): number {
  const allRows = JSON.parse(readFileSync(join(REPOSITORY, 'scripts', 'acceptance-rows.json'), 'utf8')) as AcceptanceRow[]
  const scope = values.standalone ? 'standalone' : values.scope
  const scopes = new Set(allRows.flatMap((row) => row.scopes))
  if (scope !== undefined && !scopes.has(scope)) {
    console.error(`--scope ${scope}: the scopes are ${[...scopes].sort().join(', ')}`)
    return 2
  }
  const rows = scope === undefined ? allRows : allRows.filter((row) => row.scopes.includes(scope))
  const pins = collectPins()
  const unknown = [...pins.keys()].filter((number) => !allRows.some((row) => row.number === number))
  for (const number of unknown) console.error(`A${number} is no row, and ${[...(pins.get(number) ?? [])].join(', ')} names it`)
  const missing = rows.filter((row) => !pins.has(row.number))
  if (!values.missing) {
    for (const row of rows) console.log(`${label(row)}  ${[...(pins.get(row.number) ?? ['-'])].join(', ')}`)
    console.log('')
  }
  console.log(
    `${rows.length - missing.length} of ${rows.length} rows${scope === undefined ? '' : ` of scope ${scope}`} are pinned`,
  )
  if (missing.length > 0) console.log('not pinned:')
  for (const row of missing) console.log(`  ${label(row)}  ${row.scopes.join(' ')}`)
  return missing.length === 0 && unknown.length === 0 ? 0 : 1
}

function label(row: AcceptanceRow): string {
  return `${`A${row.number}`.padEnd(4)} ${row.title.padEnd(38)}`
}

/** The test files that name each row, relative to the repository and in order. */
function collectPins(): Map<number, Set<string>> {
  const pins = new Map<number, Set<string>>()
  for (const file of testFiles()) {
    // A comment that speaks of a row pins nothing.
    const code = readFileSync(file, 'utf8').replaceAll(COMMENT_LINE, '')
    for (const match of code.matchAll(ROWS_IN_NAME)) {
      for (const tag of match[1]?.match(/\d+/g) ?? []) {
        const files = pins.get(Number(tag)) ?? new Set<string>()
        files.add(relative(REPOSITORY, file))
        pins.set(Number(tag), files)
      }
    }
  }
  return pins
}

function testFiles(): string[] {
  const packages = readdirSync(join(REPOSITORY, 'packages'), { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const folders = [...TEST_FOLDERS, ...packages.map((entry) => join('packages', entry.name, 'test'))]
  return folders.flatMap((folder) => filesBelow(join(REPOSITORY, folder))).sort()
}

function filesBelow(folder: string): string[] {
  const files: string[] = []
  let entries: ReturnType<typeof listFolder>
  try {
    entries = listFolder(folder)
  } catch (error) {
    // A package without tests, or no examples yet.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return files
    throw error
  }
  for (const entry of entries) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) {
      if (!SKIPPED_FOLDERS.has(entry.name)) files.push(...filesBelow(path))
    } else if (TEST_FILE.test(entry.name)) files.push(path)
  }
  return files
}

function listFolder(folder: string): import('node:fs').Dirent[] {
  return readdirSync(folder, { withFileTypes: true })
}
