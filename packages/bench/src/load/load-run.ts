import { ConnectChurn } from './connect-churn.ts'
import { ControlSession } from './control-session.ts'
import { LoadLoop, type LoopOutcome, type LoopPlan } from './load-loop.ts'
import type { LoadOptions } from './load-options.ts'
import { SessionGroup } from './session-group.ts'
import type { Transport } from './transport.ts'
import { WatchFanOut } from './watch-fan-out.ts'
import type { Workload, WorkloadSetting } from './workload.ts'
import { ChildrenWorkload } from './workloads/children-workload.ts'
import { CreateWorkload } from './workloads/create-workload.ts'
import { KeyedWorkload } from './workloads/keyed-workload.ts'
import { MultiWorkload } from './workloads/multi-workload.ts'
import { SyncGetWorkload } from './workloads/sync-get-workload.ts'

/** The result of a load: only ever made when every reply was right. */
export interface LoadReport {
  readonly workload: string
  readonly connections: number
  readonly window: number
  readonly payloadBytes: number
  /** Operations due per second; null in a closed loop. */
  readonly ratePerS: number | null
  readonly root: string | null
  readonly throughputPerS: number
  readonly outcome: LoopOutcome
  /** Only of the watch workload. */
  readonly allToldMs: readonly number[] | null
}

/** Prepares, loads, inspects and clears away. Rejects with a `Violation` or the failure that ended the run. */
export async function runLoad(options: LoadOptions, transport: Transport): Promise<LoadReport> {
  if (options.isRaw) return report(options, null, await runRaw(options, transport), null)
  if (options.workload === 'connect') {
    const churn = new ConnectChurn(transport, options.connections, options.sessionTimeoutMs, planOf(options))
    return report(options, null, await churn.run(), null)
  }
  const control = new ControlSession(transport, options.sessionTimeoutMs)
  const group = new SessionGroup(transport, options.sessionTimeoutMs)
  const keepAlive = setInterval(() => control.ping(), options.sessionTimeoutMs / 4)
  try {
    await control.open()
    const setting = settingOf(options)
    const catchUp = (): Promise<void> => letOthersCatchUp(options, setting, transport)
    await control.create(setting.root, Buffer.alloc(0))
    const result =
      options.workload === 'watch'
        ? await runWatch(options, setting, control, group, catchUp)
        : await runLoop(options, setting, control, group, catchUp)
    if (!options.keepsNodes) await control.deleteTree(setting.root)
    await control.close()
    return result
  } finally {
    clearInterval(keepAlive)
    group.destroy()
    control.destroy()
  }
}

async function runLoop(
  options: LoadOptions,
  setting: WorkloadSetting,
  control: ControlSession,
  group: SessionGroup,
  catchUp: () => Promise<void>,
): Promise<LoadReport> {
  const workload = makeWorkload(options, setting)
  await workload.prepare(control)
  await catchUp()
  await group.open(options.connections)
  const outcome = await new LoadLoop(group.sessions, workload, planOf(options)).run()
  await workload.inspect(control)
  await group.close()
  await workload.inspectAfterClose(control)
  return report(options, setting.root, outcome, null)
}

async function runWatch(
  options: LoadOptions,
  setting: WorkloadSetting,
  control: ControlSession,
  group: SessionGroup,
  catchUp: () => Promise<void>,
): Promise<LoadReport> {
  await group.open(options.connections)
  const fanOut = new WatchFanOut(group.sessions, control, setting, options.operations ?? 1, options.stallMs)
  await fanOut.prepare()
  await catchUp()
  const outcome = await fanOut.run()
  await group.close()
  return report(options, setting.root, outcome, outcome.allToldMs)
}

