import { UsageError } from '../command-line.ts'
import { loadUsage, parseLoadOptions } from './load-options.ts'
import { loadLine, runLoad } from './load-run.ts'
import { SocketTransport } from './socket-transport.ts'
import { Violation } from './violation.ts'

const EXIT_USAGE = 1
const EXIT_FAILED = 1
const EXIT_VIOLATION = 3
const EXIT_STALLED = 4

/** The load generator as a command: one JSON object on stdout, whether the run was good or not. */
async function main(): Promise<void> {
  const argv = process.argv.slice(2)
  if (argv.includes('--help')) {
    console.log(loadUsage())
    return
  }
  const options = parseLoadOptions(argv)
  const result = await runLoad(options, new SocketTransport(options.servers))
  console.log(JSON.stringify(result))
  if (!options.isQuiet) console.error(loadLine(result))
}

try {
  await main()
} catch (error) {
  const cause = error instanceof Error ? error : new Error(String(error))
  if (cause instanceof UsageError) {
    console.error(`${cause.message}\n\n${loadUsage()}`)
    process.exit(EXIT_USAGE)
  }
  const violation = cause instanceof Violation ? cause.kind : null
  console.log(JSON.stringify({ failed: cause.message, violation }))
  console.error(violation === null ? `FAILED: ${cause.message}` : `VIOLATION, the result does not count: ${cause.message}`)
  if (violation !== null) process.exit(EXIT_VIOLATION)
  process.exit(cause.message.startsWith('stalled') ? EXIT_STALLED : EXIT_FAILED)
}
