import { expect, test } from 'vitest'
import { WATCH_STANDARD } from '../../src/watch/watch-table.ts'
import { Workbench } from '../txn/workbench.ts'
import { RecordingWatcher, TextWatches } from '../watch/recording-watcher.ts'
import { describeNode } from './tree-description.ts'

const TEXT = 'server.1=a:1:2:participant;0.0.0.0:2181\nversion=100000000'

test('the configuration stands in its node with its version as mzxid, outside the digest', () => {
  const { database } = new Workbench()
  const digest = database.tree.digest.toBigInt()
  database.setConfig(TEXT, 0x100000000, 1234)
  const { data, stat } = describeNode(database.tree, database.find('/zookeeper/config'))
  expect(data).toBe(Buffer.from(TEXT).toString('hex'))
  expect(stat).toMatchObject({
    czxid: 0,
    ctime: 0,
    pzxid: 0,
    mzxid: 0x100000000,
    mtime: 1234,
    version: -1,
    aversion: -1,
  })
  expect(database.tree.digest.toBigInt()).toBe(digest)
  expect(database.lastZxid).toBe(0)
})

test('who watches the configuration is told of a new one, and not of the same one again', () => {
  const { database } = new Workbench()
  const watcher = new RecordingWatcher()
  database.setConfig(TEXT, 0x100000000, 1234)
  new TextWatches(database.watches).addData(watcher, '/zookeeper/config', WATCH_STANDARD)
  database.setConfig(TEXT, 0x100000000, 5678)
  expect(watcher.told).toEqual([])
  database.setConfig(TEXT.replace('version=100000000', 'version=200000000'), 0x200000000, 5678)
  expect(watcher.told).toHaveLength(1)
})
