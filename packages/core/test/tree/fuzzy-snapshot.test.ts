// S8: a snapshot is written slice by slice while transactions are applied between the slices. Loaded, and with the log from its
// zxid on replayed over it, it must give the tree that the history ended with, whatever was caught when.

import { ByteWriter, Op } from '@tskeeper/protocol/server'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MISSING_ACL_ID } from '../../src/acl/acl-table.ts'
import type { Database } from '../../src/tree/database.ts'
import { beginSnapshot } from '../../src/tree/database-snapshot.ts'
import { ACL_ID } from '../../src/tree/node-fields.ts'
import { arbitraryStep, arbitrarySteps, type Step } from '../txn/arbitrary-writes.ts'
import { applyEntry, openAcl, type Prepared, Workbench } from '../txn/workbench.ts'
import { pathsIn, restore, SnapshotInProgress, type WholeSnapshot } from './snapshot-bytes.ts'
import { describeDatabase, expectSound } from './tree-description.ts'

type Change = Exclude<Step, { readonly kind: 'apply' }>

/** A workbench that keeps its log. */
class Recorded {
  readonly bench: Workbench = new Workbench()
  readonly log: Prepared[] = []

  run(step: Change): void {
    const { bench } = this
    bench.timeMs += 3
    if (step.kind === 'write') bench.identities = [...step.identities]
    const prepared =
      step.kind === 'write'
        ? bench.write(step.write, step.sessionId)
        : step.kind === 'createSession'
          ? bench.createSession(step.sessionId, step.timeoutMs)
          : step.kind === 'closeSession'
            ? bench.closeSession(step.sessionId)
            : bench.deleteContainer(step.path)
    this.record(prepared)
  }

  record(...prepared: Prepared[]): void {
    for (const transaction of prepared) {
      this.bench.apply(transaction)
      this.log.push(transaction)
    }
  }

  get database(): Database {
    return this.bench.database
  }
}

function replayed(snapshot: WholeSnapshot, log: readonly Prepared[], hasDigest = true): Database {
  const database = restore(snapshot, {}, hasDigest)
  for (const { entry, header } of log) if (header.zxid > snapshot.source.zxid) applyEntry(database, entry)
  return database
}

/** Loaded and replayed, the snapshot is the live database, to the last field. */
function expectSame(snapshot: WholeSnapshot, recorded: Recorded): void {
  const database = replayed(snapshot, recorded.log)
  expect(describeDatabase(database)).toEqual(describeDatabase(recorded.database))
  expect(database.digestMismatchCount).toBe(0)
  expect(database.lastZxid).toBe(recorded.database.lastZxid)
  const { tree } = database
  for (let node = tree.root; node !== 0; node = tree.nextInPreorder(node, tree.root)) {
    expect(tree.nodes.getInt(node, ACL_ID)).not.toBe(MISSING_ACL_ID)
  }
  expectSound(database)
}

const changes = (steps: readonly Step[]): Change[] => steps.filter((step): step is Change => step.kind !== 'apply')

test('S8: for random histories, a snapshot written meanwhile and the log give the tree at the end', () => {
  const slices = fc.array(fc.tuple(fc.constantFrom(0, 0, 80, 250), fc.array(arbitraryStep, { maxLength: 8 })), {
    maxLength: 25,
    size: 'max',
  })
  fc.assert(
    fc.property(arbitrarySteps(25), slices, fc.array(arbitraryStep, { maxLength: 8 }), (before, during, after) => {
      const recorded = new Recorded()
      for (const step of changes(before)) recorded.run(step)
      const snapshot = new SnapshotInProgress(recorded.database)
      for (const [byteCount, steps] of during) {
        snapshot.writeSlice(byteCount)
        for (const step of changes(steps)) recorded.run(step)
      }
      const whole = snapshot.finish()
      for (const step of changes(after)) recorded.run(step)
      expectSame(whole, recorded)
    }),
    { numRuns: 300 },
  )
})

test('S8: the same for nodes that come and go again and again while the snapshot is written', () => {
  const openCreate = (path: string): Change => ({
    ...{ kind: 'write', sessionId: 1n, identities: [] },
    write: { op: Op.create, request: { path, data: null, acl: openAcl, flags: 0 } },
  })
  const deletion = (path: string): Change => ({
    ...{ kind: 'write', sessionId: 1n, identities: [] },
    write: { op: Op.delete, request: { path, version: -1 } },
  })
  const path = fc.constantFrom('/x', '/x/y', '/x/y/z', '/w')
  const step = fc.oneof({ arbitrary: path.map(openCreate), weight: 4 }, { arbitrary: path.map(deletion), weight: 3 })
  const slices = fc.array(fc.tuple(fc.constantFrom(0, 0, 80), fc.array(step, { maxLength: 12 })), { maxLength: 15, size: 'max' })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 8 }), slices, (before, during) => {
      const recorded = new Recorded()
      for (const step of before) recorded.run(step)
      const snapshot = new SnapshotInProgress(recorded.database)
      for (const [byteCount, steps] of during) {
        snapshot.writeSlice(byteCount)
        for (const step of steps) recorded.run(step)
      }
      expectSame(snapshot.finish(), recorded)
    }),
    { numRuns: 150 },
  )
})

