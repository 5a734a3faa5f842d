// The judge of the ensemble's histories has to find what it is there for: each kind of broken promise, planted into a history that is right.

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import {
  EnsembleHistory,
  type JudgeOptions,
  judgeHistory,
  type LoadKind,
  type LoadOperation,
} from '../support/ensemble-history.ts'
import type { DumpedNode } from '../support/tree.ts'

interface Written {
  readonly operation: LoadOperation
  readonly zxid: number
}

/** Builds histories: each request is sent and answered before the next one unless a test says otherwise. */
class Scene {
  readonly history = new EnsembleHistory()
  readonly #nodes = new Map<string, DumpedNode>()
  #nowMs = 0

  /** A write with its answer. */
  write(session: number, kind: LoadKind, path: string, value: string | null, zxid: number, version = 0): Written {
    const operation = this.#send(session, kind, path, value)
    this.#answer(operation, zxid)
    operation.version = version
    if (kind === 'delete') this.#nodes.delete(path)
    else this.show(path, value ?? '', zxid, version)
    return { operation, zxid }
  }

  /** Creates that are all on their way before the first answer: session, name and zxid of each, in the order of sending. */
  createTogether(...creates: readonly (readonly [session: number, name: string, zxid: number])[]): void {
    const sent = creates.map(([session, name]) => this.#send(session, 'create', `/load/${name}`, name))
    for (const [index, [, name, zxid]] of creates.entries()) {
      const operation = sent[index]
      if (operation !== undefined) this.#answer(operation, zxid)
      this.show(`/load/${name}`, name, zxid, 0)
    }
  }

  unanswered(session: number, kind: LoadKind, path: string, value: string): void {
    this.#send(session, kind, path, value)
  }

  read(session: number, kind: LoadKind, path: string, value: string, mzxid: number, zxid: number): void {
    const operation = this.#send(session, kind, path, value)
    operation.mzxid = mzxid
    this.#answer(operation, zxid)
  }

  /** What the tree at the end has at a path. */
  show(path: string, value: string, mzxid: number, version: number): void {
    const stat = {
      czxid: mzxid,
      mzxid,
      ctime: 0,
      mtime: 0,
      version,
      cversion: 0,
      aversion: 0,
      ephemeralOwner: 0n,
      dataLength: value.length,
      numChildren: 0,
      pzxid: mzxid,
    }
    this.#nodes.set(path, { path, data: Buffer.from(value).toString('hex'), stat, acl: [] })
  }

  hide(path: string): void {
    this.#nodes.delete(path)
  }

  /** Nothing happens for a while. */
  pass(durationMs: number): void {
    this.#nowMs += durationMs
  }

  get violations(): readonly string[] {
    return this.violationsWith({})
  }

  violationsWith(options: JudgeOptions): readonly string[] {
    return judgeHistory(this.history, '/load', [...this.#nodes.values()], options).violations
  }

  #send(session: number, kind: LoadKind, path: string, value: string | null): LoadOperation {
    const operation: LoadOperation = { ...this.history.record(session, kind, path, value), sentMs: this.#nowMs++ }
    this.history.operations[this.history.operations.length - 1] = operation
    return operation
  }

  #answer(operation: LoadOperation, zxid: number): void {
    this.history.acknowledged(operation, zxid)
    operation.doneMs = this.#nowMs++
  }
}

function orderlyScene(): Scene {
  const scene = new Scene()
  scene.write(0, 'create', '/load/a', 'a', 11)
  scene.write(1, 'set', '/load/s', 'one', 12, 1)
  scene.write(0, 'set', '/load/s', 'two', 13, 2)
  scene.read(1, 'read', '/load/s', 'one', 12, 12)
  scene.read(1, 'sync-read', '/load/s', 'two', 13, 13)
  return scene
}

test('A11: an orderly history is right, stale reads of other sessions and unanswered writes included', () => {
  const scene = orderlyScene()
  scene.unanswered(0, 'set', '/load/s', 'three')
  scene.read(1, 'read', '/load/s', 'three', 14, 14)
  scene.show('/load/s', 'three', 14, 3)
  expect(scene.violations).toEqual([])
})

/** The next leader's first write is acknowledged, and so much later a session reads from the old one, behind a sync. */
function staleSync(afterMs: number, epochOfWrite: number): Scene {
  const scene = orderlyScene()
  scene.write(0, 'set', '/load/s', 'newer', epochOfWrite * 2 ** 32 + 20, 3)
  scene.pass(afterMs)
  scene.read(2, 'sync-read', '/load/s', 'two', 13, 13)
  return scene
}

test('A11: a sync may be answered by a leader that was replaced a moment ago, and not later, nor by the present one', () => {
  const excused = { replacedLeaderMs: 1000 }
  expect(staleSync(500, 1).violationsWith(excused)).toEqual([])
  expect(staleSync(1500, 1).violationsWith(excused).join()).toMatch(/came after a sync/)
  expect(staleSync(500, 0).violationsWith(excused).join()).toMatch(/came after a sync/)
  expect(staleSync(500, 1).violations.join()).toMatch(/came after a sync/)
})

test('A88: what sessions send at the same time may happen in any order, what one session sends may not', () => {
  const scene = orderlyScene()
  scene.createTogether([0, 'first', 15], [1, 'second', 14])
  expect(scene.violations).toEqual([])
  const oneSession = orderlyScene()
  oneSession.createTogether([0, 'first', 15], [0, 'second', 14])
  expect(oneSession.violations.join('\n')).toMatch(/the session goes back/)
})

test('A88: the page of the client says how far the order of requests goes', () => {
  const page = readFileSync(new URL('../../docs/client.md', import.meta.url), 'utf8')
  expect(page).toMatch(/order holds for one session.*between two sessions there is none/is)
})

test.for<[string, (scene: Scene) => void, RegExp]>([
  ['an acknowledged create that is gone', (scene) => scene.hide('/load/a'), /lost: create \/load\/a/],
  ['an acknowledged set that is gone', (scene) => scene.show('/load/s', 'one', 12, 1), /lost: set \/load\/s "two"/],
  ['another value than the acknowledged one', (scene) => scene.show('/load/s', 'other', 13, 2), /lost: set \/load\/s "two"/],
  [
    'a node that was deleted',
    (scene) => (scene.write(0, 'delete', '/load/a', null, 14), scene.show('/load/a', 'a', 11, 0)),
    /lost: delete/,
  ],
  ['a node that nobody asked for', (scene) => scene.show('/load/x', 'x', 14, 1), /nobody asked for/],
  ['a session whose writes go back', (scene) => scene.write(0, 'create', '/load/b', 'b', 10), /the session goes back/],
  ['a later write in front of an earlier one', (scene) => scene.write(2, 'create', '/load/b', 'b', 10), /stands behind it/],
  ['one zxid for the writes of two sessions', (scene) => scene.write(2, 'create', '/load/b', 'b', 13), /one zxid for two/],
  ['a version that was skipped', (scene) => scene.write(2, 'set', '/load/s', 'b', 14, 5), /set 2 times that nobody asked for/],
  ['a version that comes twice', (scene) => scene.write(2, 'set', '/load/s', 'b', 14, 2), /does not rise/],
  ['a session whose reads go back', (scene) => scene.read(1, 'read', '/load/s', 'one', 12, 12), /the session goes back/],
  ['a read that misses what its zxid covers', (scene) => scene.read(2, 'read', '/load/s', 'one', 12, 13), /does not show/],
  ['a read from the future', (scene) => scene.read(2, 'read', '/load/s', 'two', 13, 12), /its zxid does not cover/],
  ['a read of another value', (scene) => scene.read(2, 'read', '/load/s', 'one', 13, 13), /another value/],
  ['a read of a value that nobody wrote', (scene) => scene.read(2, 'read', '/load/s', 'what', 14, 14), /explains: what/],
  ['a stale read behind a sync', (scene) => scene.read(2, 'sync-read', '/load/s', 'one', 12, 12), /came after a sync/],
])('A11: the judge finds %s', ([, plant, expected]) => {
  const scene = orderlyScene()
  plant(scene)
  expect(scene.violations.join('\n')).toMatch(expected)
})
