// npm run sim:mutants [-- --only NAME] [--seeds COUNT]: plants one mistake after the other into the servers, and looks for the
// first seed whose run goes wrong.

import { parseArgs } from 'node:util'
import type { Mutant } from '../mutants/mutant.ts'
import { MUTANTS } from '../mutants/mutants.ts'
import { simulate } from '../run/simulation.ts'
import { makeScenario } from '../scenario/make-scenario.ts'

const SEEDS_MAX = 500

const { values } = parseArgs({ options: { only: { type: 'string' }, seeds: { type: 'string', default: String(SEEDS_MAX) } } })
const seedsMax = Number(values.seeds)
const chosen = MUTANTS.filter((mutant) => values.only === undefined || mutant.name === values.only)

console.log(`${'mutant'.padEnd(26)}${'seed'.padStart(6)}${'seconds'.padStart(9)}  what was found`)
let survivors = 0
for (const mutant of chosen) if (!(await hunt(mutant))) survivors++
console.log(
  survivors === 0
    ? `all ${chosen.length} were found`
    : `${survivors} of ${chosen.length} were not found in ${seedsMax} seeds each`,
)
process.exitCode = survivors === 0 ? 0 : 1

async function hunt(mutant: Mutant): Promise<boolean> {
  const beganMs = performance.now()
  const remove = mutant.plant()
  try {
    for (let seed = 1; seed <= seedsMax; seed++) {
      const { failure } = await simulate(makeScenario(seed))
      if (failure === null) continue
      print(mutant.name, String(seed), beganMs, failure.message)
      return true
    }
    print(mutant.name, '-', beganMs, `NOT FOUND: ${mutant.description}`)
    return false
  } finally {
    remove()
  }
}

function print(name: string, seed: string, beganMs: number, what: string): void {
  const seconds = ((performance.now() - beganMs) / 1000).toFixed(1)
  const line = what.replaceAll('\n', ' ')
  console.log(
    `${name.padEnd(26)}${seed.padStart(6)}${seconds.padStart(9)}  ${line.length > 110 ? `${line.slice(0, 107)}...` : line}`,
  )
}
