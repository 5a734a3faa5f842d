/** The Python client kazoo with its recipes. */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startCompatServer } from '../compat-server.ts'
import { reportProgram } from '../external-program.ts'
import type { Suite, SuiteContext } from '../suite.ts'

const PROGRAM = join(dirname(fileURLToPath(import.meta.url)), '..', 'kazoo_suite.py')
/** Debian's own Python: its packages are not seen by others that may stand before it in the path. */
const PYTHON = '/usr/bin/python3'
const TIMEOUT_MS = 300_000

export const kazooSuite: Suite = {
  name: 'kazoo',
  purpose: 'the Python client kazoo and its recipes',
  software: [
    { file: PYTHON, debianPackage: 'python3' },
    { file: '/usr/lib/python3/dist-packages/kazoo/client.py', debianPackage: 'python3-kazoo' },
  ],
  run: runKazoo,
}

async function runKazoo(context: SuiteContext): Promise<void> {
  const server = await startCompatServer(context)
  try {
    await reportProgram(context, {
      command: PYTHON,
      arguments: [PROGRAM, `${server.host}:${server.port}`],
      timeoutMs: TIMEOUT_MS,
    })
  } finally {
    await server.stop()
  }
}
