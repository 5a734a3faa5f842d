/** The echo server as a process: the limit of what a server on Node's sockets can reach. See `echo/echo-listener.ts`. */
import { parseArgs } from 'node:util'
import { numberOption, wholeFrom } from './command-line.ts'
import { listenAsEcho } from './echo/echo-listener.ts'

const { values } = parseArgs({ options: { port: { type: 'string' }, payload: { type: 'string' }, seed: { type: 'string' } } })
listenAsEcho(
  numberOption(values, 'port', 2181, { min: 1, max: 65535, isInteger: true }),
  numberOption(values, 'payload', 1024, wholeFrom(0)),
  numberOption(values, 'seed', 1, wholeFrom(0)),
)
