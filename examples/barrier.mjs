// Three who share the work of each step, begin it together and end it together: the cooperation of which locks and elections are the competition.
//
//   node examples/barrier.mjs

import { connect } from '@tskeeper/client'
import { DoubleBarrier } from '@tskeeper/recipes'

const servers = process.env.SERVERS ?? '127.0.0.1:2181'
const PARTICIPANTS = 3
const STEPS = 2
const begun = Array.from({ length: STEPS }, () => 0)
const ended = Array.from({ length: STEPS }, () => 0)

async function takePart(index) {
  const zk = await connect(servers)
  const barrier = new DoubleBarrier(zk, '/simulation/step', { participants: PARTICIPANTS })
  for (let step = 0; step < STEPS; step++) {
    const round = await barrier.enter()
    begun[step] += 1
    // Some are faster than others, and wait for them.
    await new Promise((resolve) => setTimeout(resolve, 20 * index))
    if (step > 0 && ended[step - 1] < PARTICIPANTS) console.log('somebody was left behind')
    ended[step] += 1
    await round.leave()
  }
  await zk.close()
}

await Promise.all(Array.from({ length: PARTICIPANTS }, (_, index) => takePart(index)))
for (let step = 0; step < STEPS; step++) console.log(`step ${step + 1}: ${begun[step]} began, ${ended[step]} ended`)
