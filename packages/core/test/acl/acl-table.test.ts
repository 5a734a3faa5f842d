import { type Acl, OPEN_ACL } from '@tskeeper/protocol/server'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type AclList, AclTable, aclListKey, MISSING_ACL_ID, OPEN_ACL_ID } from '../../src/acl/acl-table.ts'
import { AssertionError } from '../../src/lib/assert.ts'

const readAll: Acl = { perms: 1, scheme: 'world', id: 'anyone' }
const alice: Acl = { perms: 31, scheme: 'digest', id: 'alice:hash' }

test('the open list and no list have the id -1, which is neither counted nor stored', () => {
  const table = new AclTable()
  expect(table.idFor(null)).toBe(OPEN_ACL_ID)
  expect(table.idFor([{ perms: 31, scheme: 'world', id: 'anyone' }])).toBe(OPEN_ACL_ID)
  expect(table.list(OPEN_ACL_ID)).toEqual(OPEN_ACL)
  table.addReference(OPEN_ACL_ID)
  table.release(OPEN_ACL_ID)
  table.release(OPEN_ACL_ID)
  expect(table.copy()).toEqual([])
})

test('lists get the ids 1, 2, 3 as they are first seen, and equal lists share one', () => {
  const table = new AclTable()
  expect(table.idFor([readAll])).toBe(1)
  expect(table.idFor([alice])).toBe(2)
  expect(table.idFor([{ ...readAll }])).toBe(1)
  expect(table.idFor([])).toBe(3)
  expect(table.list(2)).toEqual([alice])
  expect(table.list(3)).toEqual([])
})

test('the order of the entries makes lists different', () => {
  const table = new AclTable()
  expect(table.idFor([readAll, alice])).not.toBe(table.idFor([alice, readAll]))
})

test('a list leaves with its last reference, and its id is not given again', () => {
  const table = new AclTable()
  const id = table.idFor([alice])
  table.addReference(id)
  table.release(id)
  expect(table.size).toBe(1)
  table.release(id)
  expect(table.size).toBe(0)
  expect(table.idFor([alice])).toBe(id + 1)
})

test('a reference that is released too often, or to a list that is not there, breaks an invariant', () => {
  const table = new AclTable()
  const id = table.idFor([alice])
  table.release(id)
  expect(() => table.release(id)).toThrow(AssertionError)
  expect(() => table.addReference(id)).toThrow(AssertionError)
  expect(() => table.list(id)).toThrow(AssertionError)
})

test('a restored table keeps its ids, goes on above them, and drops what no node holds', () => {
  const table = new AclTable()
  expect(table.restore(7, [alice])).toBe(true)
  expect(table.restore(9, [readAll])).toBe(true)
  expect(table.adoptRestored(7)).toBe(7)
  table.dropUnreferenced()
  expect(table.copy()).toEqual([{ id: 7, acl: [alice] }])
  expect(table.idFor([alice])).toBe(7)
  expect(table.idFor([readAll])).toBe(10)
})

test('rows that no sound snapshot holds are refused', () => {
  const table = new AclTable()
  expect(table.restore(0, [alice])).toBe(false)
  expect(table.restore(-1, [alice])).toBe(false)
  expect(table.restore(1, [alice])).toBe(true)
  expect(table.restore(1, [readAll])).toBe(false)
  expect(table.copy()).toEqual([{ id: 1, acl: [alice] }])
})

test('nodes of a snapshot with the open list under an id of its own come to the open id', () => {
  const table = new AclTable()
  table.restore(1, OPEN_ACL)
  expect(table.adoptRestored(1)).toBe(OPEN_ACL_ID)
  expect(table.adoptRestored(OPEN_ACL_ID)).toBe(OPEN_ACL_ID)
  table.dropUnreferenced()
  expect(table.size).toBe(0)
})

