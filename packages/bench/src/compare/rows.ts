/** What a row has to reach, as ratios of our server to the other one in the same run. */
export interface RowGoals {
  /** Throughput, at least. */
  readonly throughput: number | null
  /** p99 latency, at most. */
  readonly p99: number
  /** Time until every watcher has been told, at most. */
  readonly allTold: number | null
  /** Throughput as a share of the echo server's, at least. */
  readonly echoShare: number | null
  /** p50 latency over that of the echo server plus the disk's own write and sync, at most. */
  readonly floorRatio: number | null
}

/** One line of the comparison: a load and its goals. */
export interface LoadRow {
  readonly name: string
  readonly argv: readonly string[]
  /** The load runs to its end by itself instead of for an interval. */
  readonly isCounted: boolean
  readonly payloadBytes: number
  /** The echo server is loaded in the same way, for the roofline. */
  readonly hasEcho: boolean
  readonly goals: RowGoals
}

const NO_GOALS: RowGoals = { throughput: null, p99: 1, allTold: null, echoShare: null, floorRatio: null }
const P99_PIPELINED = 0.5
const P99_ENSEMBLE = 0.5
const WATCHERS = 10000
const WATCHERS_QUICK = 1000
const WATCH_ROUNDS = 5

function row(
  name: string,
  workload: string,
  shape: { connections: number; window?: number; payload?: number },
  goals: Partial<RowGoals>,
): LoadRow {
  const window = shape.window ?? 1
  const payloadBytes = shape.payload ?? 1024
  const argv = ['--workload', ...workload.split(' '), '--connections', `${shape.connections}`, '--window', `${window}`]
  const p99 = window > 1 ? P99_PIPELINED : NO_GOALS.p99
  return {
    name,
    argv: [...argv, '--payload', `${payloadBytes}`],
    isCounted: false,
    payloadBytes,
    hasEcho: goals.echoShare !== undefined || goals.floorRatio !== undefined,
    goals: { ...NO_GOALS, p99, ...goals },
  }
}

/** The loads that ensembles are compared by, their sessions spread over all servers. */
export function ensembleRows(): LoadRow[] {
  const rows = [
    row('set 64x32', 'set', { connections: 64, window: 32 }, { throughput: 3 }),
    row('set 128x1', 'set', { connections: 128 }, { throughput: 2 }),
    row('set 1x1', 'set', { connections: 1 }, { throughput: 1.3 }),
    row('create+delete 100 B 16x4', 'create-delete', { connections: 16, window: 4, payload: 100 }, { throughput: 2 }),
    row('multi of 10 100 B 16x4', 'multi --multi-size 10', { connections: 16, window: 4, payload: 100 }, { throughput: 2 }),
    row('get 64x32', 'get', { connections: 64, window: 32 }, { throughput: 4 }),
    row('get 128x1', 'get', { connections: 128 }, { throughput: 2 }),
    row('mix 90/10 64x16', 'mix --read-share 0.9', { connections: 64, window: 16 }, { throughput: 3 }),
    row('mix 70/30 64x16', 'mix --read-share 0.7', { connections: 64, window: 16 }, { throughput: 3 }),
    row('mix 50/50 64x16', 'mix --read-share 0.5', { connections: 64, window: 16 }, { throughput: 3 }),
  ]
  return rows.map((plain) => ({ ...plain, goals: { ...plain.goals, p99: P99_ENSEMBLE } }))
}

/** The loads that are compared. Names end with connections x operations outstanding on each; data is 1 KiB unless said. */
export function loadRows(isQuick: boolean): LoadRow[] {
  const watchers = isQuick ? WATCHERS_QUICK : WATCHERS
  return [
    row('get 1x1', 'get', { connections: 1 }, { throughput: 1.3 }),
    row('get 128x1', 'get', { connections: 128 }, { throughput: 1.2, echoShare: 0.85 }),
    row('get 64x32', 'get', { connections: 64, window: 32 }, { throughput: 5, echoShare: 0.45 }),
    row('get 100 B 64x16', 'get', { connections: 64, window: 16, payload: 100 }, { throughput: 4, echoShare: 0.45 }),
    row('exists 100 B 64x16', 'exists', { connections: 64, window: 16, payload: 100 }, { throughput: 4, echoShare: 0.45 }),
    row('set 1x1', 'set', { connections: 1 }, { throughput: 1.4, floorRatio: 1.3 }),
    row('set 128x1', 'set', { connections: 128 }, { throughput: 1.5 }),
    row('set 64x32', 'set', { connections: 64, window: 32 }, { throughput: 2.5 }),
    row('set 100 B 64x16', 'set', { connections: 64, window: 16, payload: 100 }, { throughput: 2.5 }),
    row('mix 90/10 64x16', 'mix --read-share 0.9', { connections: 64, window: 16 }, { throughput: 3 }),
    row('mix 70/30 64x16', 'mix --read-share 0.7', { connections: 64, window: 16 }, { throughput: 3 }),
    row('mix 50/50 64x16', 'mix --read-share 0.5', { connections: 64, window: 16 }, { throughput: 3 }),
    row('create+delete 100 B 16x4', 'create-delete', { connections: 16, window: 4, payload: 100 }, { throughput: 2 }),
    row('ephemeral create 100 B 16x4', 'ephemeral', { connections: 16, window: 4, payload: 100 }, { throughput: 2 }),
    row('multi of 10 100 B 16x4', 'multi --multi-size 10', { connections: 16, window: 4, payload: 100 }, { throughput: 1.5 }),
    row('getChildren of 1000 16x1', 'children --children 1000', { connections: 16, payload: 0 }, { throughput: 1.3 }),
    row('sync+get 100 B 16x4', 'sync-get', { connections: 16, window: 4, payload: 100 }, { throughput: 2 }),
    row('open+close session 16x1', 'connect', { connections: 16 }, { throughput: 1.2 }),
    {
      ...row(
        `watch of ${watchers} sessions`,
        `watch --operations ${WATCH_ROUNDS}`,
        { connections: watchers, payload: 100 },
        { allTold: 0.5 },
      ),
      isCounted: true,
    },
  ]
}
