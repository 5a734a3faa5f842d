// What a running server says of itself with `mntr` and `cons`, after requests whose number and size are known.

import { expect, test } from 'vitest'
import { connectRequest, type RawClient, requestPayload } from '../support/raw-client.ts'
import { RawConnection } from '../support/raw-connection.ts'
import { RawOp } from '../support/raw-records.ts'
import { ask } from './ask.ts'
import { HeldDisk } from './held-disk.ts'
import { outcome, until } from './outcomes.ts'
import { TestServer } from './test-server.ts'

/** The lines of `mntr` by key, without `zk_`; a call is a connection and a packet of its own. */
async function monitor(server: TestServer): Promise<ReadonlyMap<string, string>> {
  const lines = (await ask(server.port, 'mntr')).trimEnd().split('\n')
  return new Map(lines.map((line) => line.replace(/^zk_/, '').split('\t') as [string, string]))
}

function numbers(shown: ReadonlyMap<string, string>, keys: readonly string[]): Record<string, number> {
  return Object.fromEntries(keys.map((key) => [key, Number(shown.get(key))]))
}

/** The fields of the only session in `cons`. */
async function sessionFields(server: TestServer): Promise<Record<string, string>> {
  const line = (await ask(server.port, 'cons')).split('\n').find((candidate) => candidate.includes('sid='))
  const fields = /\((.*)\)/.exec(line ?? '')?.[1]?.split(',') ?? []
  return Object.fromEntries(fields.map((field) => field.split('=') as [string, string]))
}

/** 7 writes, one of which fails, 6 reads, one of which fails, and events to two watches. */
async function play(client: RawClient): Promise<void> {
  await client.create('/app', 'four')
  await client.create('/app/x', 'x'.repeat(100))
  await client.getData('/app/x', true)
  await client.getChildren('/app', true)
  await client.setData('/app/x', 'y'.repeat(50))
  expect(await outcome(client.create('/app'))).toBe('NODEEXISTS')
  await client.exists('/app/x')
  await client.getChildren2('/app')
  expect(await outcome(client.getData('/none'))).toBe('NONODE')
  await client.delete('/app/x')
  await client.multi([
    { op: 'create', path: '/other', data: 'abc' },
    { op: 'setData', path: '/app', data: 'seven b', version: -1 },
    { op: 'delete', path: '/other', version: -1 },
  ])
  await client.sync('/')
  await client.create('/other', null)
}

test('a fresh tree has five nodes of 44 bytes, since the root counts twice', async () => {
  await using server = await TestServer.start()
  expect(numbers(await monitor(server), ['znode_count', 'approximate_data_size'])).toEqual({
    znode_count: 5,
    approximate_data_size: 44,
  })
})

test('requests, packets and bytes are counted as they come and go', async () => {
  await using server = await TestServer.start()
  const client = await server.connect({ pingIntervalMs: 0 })
  await play(client)
  const shown = await monitor(server)
  expect(
    numbers(shown, [
      'packets_received',
      'packets_sent',
      'connection_request_count',
      'num_alive_connections',
      'non_mtls_local_conn_count',
      'non_mtls_remote_conn_count',
      'global_sessions',
      'outstanding_requests',
      'cnt_readlatency',
      'cnt_updatelatency',
      'cnt_propagation_latency',
      'cnt_request_throttle_queue_time_ms',
      'prep_processor_request_queued',
      'sync_processor_request_queued',
      'last_client_response_size',
    ]),
  ).toEqual({
    // The connect request, 13 requests, and the word itself; for each but the word a reply, and two events.
    packets_received: 15,
    packets_sent: 16,
    connection_request_count: 1,
    num_alive_connections: 2,
    non_mtls_local_conn_count: 2,
    non_mtls_remote_conn_count: 0,
    global_sessions: 1,
    outstanding_requests: 0,
    cnt_readlatency: 6,
    // The beginning of a session is a write.
    cnt_updatelatency: 8,
    cnt_propagation_latency: 8,
    cnt_request_throttle_queue_time_ms: 14,
    prep_processor_request_queued: 8,
    sync_processor_request_queued: 8,
    last_client_response_size: 16 + 4 + 6,
  })
  expect(shown.get('outstanding_changes_queued')).toBe(shown.get('outstanding_changes_removed'))
  expect(Number(shown.get('outstanding_changes_queued'))).toBeGreaterThan(8)
})

