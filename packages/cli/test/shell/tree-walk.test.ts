import fc from 'fast-check'
import { expect, test } from 'vitest'
import { forEachWide, walk } from '../../src/shell/tree-walk.ts'

interface Node {
  readonly path: string
  readonly children: readonly string[]
}

/** A tree of `names` with what `paths` says, and the order in which a walk one by one would see it. */
function treeOf(paths: readonly string[]): { readonly nodes: Map<string, Node>; readonly order: string[] } {
  const all = new Set(['/'])
  for (const path of paths) {
    const parts = path.split('/').slice(1)
    parts.forEach((_part, index) => all.add(`/${parts.slice(0, index + 1).join('/')}`))
  }
  const nodes = new Map<string, Node>()
  for (const path of all) {
    const prefix = path === '/' ? '/' : `${path}/`
    const children = [...all].filter(
      (other) => other !== '/' && other.startsWith(prefix) && !other.slice(prefix.length).includes('/'),
    )
    nodes.set(path, { path, children: children.sort() })
  }
  const order: string[] = []
  const visit = (path: string): void => {
    order.push(path)
    for (const child of nodes.get(path)?.children ?? []) visit(child)
  }
  visit('/')
  return { nodes, order }
}

const paths = fc.array(
  fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 5 }).map((names) => `/${names.join('/')}`),
)

test('a walk with many questions under way sees what one by one would see, in the same order', async () => {
  await fc.assert(
    fc.asyncProperty(paths, async (some) => {
      const { nodes, order } = treeOf(some)
      const seen: string[] = []
      const fetch = async (path: string): Promise<Node> => nodes.get(path) ?? { path, children: [] }
      for await (const node of walk('/', fetch)) seen.push(node.path)
      expect(seen).toEqual(order)
    }),
  )
})

test('the failure of the root is thrown', async () => {
  const walking = walk('/', async (): Promise<Node> => {
    throw new Error('refused')
  })
  await expect(walking.next()).rejects.toThrow('refused')
})

test('work for many items ends with the first failure, when what was under way has ended', async () => {
  const done: number[] = []
  const work = forEachWide([1, 2, 3], async (item) => {
    if (item === 2) throw new Error('two')
    done.push(item)
  })
  await expect(work).rejects.toThrow('two')
  expect(done).toContain(1)
})
