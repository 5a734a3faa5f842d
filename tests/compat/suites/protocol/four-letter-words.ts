/** The four-letter words. What is counted and timed differs from run to run, so these cases compare the form and what was arranged. */
import { RawCreateMode } from '../../../support/raw-client.ts'
import { fourLetterWord } from '../../../support/server-process.ts'
import { check } from '../../suite.ts'
import type { ProtocolCase, Stage } from './stage.ts'

/** The text with what differs from run to run replaced by words. */
function form(text: string): string[] {
  return text
    .split('\n')
    .map((line) =>
      line
        .replaceAll(/0x[0-9a-f]{10,16}/g, '<session>')
        .replaceAll(/0x[0-9a-f]+/g, '<zxid>')
        .replaceAll(/127\.0\.0\.1:\d+/g, '<address>')
        .replaceAll(/-?\d+(\.\d+)?/g, '<n>'),
    )
    .filter((line) => line !== '')
}

/** stmk and the trace mask of 306, in eight bytes. */
const TRACE_MASK = 'stmk\0\0\0\0\0\0\u00012'

const ask = (stage: Stage, word: string): Promise<string> => fourLetterWord(stage.server.port, word)

export const fourLetterWordCases: readonly ProtocolCase[] = [
  {
    name: 'A111 A199 A205: ruok, isro, and words that are none',
    play: async (stage) => {
      for (const word of ['ruok', 'ruok\n', 'isro', 'gtmk', TRACE_MASK, 'ruoka']) stage.note(word, await ask(stage, word))
      const srvr = await ask(stage, 'srvr')
      check(srvr.includes('Mode: standalone\n'), `srvr says ${srvr}`)
    },
  },
  {
    name: 'A206: srvr and stat, apart from the version',
    play: async (stage) => {
      await stage.client()
      for (const word of ['srvr', 'stat']) stage.note(word, form(await ask(stage, word)).slice(1))
    },
  },
  {
    name: 'A201 A261: cons shows each live session',
    play: async (stage) => {
      const client = await stage.client()
      await client.create('/n')
      const session = `0x${BigInt.asUintN(64, client.sessionId).toString(16)}`
      const line = (await ask(stage, 'cons')).split('\n').find((candidate) => candidate.includes(session)) ?? 'no line'
      const values = Object.fromEntries([...line.matchAll(/(\w+)=([^,)]*)/g)].map((match) => [match[1], match[2]]))
      stage.note(
        'fields',
        [...line.matchAll(/(\w+)=/g)].map((match) => match[1]),
      )
      stage.note('last operation', values['lop'], 'timeout', values['to'], 'queued', values['queued'])
    },
  },
  {
    name: 'A202: dump shows sessions and their ephemeral nodes',
    play: async (stage) => {
      const owner = await stage.client()
      await owner.create('/b', null, RawCreateMode.ephemeral)
      await owner.create('/a', null, RawCreateMode.ephemeral)
      const dump = await ask(stage, 'dump')
      stage.note(
        'headings',
        form(dump).filter((line) => !/<session>|expire at|^\t\//.test(line)),
      )
      stage.note(
        'nodes',
        dump
          .split('\n')
          .filter((line) => line.startsWith('\t/'))
          .sort(),
      )
    },
  },
  {
    name: 'A207 A208 A209: wchs, wchc and wchp',
    play: async (stage) => {
      const client = await stage.client()
      const other = await stage.client()
      for (const path of ['/a', '/b']) await client.create(path)
      await client.getData('/a', true)
      await client.exists('/missing', true)
      await client.getChildren('/a', true)
      await other.getData('/a', true)
      await other.addWatch('/b', 1)
      stage.note('wchs', await ask(stage, 'wchs'))
      const names = new Map(
        [client, other].map((one, index) => [`0x${BigInt.asUintN(64, one.sessionId).toString(16)}`, `session ${index}`]),
      )
      const named = (text: string): string => text.replaceAll(/0x[0-9a-f]+/g, (id) => names.get(id) ?? id)
      const blocks = (text: string): string[] =>
        named(text)
          .split(/\n(?!\t)/)
          .map((block) => block.split('\n').sort().join(' '))
          .sort()
      stage.note('wchc', blocks(await ask(stage, 'wchc')))
      stage.note('wchp', blocks(await ask(stage, 'wchp')))
    },
  },
  {
    name: 'A200: conf',
    play: async (stage) => {
      const lines = (await ask(stage, 'conf')).split('\n').filter((line) => line !== '')
      const fixed = lines.map((line) =>
        /^(clientPort|dataDir|dataLogDir|dataDirSize|dataLogSize)=/.test(line) ? line.replace(/=.*/, '=') : line,
      )
      stage.note('lines', fixed)
    },
  },
  {
    name: 'A203: the keys of envi that do not speak of the platform',
    play: async (stage) => {
      const keys = (await ask(stage, 'envi')).split('\n').map((line) => line.replace(/=.*/, ''))
      stage.note(
        'keys',
        keys.filter((key) => !/^(java|node)\.|^$/.test(key)),
      )
    },
  },
  {
    name: 'the keys of mntr that Apache prints are all there',
    play: async (stage) => {
      const keys = (await ask(stage, 'mntr'))
        .split('\n')
        .map((line) => line.replace(/\t.*/, ''))
        .filter((key) => key !== '')
      // What the Java machine measures about itself is no business of another platform.
      stage.note('basic keys', keys.filter((key) => basicMonitorKeys.includes(key)).sort())
    },
  },
  {
    name: 'crst, srst and dirs',
    play: async (stage) => {
      for (const word of ['crst', 'srst']) stage.note(word, await ask(stage, word))
      stage.note('dirs', form(await ask(stage, 'dirs')))
    },
  },
]

/** Keys that monitoring of Apache's server is commonly built on. */
const basicMonitorKeys: readonly string[] = [
  'zk_version',
  'zk_server_state',
  'zk_peer_state',
  'zk_avg_latency',
  'zk_max_latency',
  'zk_min_latency',
  'zk_packets_received',
  'zk_packets_sent',
  'zk_num_alive_connections',
  'zk_outstanding_requests',
  'zk_znode_count',
  'zk_watch_count',
  'zk_ephemerals_count',
  'zk_approximate_data_size',
  'zk_open_file_descriptor_count',
  'zk_max_file_descriptor_count',
  'zk_global_sessions',
  'zk_local_sessions',
  'zk_uptime',
  'zk_max_client_response_size',
  'zk_last_client_response_size',
  'zk_min_client_response_size',
]