test('S8: a second snapshot of what was restored, taken while the log is still being replayed, is as good', () => {
  fc.assert(
    fc.property(
      arbitrarySteps(25),
      fc.array(arbitraryStep, { maxLength: 20, size: 'max' }),
      fc.nat(400),
      (before, during, size) => {
        const recorded = new Recorded()
        for (const step of changes(before)) recorded.run(step)
        const first = new SnapshotInProgress(recorded.database)
        for (const step of changes(during)) {
          recorded.run(step)
          first.writeSlice(size)
        }
        const whole = first.finish()
        // A follower that was sent the first snapshot goes on with the log, and writes a snapshot of its own meanwhile.
        const database = restore(whole)
        const rest = recorded.log.filter(({ header }) => header.zxid > whole.source.zxid)
        for (const { entry } of rest.slice(0, rest.length / 2)) applyEntry(database, entry)
        const second = new SnapshotInProgress(database)
        for (const { entry } of rest.slice(rest.length / 2)) {
          applyEntry(database, entry)
          second.writeSlice(size)
        }
        expect(describeDatabase(database)).toEqual(describeDatabase(recorded.database))
        const own = second.finish()
        const again = replayed(own, recorded.log)
        expect(describeDatabase(again)).toEqual(describeDatabase(recorded.database))
        expect(again.digestMismatchCount).toBe(0)
      },
    ),
    { numRuns: 100 },
  )
})

test('a snapshot without a digest, as older releases wrote it, is replayed to the same tree', () => {
  fc.assert(
    fc.property(arbitrarySteps(20), fc.array(arbitraryStep, { maxLength: 20 }), (before, during) => {
      const recorded = new Recorded()
      for (const step of changes(before)) recorded.run(step)
      const snapshot = new SnapshotInProgress(recorded.database)
      for (const step of changes(during)) {
        recorded.run(step)
        snapshot.writeSlice(150)
      }
      const database = replayed(snapshot.finish(), recorded.log, false)
      expect(describeDatabase(database)).toEqual(describeDatabase(recorded.database))
    }),
    { numRuns: 50 },
  )
})

// --- the cursor's special cases ----------------------------------------------------------------

/** Siblings are walked from the newest to the oldest: /d, /c, /b, /a. */
function siblings(): Recorded {
  const recorded = new Recorded()
  for (const path of ['/a', '/b', '/c', '/c/x', '/c/y', '/d']) recorded.record(recorded.bench.create(path, path))
  return recorded
}

/** A snapshot that stands right behind this path. */
function writtenUpTo(recorded: Recorded, path: string): SnapshotInProgress {
  const snapshot = new SnapshotInProgress(recorded.database)
  const { tree } = recorded.database
  for (let node = tree.root; node !== 0; node = tree.nextInPreorder(node, tree.root)) {
    snapshot.writeSlice(1)
    if (tree.path(node) === path) return snapshot
  }
  throw new Error(`there is no ${path}`)
}

const below = (snapshot: WholeSnapshot): string[] =>
  pathsIn(snapshot.nodes).filter((path) => path !== '' && !path.startsWith('/zookeeper'))

test('nothing happens meanwhile: the snapshot has every node once, parents first', () => {
  const recorded = siblings()
  const whole = new SnapshotInProgress(recorded.database).finish()
  expect(pathsIn(whole.nodes)[0]).toBe('')
  expect(below(whole)).toEqual(['/d', '/c', '/c/y', '/c/x', '/b', '/a'])
  expectSame(whole, recorded)
})

test('the node that comes next is deleted: the one behind it takes its place', () => {
  const recorded = siblings()
  const snapshot = writtenUpTo(recorded, '/d')
  recorded.record(recorded.bench.delete('/c/x'), recorded.bench.delete('/c/y'), recorded.bench.delete('/c'))
  expect(below(snapshot.finish())).toEqual(['/d', '/b', '/a'])
  expectSame(snapshot.finish(), recorded)
})

test('the last child, which comes next, is deleted and then its parent: the walk goes on behind the parent', () => {
  const recorded = siblings()
  const snapshot = writtenUpTo(recorded, '/c/y')
  recorded.record(recorded.bench.delete('/c/x'), recorded.bench.delete('/c/y'), recorded.bench.delete('/c'))
  expect(below(snapshot.finish())).toEqual(['/d', '/c', '/c/y', '/b', '/a'])
  expectSame(snapshot.finish(), recorded)
})

test('all that is to come is deleted: the snapshot ends', () => {
  const recorded = siblings()
  const snapshot = writtenUpTo(recorded, '/c/x')
  recorded.record(recorded.bench.delete('/b'), recorded.bench.delete('/a'))
  expect(below(snapshot.finish())).toEqual(['/d', '/c', '/c/y', '/c/x'])
  expectSame(snapshot.finish(), recorded)
})

