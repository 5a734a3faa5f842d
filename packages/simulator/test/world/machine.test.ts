import { expect, test } from 'vitest'
import { EventQueue } from '../../src/world/event-queue.ts'
import { Machine } from '../../src/world/machine.ts'
import { MachineDisk } from '../../src/world/machine-disk.ts'
import { World } from '../../src/world/world.ts'

function running(seed = 1): { readonly world: World; readonly machine: Machine; readonly heard: string[] } {
  const world = new World(seed)
  const machine = new Machine(world, 'one', '10.0.0.1')
  machine.boot()
  return { world, machine, heard: [] }
}

test('events are served by their time, and at one moment in the order in which they were made', () => {
  const queue = new EventQueue()
  const served: string[] = []
  for (const [due, name] of [
    [5, 'c'],
    [1, 'a'],
    [5, 'd'],
    [3, 'b'],
    [5, 'e'],
  ] as const)
    queue.add(due, () => served.push(name))
  const cancelled = queue.add(2, () => served.push('never'))
  cancelled.action = null
  for (let event = queue.take(); event !== null; event = queue.take()) event.action?.()
  expect(served).toEqual(['a', 'b', 'c', 'd', 'e'])
})

test('promises settle before the next event', async () => {
  const { world, heard } = running()
  world.after(1, () => {
    void (async () => {
      for (let i = 0; i < 5; i++) await Promise.resolve()
      heard.push('settled')
    })()
  })
  world.after(1, () => heard.push('next'))
  await world.runUntil(10)
  expect(heard).toEqual(['settled', 'next'])
  expect(world.nowMs).toBe(10)
})

test('a process that was killed is never heard of again, the next one on the machine is', async () => {
  const { world, machine, heard } = running()
  machine.after(5, () => heard.push('first'))
  world.after(1, () => {
    machine.kill()
    machine.boot()
    machine.after(1, () => heard.push('second'))
  })
  await world.runUntil(10)
  expect(heard).toEqual(['second'])
})

test('a pause holds everything up, in its order', async () => {
  const { world, machine, heard } = running()
  for (const delay of [2, 3, 4]) machine.after(delay, () => heard.push(`${delay} at ${world.nowMs}`))
  world.after(1, () => machine.pause())
  world.after(9, () => machine.resume())
  await world.runUntil(20)
  expect(heard).toEqual(['2 at 9', '3 at 9', '4 at 9'])
})

test('a fast clock makes timers early, and a wall clock that jumps does not', async () => {
  const { world, machine, heard } = running()
  machine.clockRate = 2
  machine.wallOffsetMs = -1000
  machine.after(10, () => heard.push(`at ${world.nowMs}, own clock ${machine.monotonicMs()}`))
  await world.runUntil(20)
  expect(heard).toEqual(['at 5, own clock 10'])
})

test('what an event throws ends the run, unless its process has died in the middle of it', async () => {
  const { world, machine } = running()
  machine.after(1, () => {
    machine.kill()
    throw new Error('of a dead process')
  })
  await world.runUntil(5)
  machine.boot()
  machine.after(1, () => {
    throw new Error('of a live process')
  })
  await expect(world.runUntil(10)).rejects.toThrow('of a live process')
})

test('after a crash the disk has what was synced, and of the rest as much as the seed says', async () => {
  const kept = new Set<string>()
  for (let seed = 1; seed <= 20; seed++) {
    const { world, machine } = running(seed)
    const { disk } = new MachineDisk(machine)
    const machineDisk = disk
    machineDisk.makeDirectory('/d')
    machineDisk.syncDirectory('/')
    const file = machineDisk.open('/d/f', 'create')
    machineDisk.syncDirectory('/d')
    file.write(Uint8Array.of(1, 1), 0, 2, 0)
    file.datasyncNow()
    file.write(Uint8Array.of(2, 2), 0, 2, 2)
    const own = new MachineDisk(machine)
    own.disk.crash()
    machineDisk.crash({ survives: () => world.forkRandom().next() < 0.5 })
    kept.add(machineDisk.readFile('/d/f').join())
  }
  expect([...kept].sort()).toEqual(['1,1,0,0', '1,1,2,2'])
})
