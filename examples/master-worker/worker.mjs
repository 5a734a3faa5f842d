// A worker: it does the tasks that the master gives to it, one after the other.
//
//   node examples/master-worker/worker.mjs worker1.example.com
//
// Environment: WORK_MS (100), how long a task takes.

import { decodeText } from '@tskeeper/client'
import { Group } from '@tskeeper/recipes'
import { ASSIGN, connectToSystem, createIfMissing, isAmbiguous, TASKS, WORKERS } from './layout.mjs'

const name = process.argv[2] ?? `worker-${process.pid}`
const workMs = Number(process.env.WORK_MS ?? 100)
const zk = await connectToSystem()
const mine = `${ASSIGN}/${name}`

await createIfMissing(zk, mine)
await new Group(zk, WORKERS).join(name, `${name}:2224`)
console.log(`${name} is there`)

/** Does a task, unless it is somebody else's by now, and hands in the result. */
async function doTask(task) {
  const assignment = await zk.get(`${mine}/${task}`)
  const version = Number(decodeText(assignment.data))
  const command = decodeText((await zk.get(`${TASKS}/${task}`)).data)
  await new Promise((resolve) => setTimeout(resolve, workMs))
  try {
    await zk.transaction().set(`${TASKS}/${task}/status`, `done by ${name}`, { version }).delete(`${mine}/${task}`).commit()
    console.log(`accepted ${task}: ${command}`)
  } catch (error) {
    // The task was given to another worker, and this result comes too late.
    if (error.code !== 'BAD_VERSION') throw error
    if (!(await wasAccepted(task, version))) console.log(`refused ${task}`)
    await zk.delete(`${mine}/${task}`, { missingOk: true })
  }
}

/** Whether the result that a lost connection left in the dark was this one. */
async function wasAccepted(task, version) {
  const { data, stat } = await zk.get(`${TASKS}/${task}/status`)
  return stat.version === version + 1 && decodeText(data) === `done by ${name}`
}

for await (const { value } of zk.observeChildren(mine)) {
  // The master clears the place of a worker that it took for dead; a worker that was not makes it again.
  if (value === null) await createIfMissing(zk, mine)
  for (const task of value?.children.sort() ?? []) {
    for (;;) {
      try {
        await doTask(task)
        break
      } catch (error) {
        if (error.code === 'NO_NODE') break
        if (!isAmbiguous(error)) throw error
      }
    }
  }
}
