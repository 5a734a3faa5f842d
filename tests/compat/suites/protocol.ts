/** The protocol itself, request by request: what is answered, which zxids it takes, which events it tells, when a connection is closed. */
import { startCompatServer } from '../compat-server.ts'
import { runCase, type Suite, type SuiteContext } from '../suite.ts'
import { JAVA, ZOOKEEPER_JAR } from './cli-session.ts'
import { authenticationCases } from './protocol/authentication.ts'
import { connectionCases } from './protocol/connections.ts'
import { errorCases } from './protocol/errors.ts'
import { fourLetterWordCases } from './protocol/four-letter-words.ts'
import { multiCases } from './protocol/multis.ts'
import { promiseCases } from './protocol/promises.ts'
import { quotaCases } from './protocol/quotas.ts'
import { type ProtocolCase, Stage } from './protocol/stage.ts'
import { statCases } from './protocol/stats.ts'
import { watchCases } from './protocol/watches.ts'

const cases: readonly ProtocolCase[] = [
  ...statCases,
  ...errorCases,
  ...multiCases,
  ...watchCases,
  ...authenticationCases,
  ...quotaCases,
  ...connectionCases,
  ...promiseCases,
  ...fourLetterWordCases,
]

export const protocolSuite: Suite = {
  name: 'protocol',
  purpose: 'the protocol request by request',
  software: [
    { file: ZOOKEEPER_JAR, debianPackage: 'zookeeper' },
    { file: JAVA, debianPackage: 'default-jre-headless' },
  ],
  run: runProtocol,
}

async function runProtocol(context: SuiteContext): Promise<void> {
  // Nothing may be reaped in the middle of a case: that would take zxids.
  const server = await startCompatServer(context, {
    config: { 'znode.container.checkIntervalMs': 600_000 },
    javaFlags: ['-Dznode.container.checkIntervalMs=600000'],
  })
  try {
    for (const { name, play } of cases) {
      await runCase(context, name, async () => {
        const stage = new Stage(server)
        try {
          await stage.prepare()
          await play(stage)
          return stage.notes
        } finally {
          await stage.cleanUp()
        }
      })
    }
  } finally {
    await server.stop()
  }
}
