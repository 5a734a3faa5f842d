// Each member has all there is: in its memory, and on its disk.

import { cpSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { RawCreateMode } from '../support/raw-client.ts'
import { type DumpedNode, dumpTree } from '../support/tree.ts'
import { TestEnsemble } from './test-ensemble.ts'
import { TestServer } from './test-server.ts'

const NODES = 60

/** What clients made; the nodes that a server writes for itself apart. */
async function madeByClients(tree: Promise<DumpedNode[]>): Promise<DumpedNode[]> {
  return (await tree).filter(({ path }) => path !== '/' && !path.startsWith('/zookeeper'))
}

test('A14: each member holds the whole tree: the last one that is left lists it, and so does a server on the files of each', async () => {
  await using ensemble = await TestEnsemble.start(3, { properties: { 'readonlymode.enabled': true } })
  for (const id of ensemble.ids) {
    const client = await ensemble.connect(id)
    await client.create(`/of-${id}`, `through ${id}`)
    for (let i = 0; i < NODES; i++) await client.create(`/of-${id}/node-`, `${i}`, RawCreateMode.persistentSequential)
  }
  const [last = 0, ...others] = ensemble.ids
  const whole = await madeByClients(ensemble.tree(last))
  expect(whole).toHaveLength(3 * (NODES + 1))
  for (const id of others) expect(await madeByClients(ensemble.tree(id))).toEqual(whole)

  for (const id of others) await ensemble.stopServer(id)
  await ensemble.eventually('the last one serves readers', async () =>
    (await ensemble.mode(last)) === 'read-only' ? true : null,
  )
  const reader = await ensemble.connect(last, { readOnly: true })
  expect(await madeByClients(dumpTree(reader))).toEqual(whole)

  await ensemble.stopServer(last)
  for (const id of ensemble.ids) {
    const directory = mkdtempSync(join(tmpdir(), 'tskeeper-integration-'))
    cpSync(join(ensemble.dataDirectory(id), 'version-2'), join(directory, 'data', 'version-2'), { recursive: true })
    await using alone = await TestServer.start({}, { directory })
    expect(await madeByClients(dumpTree(await alone.connect()))).toEqual(whole)
  }
})
