// The process of a server: arguments and signals in, log lines and an exit code out. Everything that a
// server does lies behind `startServer`, which is imported only after the configuration was found good.
//
// Exit codes: 0 stopped on request, 1 unexpected, 2 configuration or arguments, 3 data directory,
// 4 admin server, and those that `startServer` attaches to its errors. The short line goes to stderr, where
// scripts look; the log on stdout has the reason.

import { explainConfig } from './config/explain-config.ts'
import { type ConfigSources, configFromProperties, loadConfig } from './config/load-config.ts'
import type { ServerConfig } from './config/server-config.ts'
import { type LaunchArguments, parseLaunchArguments } from './config/system-properties.ts'
import type { RunningServer, StartServer } from './running-server.ts'
import { ConsoleLogger, descriptorSink, type LogLevel, parseLogLevel } from './runtime/console-logger.ts'
import { nodeRuntime } from './runtime/node-runtime.ts'
import type { Runtime } from './runtime/runtime.ts'
import { StartupError } from './startup-error.ts'
import { StopSignals } from './stop-signals.ts'
import { SERVER_VERSION } from './version.ts'

const STDOUT = 1
const STDERR = 2

const EXIT_UNEXPECTED = 1
const EXIT_BAD_ARGUMENTS = 2

/** What stderr says for an exit code. Others are explained by the log alone. */
const SHORT_LINES: Readonly<Record<number, string>> = {
  2: 'Invalid config, exiting abnormally',
  3: 'Unable to access datadir, exiting abnormally',
  4: 'Unable to start AdminServer, exiting abnormally',
}

const QUICKSTART_OPTION = '--quickstart'

/** What a try-out without any file uses: reachable from this machine only, every four-letter word on. */
const QUICKSTART: ReadonlyMap<string, string> = new Map([
  ['clientPort', '2181'],
  ['clientPortAddress', '127.0.0.1'],
  ['dataDir', './data'],
  ['tickTime', '2000'],
  ['4lw.commands.whitelist', '*'],
])

/**
 * Runs a server until it stops and gives the exit code. Arguments: a configuration file; or `clientPort dataDir
 * [tickTime [maxClientCnxns]]`; or `--quickstart [--port N]`; `-Dname=value` anywhere. `--explain-config FILE` prints the
 * times of a configuration instead of running.
 */
export async function runServer(argv: readonly string[]): Promise<number> {
  const launch = parseLaunchArguments(argv, process.env)
  const runtime = nodeRuntime()
  const isQuickstart = launch.rest.includes(QUICKSTART_OPTION)
  const isExplanation = launch.rest[0] === '--explain-config'
  // An explanation is the output itself, so what is to be said about the configuration goes beside it.
  const logger = makeLogger(launch, runtime, isQuickstart || isExplanation ? 'WARN' : 'INFO', isExplanation ? STDERR : STDOUT)
  const signals = new StopSignals(process, (code) => process.exit(code))
  try {
    const config = readConfig(isExplanation ? launch.rest.slice(1) : launch.rest, launch, runtime, logger)
    if (config === null) return refuseArguments(launch.rest, logger)
    if (isExplanation) {
      print(STDOUT, explainConfig(config).join('\n'))
      return 0
    }
    announceRole(config, logger, isQuickstart)
    const { startServer }: { startServer: StartServer } = await import('./server.ts')
    const server = await startServer(config, { runtime, logger })
    if (isQuickstart) greet(config, server)
    return await serve(server, signals, logger)
  } catch (error) {
    const exitCode = explainFailure(error, logger)
    if (isQuickstart && addressInUse(error) !== null)
      print(STDOUT, 'For another port add --port N, for example npm start -- --port 2182')
    return exitCode
  }
}

function makeLogger(launch: LaunchArguments, runtime: Runtime, usualLevel: LogLevel, descriptor: number): ConsoleLogger {
  const wanted =
    process.env['ZOO_LOG_LEVEL'] ??
    launch.properties.get('zookeeper.root.logger')?.split(',')[0] ??
    launch.properties.get('zookeeper.console.threshold')
  const level = wanted === undefined ? null : parseLogLevel(wanted)
  const logger = new ConsoleLogger({ level: level ?? usualLevel, clock: runtime.clock, write: descriptorSink(descriptor) })
  if (wanted !== undefined && level === null)
    logger.warn(`There is no log level ${wanted}: use TRACE, DEBUG, INFO, WARN, ERROR or OFF`)
  process.on('uncaughtException', (error) => {
    logger.error('Unexpected exception, exiting abnormally', { error })
    process.exit(EXIT_UNEXPECTED)
  })
  return logger
}