test('events are counted by type and by the watchers that they reach', async () => {
  await using server = await TestServer.start()
  const clients = await Promise.all([server.connect(), server.connect(), server.connect()])
  const [first] = clients
  await first.create('/w')
  for (const client of clients) {
    await client.getData('/w', true)
    await client.exists('/w/later', true)
  }
  await first.getChildren('/w', true)
  await first.setData('/w', 'x')
  await first.create('/w/later')
  await first.getData('/w/later', true)
  await first.delete('/w/later')
  await Promise.all(clients.map((client, index) => client.waitForEvents(index === 0 ? 4 : 2)))
  const shown = await monitor(server)
  const counts = (name: string): number[] => [Number(shown.get(`cnt_${name}`)), Number(shown.get(`max_${name}`))]
  expect(counts('node_changed_watch_count')).toEqual([1, 3])
  expect(counts('node_created_watch_count')).toEqual([1, 3])
  expect(counts('node_children_watch_count')).toEqual([1, 1])
  expect(counts('node_deleted_watch_count')).toEqual([1, 1])
  // A frame: 4 bytes of length, 28 of header and event, and the path.
  expect(Number(shown.get('watch_bytes'))).toBe(3 * (32 + 2) + 3 * (32 + 8) + (32 + 2) + (32 + 8))
  expect(Number(shown.get('watch_count'))).toBe(0)
})

test('traffic is counted by the first name of the path, in bytes of path and data', async () => {
  await using server = await TestServer.start()
  await play(await server.connect())
  const shown = await monitor(server)
  const stat = 68
  expect(numbers(shown, ['cnt_app_read_per_namespace', 'sum_app_read_per_namespace', 'max_app_read_per_namespace'])).toEqual({
    cnt_app_read_per_namespace: 4,
    // getData, getChildren (the name x), exists, getChildren2.
    sum_app_read_per_namespace: 6 + 100 + stat + (4 + 1) + (6 + stat) + (4 + 1 + stat),
    max_app_read_per_namespace: 6 + 100 + stat,
  })
  expect(numbers(shown, ['cnt_app_write_per_namespace', 'sum_app_write_per_namespace'])).toEqual({
    cnt_app_write_per_namespace: 5,
    sum_app_write_per_namespace: 4 + 4 + (6 + 100) + (6 + 50) + 6 + (4 + 7),
  })
  // A create with data and a delete as parts of the multi, and a create without data.
  expect(numbers(shown, ['cnt_other_write_per_namespace', 'sum_other_write_per_namespace'])).toEqual({
    cnt_other_write_per_namespace: 3,
    sum_other_write_per_namespace: 6 + 3 + 6 + 6,
  })
  expect([...shown.keys()].filter((key) => key.startsWith('cnt_') && key.endsWith('_per_namespace')).sort()).toEqual([
    'cnt_app_read_per_namespace',
    'cnt_app_write_per_namespace',
    'cnt_other_write_per_namespace',
  ])
})

