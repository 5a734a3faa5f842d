import { expect, test } from 'vitest'
import { confOutput, ensembleConfOutput } from '../../src/config/conf-output.ts'
import { explainConfig } from '../../src/config/explain-config.ts'
import { load } from './sources.ts'

const FACTS = { clientPort: 37181, secureClientPort: -1, dataDirSize: 67109358, dataLogSize: 67109359 }

test('A138: conf of a server of its own shows the configuration in twelve lines', () => {
  const { config } = load('tickTime=2000\ndataDir=/var/lib/zk\ndataLogDir=/var/log/zk\nclientPort=37181\n')
  expect(confOutput(config, FACTS)).toBe(
    'clientPort=37181\nsecureClientPort=-1\ndataDir=/var/lib/zk/version-2\ndataDirSize=67109358\ndataLogDir=/var/log/zk/version-2\n' +
      'dataLogSize=67109359\ntickTime=2000\nmaxClientCnxns=60\nminSessionTimeout=4000\nmaxSessionTimeout=40000\n' +
      'clientPortListenBacklog=-1\nserverId=0\n',
  )
})

test('conf of a member adds the lines of the ensemble and the membership, without a newline at the end', () => {
  const text =
    'tickTime=2000\ndataDir=/d\ninitLimit=10\nsyncLimit=5\nserver.1=127.0.0.1:37381:37481;127.0.0.1:37281\nserver.2=127.0.0.1:37382:37482\n'
  const { config } = load(text, { files: { '/d/myid': '1' } })
  const { membership } = config
  if (membership === null) throw new Error('the members were not read')
  expect(ensembleConfOutput(config, FACTS, { ...membership, version: 0x100000000 }).split('serverId=')[1]).toBe(
    '1\ninitLimit=10\nsyncLimit=5\nelectionAlg=3\nelectionPort=37481\nquorumPort=37381\npeerType=0\nmembership: \n' +
      'server.1=127.0.0.1:37381:37481:participant;127.0.0.1:37281\nserver.2=127.0.0.1:37382:37482:participant\nversion=100000000',
  )
})

test('A153: the arithmetic of ticks is explained', () => {
  const { config } = load('tickTime=2000\ninitLimit=10\nsyncLimit=5\ndataDir=/d\nmaxSessionTimeout=50000\n')
  expect(explainConfig(config)).toEqual([
    'tickTime           2000 ms                    the base unit of time',
    'initLimit          10 ticks x 2000 ms = 20 s  for a follower to connect to the leader and catch up',
    'syncLimit          5 ticks x 2000 ms = 10 s   of silence until a follower or leader is given up',
    'minSessionTimeout  2 ticks x 2000 ms = 4 s    shortest session timeout that a client gets',
    'maxSessionTimeout  50000 ms = 50 s            longest session timeout that a client gets',
    'purgeInterval      off                        between two purges of old snapshots and logs',
    'role               a server of its own',
  ])
})
