import { join } from 'node:path'
import { nodeArguments, programPath } from './load-process.ts'
import { freePort, HOST, sleep, tryRead } from './loopback.ts'
import type { LoadedServer } from './measured-server.ts'
import { ProcessGroup } from './process-group.ts'

const START_TIMEOUT_MS = 10000
const POLL_INTERVAL_MS = 10

/** The echo server as a process of its own: the limit of what a server on Node's sockets can reach. */
export class EchoProcess implements LoadedServer {
  readonly name = 'echo'
  readonly address: string
  private readonly group: ProcessGroup

  private constructor(address: string, group: ProcessGroup) {
    this.address = address
    this.group = group
  }

  /** Starts one that answers reads with `payloadBytes` bytes of the seed that raw loads use. */
  static async start(directory: string, payloadBytes: number, seed: number): Promise<EchoProcess> {
    const port = await freePort()
    const program = [...nodeArguments(), programPath('echo-server')]
    const args = [...program, '--port', `${port}`, '--payload', `${payloadBytes}`, '--seed', `${seed}`]
    const group = new ProcessGroup(process.execPath, args, directory, join(directory, `echo-${payloadBytes}.log`))
    const deadlineMs = performance.now() + START_TIMEOUT_MS
    while ((await tryRead(port, '/')) === null) {
      if (!group.isRunning || performance.now() > deadlineMs)
        throw new Error(`the echo server does not serve:\n${group.logTail()}`)
      await sleep(POLL_INTERVAL_MS)
    }
    return new EchoProcess(`${HOST}:${port}`, group)
  }

  get groupIds(): readonly number[] {
    return [this.group.id]
  }

  async stop(): Promise<void> {
    await this.group.stop()
  }
}