test('the stages of the log are measured: what waits for a sync goes together in the next one', async () => {
  const disk = new HeldDisk()
  await using server = await TestServer.start({}, { runtime: { disk } })
  const client = await server.connect({ pingIntervalMs: 0 })
  await client.create('/a')
  const before = await monitor(server)
  disk.hold()
  const first = client.setData('/a', '1')
  await until(() => disk.heldCount === 1, 'the first sync')
  const others = Array.from({ length: 5 }, (_, index) => client.setData('/a', String(index)))
  await until(async () => Number((await monitor(server)).get('outstanding_requests')) === 6, 'the other writes have come')
  const heldMs = 30
  await new Promise((resolve) => setTimeout(resolve, heldMs))
  disk.release()
  await Promise.all([first, ...others])
  const shown = await monitor(server)
  const difference = (key: string): number => Number(shown.get(key)) - Number(before.get(key))
  expect(difference('cnt_sync_processor_batch_size')).toBe(2)
  expect(difference('sum_sync_processor_batch_size')).toBe(6)
  expect(Number(shown.get('max_sync_processor_batch_size'))).toBe(5)
  expect(difference('cnt_sync_processor_queue_size')).toBe(2)
  expect(difference('cnt_sync_process_time')).toBe(2)
  expect(difference('cnt_prep_process_time')).toBe(2)
  expect(difference('cnt_fsynctime')).toBe(2)
  for (const name of [
    'sync_processor_queue_time_ms',
    'sync_processor_queue_flush_time_ms',
    'sync_processor_queue_and_flush_time_ms',
  ])
    expect([name, difference(`cnt_${name}`)]).toEqual([name, 6])
  expect(difference('cnt_write_final_proc_time_ms')).toBe(6)
  // The first write was being synced all the time, the others waited for it.
  expect(Number(shown.get('max_sync_processor_queue_flush_time_ms'))).toBeGreaterThanOrEqual(heldMs - 1)
  expect(Number(shown.get('max_sync_processor_queue_time_ms'))).toBeGreaterThanOrEqual(heldMs - 1)
  expect(Number(shown.get('max_updatelatency'))).toBeGreaterThanOrEqual(
    Number(shown.get('max_sync_processor_queue_and_flush_time_ms')),
  )
  expect(Number(shown.get('max_updatelatency'))).toBe(Number(shown.get('max_latency')))
})

test('a read that waited for a write is dated by its arrival', async () => {
  const disk = new HeldDisk()
  await using server = await TestServer.start({}, { runtime: { disk } })
  const client = await server.connect({ pingIntervalMs: 0 })
  await client.create('/a')
  disk.hold()
  const requests = [client.setData('/a', '1'), client.getData('/a')]
  await until(() => disk.heldCount === 1, 'the sync')
  const heldMs = 30
  await new Promise((resolve) => setTimeout(resolve, heldMs))
  disk.release()
  await Promise.all(requests)
  const shown = await monitor(server)
  expect(Number(shown.get('cnt_readlatency'))).toBe(1)
  expect(Number(shown.get('min_readlatency'))).toBeGreaterThanOrEqual(heldMs - 1)
  expect(Number((await sessionFields(server))['llat'])).toBeGreaterThanOrEqual(heldMs - 1)
})

test('the start is measured: loading a snapshot, replaying the log, and the snapshot that follows', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  for (let i = 0; i < 5; i++) await client.create(`/n${i}`)
  const fresh = await monitor(server)
  expect(numbers(fresh, ['cnt_snapshottime', 'cnt_dbinittime', 'sum_startup_txns_loaded'])).toEqual({
    cnt_snapshottime: 1,
    cnt_dbinittime: 1,
    sum_startup_txns_loaded: 0,
  })
  await server.restart()
  await until(async () => Number((await monitor(server)).get('cnt_snapshottime')) === 1, 'the snapshot after the replay')
  const shown = await monitor(server)
  expect(numbers(shown, ['cnt_startup_snap_load_time', 'cnt_startup_txns_load_time', 'sum_startup_txns_loaded'])).toEqual({
    cnt_startup_snap_load_time: 1,
    cnt_startup_txns_load_time: 1,
    sum_startup_txns_loaded: 6,
  })
  const average = (name: string): number => Number(shown.get(`avg_${name}`))
  expect(average('startup_snap_load_time')).toBeGreaterThan(0)
  expect(average('startup_txns_load_time')).toBeGreaterThan(0)
  expect(average('dbinittime')).toBeGreaterThanOrEqual(
    average('startup_snap_load_time') + average('startup_txns_load_time') - 0.0002,
  )
})

