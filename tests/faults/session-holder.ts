// A client process for others to kill or stop: it opens a session, creates one ephemeral node, says
// "ready", and pings until it is ended. Arguments: port, time-out in milliseconds, path.

import { RawClient } from '../support/raw-client.ts'
import { RawCreateMode } from '../support/raw-records.ts'

const [port, timeoutMs, path] = process.argv.slice(2)
if (port === undefined || timeoutMs === undefined || path === undefined) throw new Error('port, time-out and path are needed')
const client = await RawClient.connect('127.0.0.1', Number(port), { timeoutMs: Number(timeoutMs) })
await client.create(path, null, RawCreateMode.ephemeral)
console.log('ready')
await client.connection.closed