/** A follower may lag behind: before sessions of other servers read what the first server has made, theirs must have it. */
async function letOthersCatchUp(options: LoadOptions, setting: WorkloadSetting, transport: Transport): Promise<void> {
  for (let server = 1; server < transport.serverCount; server++) {
    const control = new ControlSession(transport, options.sessionTimeoutMs, server)
    try {
      await control.open()
      await control.sync(setting.root)
      await control.close()
    } finally {
      control.destroy()
    }
  }
}

/** Against a server that answers without looking there is nothing to prepare, and nothing to inspect. */
async function runRaw(options: LoadOptions, transport: Transport): Promise<LoopOutcome> {
  const group = new SessionGroup(transport, options.sessionTimeoutMs)
  try {
    await group.open(options.connections)
    return await new LoadLoop(group.sessions, makeWorkload(options, settingOf(options)), planOf(options)).run()
  } finally {
    group.destroy()
  }
}

function makeWorkload(options: LoadOptions, setting: WorkloadSetting): Workload {
  switch (options.workload) {
    case 'get':
      return new KeyedWorkload(setting, options.keyCount, { read: 'getData', readShare: 1 })
    case 'exists':
      return new KeyedWorkload(setting, options.keyCount, { read: 'exists', readShare: 1 })
    case 'set':
      return new KeyedWorkload(setting, options.keyCount, { read: 'getData', readShare: 0 })
    case 'mix':
      return new KeyedWorkload(setting, options.keyCount, { read: 'getData', readShare: options.readShare })
    case 'create-delete':
    case 'ephemeral':
    case 'load':
      return new CreateWorkload(setting, options.workload)
    case 'multi':
      return new MultiWorkload(setting, options.keyCount, options.multiSize)
    case 'children':
      return new ChildrenWorkload(setting, options.childCount)
    case 'sync-get':
      return new SyncGetWorkload(setting, options.keyCount)
    default:
      throw new Error(`${options.workload} is not a loop of requests`)
  }
}

function settingOf(options: LoadOptions): WorkloadSetting {
  return {
    root: options.root ?? `/load-${process.pid}-${Date.now().toString(36)}`,
    connections: options.connections,
    window: options.window,
    payloadBytes: options.payloadBytes,
    seed: options.seed,
    isRaw: options.isRaw,
  }
}

function planOf(options: LoadOptions): LoopPlan {
  return {
    window: options.window,
    warmupMs: options.warmupMs,
    durationMs: options.durationMs,
    operations: options.operations,
    ratePerS: options.ratePerS,
    stallMs: options.stallMs,
  }
}

function report(
  options: LoadOptions,
  root: string | null,
  outcome: LoopOutcome,
  allToldMs: readonly number[] | null,
): LoadReport {
  return {
    workload: options.workload,
    connections: options.connections,
    window: options.window,
    payloadBytes: options.payloadBytes,
    ratePerS: options.ratePerS,
    root,
    throughputPerS: outcome.operations / Math.max(outcome.seconds, 1e-9),
    outcome,
    allToldMs,
  }
}

/** The result in one line. */
export function loadLine(result: LoadReport): string {
  const { outcome } = result
  const { p50, p99, max } = outcome.latencyUs
  const told = result.allToldMs === null ? '' : `, all told after ${result.allToldMs.map((ms) => ms.toFixed(1)).join(', ')} ms`
  // An open loop looks at the clock all the time, which says nothing about its limit.
  const limit = result.ratePerS === null && outcome.generator.utilisation > 0.85 ? ' (the generator is the limit)' : ''
  return (
    `${result.workload} ${result.connections}x${result.window}: ${result.throughputPerS.toFixed(0)}/s over ${outcome.seconds.toFixed(1)} s, ` +
    `p50 ${p50.toFixed(0)} us, p99 ${p99.toFixed(0)} us, max ${max.toFixed(0)} us, longest gap ${outcome.longestGapMs.toFixed(1)} ms, ` +
    `${outcome.verifiedReplies} replies verified, generator ${outcome.generator.utilisation.toFixed(2)} cores${limit}${told}`
  )
}