test('the ends of connections are told apart: farewells, drops, refusals, and sessions that are taken up again', async () => {
  await using server = await TestServer.start({ maxClientCnxns: 3 })
  const leaving = await server.connect()
  await leaving.close()
  const cut = await server.connect()
  cut.destroy()
  const alive = async (): Promise<number> => Number((await monitor(server)).get('num_alive_connections'))
  await until(async () => (await alive()) === 1, 'the connection that was cut off is gone')
  const back = await server.connect({ sessionId: cut.sessionId, password: cut.password })
  const [second, third] = [await server.open(), await server.open()]
  const refused = await server.open()
  await refused.waitForClose()
  second.destroy()
  third.destroy()
  await until(async () => (await ask(server.port, 'ruok').catch(() => '')) === 'imok', 'there is room again')
  await until(async () => (await alive()) === 2, 'only the client and the word are left')
  const shown = await monitor(server)
  expect(
    numbers(shown, [
      'connection_request_count',
      'connection_revalidate_count',
      'connection_drop_count',
      'connection_rejected',
      'non_mtls_local_conn_count',
      'cnt_close_session_prep_time',
    ]),
  ).toMatchObject({
    connection_request_count: 3,
    connection_revalidate_count: 1,
    connection_drop_count: 3,
    non_mtls_local_conn_count: 2,
    cnt_close_session_prep_time: 1,
  })
  expect(Number(shown.get('connection_rejected'))).toBeGreaterThanOrEqual(1)
  expect(Number(shown.get('cnt_socket_closing_time'))).toBeGreaterThanOrEqual(2)
  expect(back.sessionId).toBe(cut.sessionId)
})

test('sessions that expire are counted', async () => {
  await using server = await TestServer.start({ tickTime: 50 })
  const client = await server.connect({ timeoutMs: 100, pingIntervalMs: 0 })
  await client.connection.waitForClose()
  expect(numbers(await monitor(server), ['stale_sessions_expired', 'global_sessions', 'connection_drop_count'])).toEqual({
    stale_sessions_expired: 1,
    global_sessions: 0,
    connection_drop_count: 1,
  })
})

test('writes over a quota are counted by namespace, refused or not', async () => {
  await using server = await TestServer.start({ enforceQuota: true })
  const client = await server.connect()
  for (const [name, limits] of [
    ['soft', 'count=2,bytes=-1'],
    ['hard', 'count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=2'],
  ] as const) {
    await client.create(`/${name}`)
    await client.create(`/zookeeper/quota/${name}`)
    await client.create(`/zookeeper/quota/${name}/zookeeper_limits`, limits)
    await client.create(`/zookeeper/quota/${name}/zookeeper_stats`, 'count=1,bytes=0')
  }
  const create = (path: string): Promise<string> => outcome(client.create(path))
  expect(await create('/soft/1')).toBe('OK')
  expect(await create('/soft/2')).toBe('OK')
  expect(await create('/hard/1')).toBe('OK')
  expect(await create('/hard/2')).toBe('QUOTAEXCEEDED')
  expect(await create('/hard/3')).toBe('QUOTAEXCEEDED')
  const shown = await monitor(server)
  expect(shown.get('soft_quota_exceeded_error_per_namespace')).toBe('1')
  expect(shown.get('hard_quota_exceeded_error_per_namespace')).toBe('2')
})

