// A master, or one that waits to be: the master gives each task to a living worker, and gives the tasks of dead workers to others.
//
//   node examples/master-worker/master.mjs master1.example.com:2223

import { decodeText } from '@tskeeper/client'
import { ASSIGN, connectToSystem, createIfMissing, EPOCH, isAmbiguous, MASTER, TASKS, WORKERS } from './layout.mjs'

const name = process.argv[2] ?? `localhost:${process.pid}`
const zk = await connectToSystem()

/** Waits until this is the master. Gives the version of the epoch, which every assignment is checked against. */
async function becomeMaster() {
  for (;;) {
    try {
      const epoch = (await ownEpoch()) ?? (await beginEpoch())
      if (epoch !== null) return epoch
      console.log(`${name} is a backup`)
      for await (const { value } of zk.observe(MASTER)) if (value === null) break
    } catch (error) {
      // Whether this is the master by now is looked at again.
      if (!isAmbiguous(error)) throw error
    }
  }
}

/** The version of the epoch if this is the master already: an attempt may have succeeded whose answer was lost. Null otherwise. */
async function ownEpoch() {
  const { sessionId } = zk
  if ((await zk.exists(MASTER))?.ephemeralOwner !== sessionId) return null
  const { stat } = await zk.get(EPOCH)
  // As long as the session lives, and with it the master's node, nobody else begins an epoch.
  return zk.sessionId === sessionId ? stat.version : null
}

/** Becomes the master and gives the new epoch's version; null if there is a master. */
async function beginEpoch() {
  try {
    // Being the master and having the newest epoch is one step, so a former master's assignments are refused from here on.
    const [, epoch] = await zk.transaction().create(MASTER, name, { mode: 'ephemeral' }).set(EPOCH, name).commit()
    return epoch.stat.version
  } catch (error) {
    if (error.code === 'NODE_EXISTS') return null
    throw error
  }
}

/** Tasks that need no master any more. */
const done = new Set()

/** Looks at everything once, and assigns what has to be assigned. */
async function assignAll(epoch) {
  const workers = new Set(await zk.children(WORKERS))
  const load = new Map([...workers].map((worker) => [worker, 0]))
  for (const worker of await zk.children(ASSIGN)) {
    if (!workers.has(worker)) await zk.delete(`${ASSIGN}/${worker}`, { recursive: true, missingOk: true })
    else load.set(worker, (await zk.children(`${ASSIGN}/${worker}`)).length)
  }
  for (const worker of workers) await createIfMissing(zk, `${ASSIGN}/${worker}`)
  for (const task of (await zk.children(TASKS)).filter((each) => !done.has(each))) await assign(task, load, epoch)
}

async function assign(task, load, epoch) {
  const path = `${TASKS}/${task}/status`
  const status = (await zk.exists(path)) === null ? null : await zk.get(path)
  const text = status === null ? '' : decodeText(status.data)
  if (text.startsWith('done')) return void done.add(task)
  const owner = text.replace('assigned to ', '')
  if (status !== null && load.has(owner) && (await zk.exists(`${ASSIGN}/${owner}/${task}`)) !== null) return
  const [worker] = [...load].sort(([, left], [, right]) => left - right)[0] ?? []
  if (worker === undefined) return
  // The new version of the status refuses the result of whoever had the task before.
  const transaction = zk.transaction().check(EPOCH, epoch)
  if (status === null) transaction.create(path, `assigned to ${worker}`)
  else transaction.set(path, `assigned to ${worker}`, { version: status.stat.version })
  const version = status === null ? 0 : status.stat.version + 1
  await transaction.create(`${ASSIGN}/${worker}/${task}`, String(version)).commit()
  load.set(worker, load.get(worker) + 1)
  console.log(`${status === null ? 'assigned' : 'reassigned'} ${task} to ${worker}`)
}

/** Works as the master until another one has taken over. */
async function lead(epoch) {
  const ending = new AbortController()
  let mustLook = true
  let wake = () => undefined
  const look = () => {
    mustLook = true
    wake()
  }
  const follow = async (path) => {
    for await (const _ of zk.observeChildren(path, { signal: ending.signal })) look()
  }
  const following = Promise.all([follow(WORKERS), follow(TASKS)])
  // The node of the master goes with the session; who has lost it must win it again.
  let isOver = false
  const stopListening = zk.on('state', ({ state }) => {
    if (state === 'expired') isOver = true
    look()
  })
  try {
    for (;;) {
      if (!mustLook) await new Promise((resolve) => (wake = resolve))
      if (isOver) return
      mustLook = false
      try {
        await assignAll(epoch)
      } catch (error) {
        if (isAmbiguous(error) || error.code === 'BAD_VERSION') {
          // There may be a later epoch, and who cannot ask does not know: whether this is still the master is settled before it goes on.
          if ((await zk.get(EPOCH).catch(() => null))?.stat.version !== epoch) return
        } else if (!['NO_NODE', 'NODE_EXISTS', 'NOT_EMPTY'].includes(error.code)) throw error
        // Somebody changed what was being looked at.
        mustLook = true
      }
    }
  } finally {
    stopListening()
    ending.abort()
    await following
  }
}

for (;;) {
  const epoch = await becomeMaster()
  console.log(`${name} is the master of epoch ${epoch}`)
  await lead(epoch)
  console.log(`${name} is not the master any more`)
}
