import type { Surroundings } from '../surroundings.ts'
import { type LaunchSettings, outputFile, serverCommandLine } from './launch-settings.ts'

/** Prints the command line of a server in the background, ready for a shell. */
export async function printCommand(settings: LaunchSettings, surroundings: Surroundings): Promise<number> {
  const words = serverCommandLine(settings, surroundings).map(quote)
  surroundings.out(`${words.join(' ')} > ${quote(outputFile(settings, surroundings))} 2>&1 < /dev/null\n`)
  return 0
}

function quote(word: string): string {
  return `"${word.replaceAll(/["\\$`]/g, '\\$&')}"`
}
