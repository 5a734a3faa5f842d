import type { ServerConfig } from './server-config.ts'

/** The times of a configuration with the arithmetic that leads to them, one line each. */
export function explainConfig(config: ServerConfig): string[] {
  const tick = config.tickTimeMs
  const lines: [name: string, arithmetic: string, meaning: string][] = [
    ['tickTime', `${tick} ms`, 'the base unit of time'],
    ['initLimit', ticks(config.initLimit, tick), 'for a follower to connect to the leader and catch up'],
    ['syncLimit', ticks(config.syncLimit, tick), 'of silence until a follower or leader is given up'],
    ['minSessionTimeout', sessionTimeout(config.minSessionTimeoutMs, tick, 2), 'shortest session timeout that a client gets'],
    ['maxSessionTimeout', sessionTimeout(config.maxSessionTimeoutMs, tick, 20), 'longest session timeout that a client gets'],
    ['purgeInterval', purge(config), 'between two purges of old snapshots and logs'],
    ['role', config.isDistributed ? 'member of an ensemble' : 'a server of its own', members(config)],
  ]
  const width = Math.max(...lines.map(([, arithmetic]) => arithmetic.length))
  return lines.map(([name, arithmetic, meaning]) => `${name.padEnd(17)}  ${arithmetic.padEnd(width)}  ${meaning}`.trimEnd())
}

function ticks(count: number, tickMs: number): string {
  return count === 0 ? 'not set' : `${count} ticks x ${tickMs} ms = ${seconds(count * tickMs)}`
}

function sessionTimeout(timeoutMs: number, tickMs: number, defaultTicks: number): string {
  return timeoutMs === defaultTicks * tickMs ? ticks(defaultTicks, tickMs) : `${timeoutMs} ms = ${seconds(timeoutMs)}`
}

function seconds(timeMs: number): string {
  return `${timeMs / 1000} s`
}

function purge(config: ServerConfig): string {
  return config.autopurgePurgeIntervalHours === 0
    ? 'off'
    : `${config.autopurgePurgeIntervalHours} h, keeping ${config.autopurgeSnapRetainCount}`
}

function members(config: ServerConfig): string {
  if (config.membership === null) return ''
  return `${config.membership.members.size} listed, this one is ${config.myId ?? 'unknown (no myid)'}`
}