/** Null when the arguments have none of the known forms. */
function readConfig(
  rest: readonly string[],
  launch: LaunchArguments,
  runtime: Runtime,
  logger: ConsoleLogger,
): ServerConfig | null {
  const sources = {
    disk: runtime.disk,
    logger: logger.forComponent('config'),
    workingDirectory: process.cwd(),
    properties: launch.properties,
  }
  if (rest.includes(QUICKSTART_OPTION)) return readQuickstart(rest, sources)
  const [first, second, tickTime, maxClientCnxns, ...more] = rest
  if (first === undefined || more.length > 0) return null
  if (second === undefined) return loadConfig(first, sources)
  const properties = new Map([
    ['clientPort', first],
    ['dataDir', second],
  ])
  if (tickTime !== undefined) properties.set('tickTime', tickTime)
  if (maxClientCnxns !== undefined) properties.set('maxClientCnxns', maxClientCnxns)
  return configFromProperties(properties, sources)
}

/** `--quickstart`, with `--port N` for a machine on which the usual one is taken. */
function readQuickstart(rest: readonly string[], sources: ConfigSources): ServerConfig | null {
  const properties = new Map(QUICKSTART)
  const options = rest.filter((argument) => argument !== QUICKSTART_OPTION)
  const [option, value] = options.length === 1 ? (options[0] ?? '').split('=') : options
  if (options.length > 2 || (options.length > 0 && (option !== '--port' || value === undefined))) return null
  return configFromProperties(value === undefined ? properties : properties.set('clientPort', value), sources)
}

function refuseArguments(rest: readonly string[], logger: ConsoleLogger): number {
  logger.error('Invalid arguments, exiting abnormally', {
    error: new StartupError(`Invalid number of arguments:[${rest.join(', ')}]`, EXIT_BAD_ARGUMENTS),
  })
  logger.info('Usage: QuorumPeerMain configfile | clientPort dataDir [tickTime [maxClientCnxns]] | --quickstart [--port N]')
  print(STDERR, 'Usage: QuorumPeerMain configfile')
  return EXIT_BAD_ARGUMENTS
}

function announceRole(config: ServerConfig, logger: ConsoleLogger, isQuickstart: boolean): void {
  if (config.isDistributed) {
    logger.setMyId(config.myId ?? 0)
    logger.info(`Starting quorum peer, myid=${config.myId}`)
  } else if (!isQuickstart) logger.warn('Either no config or no quorum defined in config, running in standalone mode')
}

function greet(config: ServerConfig, server: RunningServer): void {
  const address = `127.0.0.1:${server.clientPort}`
  print(STDOUT, `tskeeper ${SERVER_VERSION} is ready for ZooKeeper clients at ${address}`)
  print(STDOUT, `Its data are in ${config.dataDir}`)
  print(STDOUT, `Connect with any ZooKeeper client, for example zkCli.sh -server ${address}; Ctrl-C stops the server`)
}

/** Waits for the end: the server's own, or a signal. */
async function serve(server: RunningServer, signals: StopSignals, logger: ConsoleLogger): Promise<number> {
  signals.onFirst((signal) => {
    logger.info(`Received ${signal}, stopping`)
    server.stop().catch((error: unknown) => {
      logger.error('Unexpected exception, exiting abnormally', { error })
      process.exit(EXIT_UNEXPECTED)
    })
  })
  const failure = await server.closed
  if (failure !== null) return explainFailure(failure, logger)
  logger.info('Stopped')
  return 0
}

function explainFailure(error: unknown, logger: ConsoleLogger): number {
  const exitCode = error instanceof StartupError ? error.exitCode : EXIT_UNEXPECTED
  const shortLine = SHORT_LINES[exitCode]
  const takenAddress = addressInUse(error)
  if (takenAddress !== null) {
    logger.error(`Address already in use: ${takenAddress}; another process listens there`)
    return exitCode
  }
  logger.error(shortLine ?? 'Unexpected exception, exiting abnormally', { error })
  if (shortLine !== undefined) print(STDERR, shortLine)
  return exitCode
}

/** The address that could not be listened on because somebody else does; null for every other failure. */
function addressInUse(error: unknown): string | null {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (!('code' in current) || current.code !== 'EADDRINUSE') continue
    const address = 'address' in current ? String(current.address) : ''
    return `${address}:${'port' in current ? String(current.port) : ''}`
  }
  return null
}

/** For the few lines that are not log lines. The reader may be gone; that must not keep the process from its end. */
function print(descriptor: number, line: string): void {
  try {
    descriptorSink(descriptor)(`${line}\n`)
  } catch {
    // Nobody reads: the exit code still tells.
  }
}
