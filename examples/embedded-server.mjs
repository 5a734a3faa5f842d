// A server inside this process, on a free port and a directory of its own: what a test of yours would do.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { configFromProperties, nodeRuntime, silentLogger, startServer } from '@tskeeper/server'

const directory = mkdtempSync(join(tmpdir(), 'tskeeper-example-'))
const runtime = nodeRuntime()
const properties = new Map([['dataDir', directory]])
const sources = { disk: runtime.disk, logger: silentLogger, workingDirectory: directory, properties: new Map() }
// The keys are those of zoo.cfg. Port 0 is any free one, which no file can ask for.
const config = { ...configFromProperties(properties, sources), clientPort: 0, clientPortAddress: '127.0.0.1' }
const server = await startServer(config, { runtime, logger: silentLogger })
console.log(`serving on 127.0.0.1:${server.clientPort}`)
await server.stop()
rmSync(directory, { recursive: true })
console.log('stopped')
