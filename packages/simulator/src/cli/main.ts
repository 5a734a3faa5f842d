// npm run sim -- --seed N [--transcript] [--logs] | --seeds COUNT [--from N] | --minutes M

import { simulate } from '../run/simulation.ts'
import { makeScenario } from '../scenario/make-scenario.ts'

const seed = Number(process.argv[2] ?? 1)
const count = Number(process.argv[3] ?? 1)
const verbose = process.argv[4]
const began = performance.now()
let virt = 0,
  ev = 0,
  com = 0,
  ack = 0,
  ep = 0
const kinds = new Map<string, number[]>()
for (let s = seed; s < seed + count; s++) {
  const o = await simulate(makeScenario(s), { isTranscriptKept: verbose !== undefined, areLogsKept: verbose === 'logs' })
  virt += o.virtualMs
  ev += o.eventCount
  com += o.committedCount
  ack += o.acknowledgedCount
  ep += o.epochCount
  if (verbose) console.log(o.transcript.join('\n'))
  if (o.failure) {
    const k = o.failure.name + ' ' + o.failure.message.replace(/0x[0-9a-f]+|[0-9]+/g, 'N').slice(0, 160)
    if (!kinds.has(k)) {
      kinds.set(k, [])
      console.log('seed', s, o.failure.message)
      if (o.failure.name !== 'Violation') console.log(o.failure.stack)
    }
    kinds.get(k)!.push(s)
  }
}
for (const [k, v] of kinds) console.log(v.length, k, v.slice(0, 10).join(','))
const ms = performance.now() - began
console.log({
  perSecond: (count / ms) * 1000,
  virt: virt / count,
  ev: ev / count,
  com: com / count,
  ack: ack / count,
  ep: ep / count,
  usPerEvent: (ms / ev) * 1000,
})
