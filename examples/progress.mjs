// Workers that say how far they are, and a board that draws it. The report of a worker that dies disappears with it.
//
//   node examples/progress.mjs

import { connect } from '@tskeeper/client'
import { ProgressBoard, ProgressReporter } from '@tskeeper/recipes'

const PATH = '/import'
const TOTAL = 20
const WIDTH = 20
const servers = process.env.SERVERS ?? '127.0.0.1:2181'
const pause = () => new Promise((resolve) => setTimeout(resolve, 20))

function bar({ done, total, message }) {
  const filled = Math.round((done / total) * WIDTH)
  return `[${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}] ${done}/${total} ${message}`
}

async function work(name) {
  const zk = await connect(servers)
  const reporter = new ProgressReporter(zk, PATH, name, { done: 0, total: TOTAL, message: 'begins' })
  for (let done = 1; done <= TOTAL; done++) {
    await pause()
    reporter.report({ done, total: TOTAL, message: done === TOTAL ? 'done' : `file ${done}` })
  }
  await reporter.flush()
  return { zk, reporter }
}

const zk = await connect(servers)
const board = new ProgressBoard(zk, PATH)
const workers = Promise.all([work('alice'), work('bob')])
for await (const reports of board.changes()) {
  for (const [name, progress] of [...reports].sort()) console.log(`${name.padEnd(5)} ${bar(progress)}`)
  if (reports.size === 2 && [...reports.values()].every(({ done }) => done === TOTAL)) break
}

for (const { zk: client, reporter } of await workers) {
  await reporter.close()
  await client.close()
}
await board.close()
await zk.close()