test('A201: cons shows the beginning of a session as its first operation, and a write that failed as none', async () => {
  await using server = await TestServer.start()
  const client = await server.connect({ pingIntervalMs: 0 })
  const fields = (): Promise<Record<string, string>> => sessionFields(server)
  expect(await fields()).toMatchObject({ recved: '1', sent: '1', lop: 'SESS', lcxid: '0x0', lzxid: '0x1' })
  await client.auth('digest', 'me:secret')
  expect(await fields()).toMatchObject({ recved: '2', sent: '2', lop: 'SESS', lcxid: '0x0', lzxid: '0x1' })
  await client.ping()
  expect(await fields()).toMatchObject({ recved: '3', sent: '3', lop: 'PING', lcxid: '0x0' })
  expect(await outcome(client.getData('/none'))).toBe('NONODE')
  expect(await fields()).toMatchObject({ lop: 'GETD', lcxid: '0x1', lzxid: '0x1' })
  await client.create('/a')
  expect(await fields()).toMatchObject({ lop: 'CREA', lcxid: '0x2', lzxid: '0x2' })
  expect(await outcome(client.create('/a'))).toBe('NODEEXISTS')
  expect(await fields()).toMatchObject({ lop: 'NA', lcxid: '0x3', lzxid: '0x3' })
  await client.multi([{ op: 'delete', path: '/none', version: -1 }])
  expect(await fields()).toMatchObject({ lop: 'MULT', lcxid: '0x4', lzxid: '0x4' })
})

test('A201: cons shows the number of a ping that has one like other requests', async () => {
  await using server = await TestServer.start()
  const connection = await RawConnection.open('127.0.0.1', server.port)
  connection.sendFrame(connectRequest({}))
  await connection.nextFrame()
  connection.sendFrame(requestPayload(9, RawOp.ping))
  await connection.nextFrame()
  expect(await sessionFields(server)).toMatchObject({ lop: 'PING', lcxid: '0x9' })
  connection.destroy()
})

test('A201: crst forgets what the connections did, and their sessions go on', async () => {
  await using server = await TestServer.start()
  const client = await server.connect({ pingIntervalMs: 0 })
  await client.create('/a')
  expect(await ask(server.port, 'crst')).toBe('Connection stats reset.\n')
  const { est, sid, ...rest } = await sessionFields(server)
  expect(Number(est)).toBeGreaterThan(0)
  expect(BigInt(sid ?? '0')).toBe(client.sessionId)
  // The last zxid is -1, and there is no last cxid.
  expect(rest).toEqual({
    queued: '0',
    recved: '0',
    sent: '0',
    lop: 'NA',
    to: String(client.timeoutMs),
    lzxid: '0xffffffffffffffff',
    lresp: '0',
    llat: '0',
    minlat: '0',
    avglat: '0',
    maxlat: '0',
  })
  await client.getData('/a')
  expect(await sessionFields(server)).toMatchObject({ recved: '1', sent: '1', lop: 'GETD', lcxid: '0x2', lzxid: '0x2' })
})

test('srst clears packets, latency and sizes of replies; what is counted for good goes on', async () => {
  await using server = await TestServer.start()
  await play(await server.connect({ pingIntervalMs: 0 }))
  const before = await monitor(server)
  expect(await ask(server.port, 'srst')).toBe('Server stats reset.\n')
  const shown = await monitor(server)
  // The answer to srst, and the question that is being answered.
  expect(numbers(shown, ['packets_received', 'packets_sent', 'max_latency', 'max_client_response_size'])).toEqual({
    packets_received: 1,
    packets_sent: 1,
    max_latency: 0,
    max_client_response_size: -1,
  })
  expect(shown.get('avg_latency')).toBe('0.0')
  for (const key of [
    'cnt_readlatency',
    'cnt_updatelatency',
    'response_bytes',
    'bytes_received_count',
    'sum_app_write_per_namespace',
  ])
    expect([key, shown.get(key)]).toEqual([key, before.get(key)])
})

test('the pause monitor counts what held the event loop up', async () => {
  await using server = await TestServer.start({
    'jvm.pause.monitor': true,
    'jvm.pause.sleep.time.ms': 5,
    'jvm.pause.info-threshold.ms': 40,
    'jvm.pause.warn-threshold.ms': 100_000,
  })
  await until(async () => {
    const endMs = performance.now() + 60
    while (performance.now() < endMs);
    return Number((await monitor(server)).get('cnt_jvm_pause_time_ms')) > 0
  }, 'a pause is noticed')
  expect(Number((await monitor(server)).get('min_jvm_pause_time_ms'))).toBeGreaterThanOrEqual(40)
})