test('two rows with the same list become one', () => {
  const table = new AclTable()
  table.restore(1, [alice])
  table.restore(2, [alice])
  expect([table.adoptRestored(2), table.adoptRestored(1)]).toEqual([1, 1])
  table.dropUnreferenced()
  expect(table.copy()).toEqual([{ id: 1, acl: [alice] }])
  expect(table.idFor([alice])).toBe(1)
})

test('a node whose list the snapshot lacks is closed to everybody until the log brings its list', () => {
  const table = new AclTable()
  table.restore(4, [alice])
  expect(table.adoptRestored(5)).toBe(MISSING_ACL_ID)
  expect(table.list(MISSING_ACL_ID).every((entry) => entry.perms === 0)).toBe(true)
  expect(table.list(MISSING_ACL_ID)).not.toEqual([])
  table.release(MISSING_ACL_ID)
  expect(table.idFor([readAll])).toBe(5)
})

test('a copy for a snapshot does not follow later changes', () => {
  const table = new AclTable()
  const id = table.idFor([alice])
  const copy = table.copy()
  table.release(id)
  expect(copy).toEqual([{ id, acl: [alice] }])
})

test('a table that is emptied begins again at 1', () => {
  const table = new AclTable()
  table.idFor([alice])
  table.clear()
  expect(table.size).toBe(0)
  expect(table.idFor([readAll])).toBe(1)
})

const part = fc.oneof(fc.constantFrom('a', 'b', ':', ';', '1', '', 'a:1', '1:a;1:'), fc.string({ maxLength: 3 }))
const entry: fc.Arbitrary<Acl> = fc.record({ perms: fc.integer({ min: 0, max: 3 }), scheme: part, id: part })
const list: fc.Arbitrary<AclList> = fc.array(entry, { maxLength: 3 })

test('keys are equal for equal lists only, whatever stands in the fields', () => {
  fc.assert(
    fc.property(list, list, (left, right) => {
      expect(aclListKey(left) === aclListKey(right)).toBe(JSON.stringify(left) === JSON.stringify(right))
    }),
    { numRuns: 2000 },
  )
})

test('text that runs from one field into the next does not make lists equal', () => {
  const keyOf = (scheme: string, id: string): string => aclListKey([{ perms: 1, scheme, id }])
  expect(keyOf('a', '1:b')).not.toBe(keyOf('a:3', 'b'))
  expect(keyOf('a:1', 'b')).not.toBe(keyOf('a', '1:b'))
})

test('over any schedule of nodes that come and go the table holds just the lists that nodes hold', () => {
  const few = fc.constantFrom<AclList>([alice], [readAll], [alice, readAll], [readAll, alice], [], OPEN_ACL)
  const schedule = fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant('create' as const), list: few }),
      fc.record({ kind: fc.constant('copy' as const), node: fc.nat(30) }),
      fc.record({ kind: fc.constant('delete' as const), node: fc.nat(30) }),
    ),
    { maxLength: 100, size: 'max' },
  )
  fc.assert(
    fc.property(schedule, (steps) => {
      const table = new AclTable()
      const nodes: { id: number; list: AclList }[] = []
      for (const step of steps) {
        const node = step.kind === 'create' ? undefined : nodes[step.node % Math.max(nodes.length, 1)]
        if (step.kind === 'create') nodes.push({ id: table.idFor(step.list), list: step.list })
        else if (node === undefined) continue
        else if (step.kind === 'copy') {
          table.addReference(node.id)
          nodes.push({ ...node })
        } else {
          table.release(node.id)
          nodes.splice(nodes.indexOf(node), 1)
        }
        for (const { id, list: held } of nodes) expect(table.list(id)).toEqual(held)
        const held = new Set(nodes.filter(({ id }) => id !== OPEN_ACL_ID).map(({ list: kept }) => JSON.stringify(kept)))
        expect(new Set(table.copy().map((row) => JSON.stringify(row.acl)))).toEqual(held)
        expect(table.size).toBe(held.size)
      }
    }),
  )
})
