/** As much of V8's processor profile as is looked at: the tree of calls, and which of its nodes was met when. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string }
    readonly children?: readonly number[]
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

/** Which stage a function's time belongs to, by the place of its file; the first that fits counts. */
const STAGES: readonly (readonly [string, RegExp])[] = [
  ['log: entries, writes, syncs', /\/server\/dist\/storage\//],
  ['links between servers', /\/server\/dist\/quorum\/quorum-link\.js/],
  ['roles: packets, forwarding', /\/server\/dist\/quorum\//],
  ['window, acknowledgements, commits', /\/core\/dist\/zab\//],
  ['prepare: checks, pending view', /\/core\/dist\/txn\/|\/server\/dist\/pipeline\/prepare-stage\.js/],
  ['apply to the tree, digests, watches', /\/core\/dist\/(?:tree|watch|acl)\//],
  ['sessions', /\/core\/dist\/session\/|\/server\/dist\/pipeline\/session-service\.js/],
  ['clients: sockets, frames', /\/server\/dist\/listener\//],
  ['pipeline, replies, metrics', /\/server\/dist\/(?:pipeline|metrics)\//],
]

const COLLECTOR = '(garbage collector)'
const IDLE = '(idle)'
/** Codec and native calls belong to whoever asked; without an asker they are Node's own. */
const NODE = 'Node: event loop, start'

/**
 * Microseconds of each stage. A function that has no stage of its own (the codec, Node, the system) counts for the nearest caller that has one.
 */
export function stageTimes(profile: CpuProfile): Map<string, number> {
  const stageOf = stagesOf(profile)
  const times = new Map<string, number>()
  for (const [index, id] of profile.samples.entries()) {
    const stage = stageOf.get(id) ?? NODE
    if (stage !== IDLE) times.set(stage, (times.get(stage) ?? 0) + (profile.timeDeltas[index] ?? 0))
  }
  return times
}

function stagesOf({ nodes }: CpuProfile): Map<number, string> {
  const stages = new Map<number, string>()
  // A node stands before its children.
  for (const { id, callFrame, children } of nodes) {
    const stage = ownStage(callFrame) ?? stages.get(id) ?? NODE
    stages.set(id, stage)
    for (const child of children ?? []) stages.set(child, stage)
  }
  return stages
}

function ownStage({ functionName, url }: CpuProfile['nodes'][number]['callFrame']): string | null {
  if (functionName === COLLECTOR) return 'collector'
  if (functionName === IDLE) return IDLE
  return STAGES.find(([, place]) => place.test(url))?.[0] ?? null
}