test('nodes that are made behind the cursor are missed, nodes before it are taken, and the log mends both', () => {
  const recorded = siblings()
  const snapshot = writtenUpTo(recorded, '/c/y')
  const { bench } = recorded
  recorded.record(
    bench.create('/c/z'),
    bench.create('/d/e'),
    bench.create('/a/n'),
    bench.create('/e'),
    bench.setData('/a', 'new'),
  )
  expect(below(snapshot.finish())).toEqual(['/d', '/c', '/c/y', '/c/x', '/b', '/a', '/a/n'])
  expectSame(snapshot.finish(), recorded)
})

test('a node that is deleted and made again before the cursor comes to it is caught with its later children', () => {
  const recorded = siblings()
  const snapshot = new SnapshotInProgress(recorded.database)
  const { bench } = recorded
  recorded.record(bench.create('/n'), bench.delete('/n'), bench.create('/n'), bench.create('/n/c'), bench.create('/n/c/d', '', 1))
  expect(below(snapshot.finish())).toContain('/n/c/d')
  expectSame(snapshot.finish(), recorded)
})

test('ACLs that came after the table was copied are those of the log', () => {
  const recorded = siblings()
  const { bench } = recorded
  bench.identities = [{ scheme: 'super', id: '' }]
  const snapshot = new SnapshotInProgress(recorded.database)
  const list = (id: string) => [{ perms: 31, scheme: 'digest', id }]
  recorded.record(
    bench.create('/secret', '', 0, 1n, list('u:1')),
    bench.setAcl('/a', list('u:2')),
    bench.setAcl('/b', list('u:1')),
  )
  const whole = snapshot.finish()
  const loaded = restore(whole)
  // Until the log has mended it, the gap is a closed door.
  expect(loaded.tree.nodes.getInt(loaded.find('/secret'), ACL_ID)).toBe(MISSING_ACL_ID)
  expect(loaded.acls.list(MISSING_ACL_ID)).toEqual([{ perms: 0, scheme: 'world', id: 'anyone' }])
  expectSame(whole, recorded)
})

test('sessions that came and went after the table was copied are those of the log', () => {
  const recorded = new Recorded()
  const { bench } = recorded
  recorded.record(bench.createSession(1n, 4000), bench.createSession(2n, 5000), bench.create('/e', '', 1, 1n))
  const snapshot = new SnapshotInProgress(recorded.database)
  recorded.record(bench.closeSession(1n), bench.createSession(3n, 6000), bench.create('/f', '', 1, 3n), bench.closeSession(2n))
  const whole = snapshot.finish()
  expect(whole.source.sessions).toEqual([
    { id: 1n, timeoutMs: 4000 },
    { id: 2n, timeoutMs: 5000 },
  ])
  expectSame(whole, recorded)
})

test('two snapshots at once do not disturb each other, and one that is given up is forgotten', () => {
  const recorded = siblings()
  const [first, second] = [writtenUpTo(recorded, '/d'), writtenUpTo(recorded, '/c/y')]
  const source = new SnapshotInProgress(recorded.database)
  recorded.record(recorded.bench.delete('/c/x'), recorded.bench.delete('/c/y'), recorded.bench.delete('/c'))
  expectSame(first.finish(), recorded)
  expectSame(second.finish(), recorded)
  expectSame(source.finish(), recorded)
  source.finish().source.cancel()
  expect(recorded.bench.run(recorded.bench.delete('/b'))).toBe(0)
})

test('a slice ends with the node that makes it as long as was asked for', () => {
  const recorded = new Recorded()
  for (let i = 0; i < 200; i++) recorded.record(recorded.bench.create(`/n${i}`, 'x'.repeat(i)))
  const source = beginSnapshot(recorded.database)
  const out = new ByteWriter()
  const nodeBytesMax = 76 + '/n199'.length + 199
  for (let isDone = false; !isDone; ) {
    const before = out.position
    isDone = source.writeNodes(out, 500)
    expect(out.position - before).toBeLessThan(500 + nodeBytesMax)
    if (!isDone) expect(out.position - before).toBeGreaterThanOrEqual(500)
  }
  expect(pathsIn(out.toBytes())).toHaveLength(204)
})

test('a snapshot that is given up writes nothing more', () => {
  const recorded = siblings()
  const source = beginSnapshot(recorded.database)
  const out = new ByteWriter()
  source.writeNodes(out, 1)
  source.cancel()
  source.cancel()
  const { position } = out
  expect(source.writeNodes(out, 1000)).toBe(true)
  expect(out.position).toBe(position)
  // Neither it nor one that came to its end is told of deletes for ever.
  new SnapshotInProgress(recorded.database).finish()
  expect((Reflect.get(recorded.database.tree, 'cursors') as Set<unknown>).size).toBe(0)
})
