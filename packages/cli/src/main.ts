import { runCommand } from './run-command.ts'
import { processSurroundings } from './surroundings.ts'

process.exit(await runCommand(process.argv.slice(2), processSurroundings()))
