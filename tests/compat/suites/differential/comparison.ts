/** Compares what two servers said. A difference that `docs/divergence.md` tells of is passed over by a rule that has a name. */
import { RawOp } from '../../../support/raw-records.ts'
import type { Observation, Streams } from './player.ts'
import type { ServerProfile } from './profile.ts'
import type { Schedule } from './schedule.ts'

export interface Difference {
  readonly stream: string
  /** Of the step that was under way, as far as it can be told. */
  readonly step: number
  readonly apache: string
  readonly ours: string
}

interface Rule {
  readonly name: string
  readonly versions: RegExp
  readonly isMet: (apache: Observation, ours: Observation) => boolean
  /** Ours says something that Apache's does not say: what Apache's said is compared with what ours says next. */
  readonly skipsOurs?: true
}

/** None of these leaves the servers in different states. */
const rules: readonly Rule[] = [
  {
    name: 'events carry the zxid of the change since 3.9.0',
    versions: /^3\.8/,
    isMet: (apache, ours) => apache.kind === 'event' && apache.zxid === -1 && apache.text === ours.text && ours.kind === 'event',
  },
  {
    name: 'exists asks for READ since 3.9.2',
    versions: /^3\.8/,
    isMet: (apache, ours) => isReplyTo(apache, RawOp.exists, 0) && isReplyTo(ours, RawOp.exists, -102),
  },
  {
    name: 'up to 3.8 a check of any watches finds those of other connections, and fails on paths that are none',
    versions: /^3\.8/,
    isMet: (apache, ours) => isReplyTo(ours, RawOp.checkWatches, -121) && apache.opcode === RawOp.checkWatches,
  },
  {
    name: 'the Stat of a new zookeeper_stats tells the length of what is stored there',
    versions: /./,
    isMet: (apache, ours) =>
      / "\/zookeeper\/quota\/([^"]*\/)?zookeeper_stats" /.test(apache.text) && withoutLengths(apache) === withoutLengths(ours),
  },
  {
    name: 'the refusal of a multiRead has an end header behind it',
    versions: /./,
    isMet: (apache, ours) =>
      isReplyTo(apache, RawOp.multiRead, -5) && isReplyTo(ours, RawOp.multiRead, -5) && apache.zxid === ours.zxid,
  },
  {
    name: 'up to 3.8 a create2 in a multi is answered as a create',
    versions: /^3\.8/,
    isMet: (apache, ours) =>
      isReplyTo(apache, RawOp.multi, 0) && create2AsCreate(describe(apache)) === create2AsCreate(describe(ours)),
  },
  {
    name: 'the root is not counted among its own descendants',
    versions: /./,
    isMet: (apache, ours) =>
      isReplyTo(apache, RawOp.getAllChildrenNumber, 0) &&
      isReplyTo(ours, RawOp.getAllChildrenNumber, 0) &&
      numberIn(apache.text) === numberIn(ours.text) + 1,
  },
  {
    name: 'an identity that cannot be read is refused before the connection is closed',
    versions: /./,
    isMet: (apache, ours) => apache.kind === 'closed' && isReplyTo(ours, RawOp.auth, -115),
    skipsOurs: true,
  },
  {
    name: 'an ACL with a null id is an invalid ACL',
    versions: /./,
    isMet: (apache, ours) => isReply(apache, -5) && isReply(ours, -114) && apache.zxid === ours.zxid,
  },
]

type StepPredicate = (step: number) => boolean

export function compareStreams(profile: ServerProfile, schedule: Schedule, apache: Streams, ours: Streams): Difference | null {
  let first: Difference | null = null
  for (const name of new Set([...apache.keys(), ...ours.keys()])) {
    const difference = compareStream(profile, schedule, name, apache.get(name) ?? [], ours.get(name) ?? [])
    if (difference !== null && (first === null || difference.step < first.step)) first = difference
  }
  return first
}

function compareStream(
  profile: ServerProfile,
  schedule: Schedule,
  stream: string,
  apache: readonly Observation[],
  ours: readonly Observation[],
): Difference | null {
  const endsSession = (index: number): boolean => {
    const step = schedule.steps[index]
    return step?.kind === 'send' && step.frames.some(({ opcode }) => opcode === RawOp.closeSession)
  }
  const theirs = inComparableOrder(apache, endsSession)
  const mine = inComparableOrder(ours, endsSession)
  let at = 0
  for (const left of theirs) {
    const right = mine[at++]
    if (right === undefined) return differenceOf(stream, left, undefined)
    if (describe(left) === describe(right)) continue
    const rule = ruleFor(profile, left, right)
    if (rule === undefined) return differenceOf(stream, left, right)
    if (rule.skipsOurs && describe(left) !== describe(mine[at++])) return differenceOf(stream, left, mine[at - 1])
  }
  return at < mine.length ? differenceOf(stream, undefined, mine[at]) : null
}

function differenceOf(stream: string, apache: Observation | undefined, ours: Observation | undefined): Difference {
  const steps = [apache, ours].flatMap((observation) => (observation === undefined ? [] : [observation.step]))
  return { stream, step: Math.min(...steps), apache: describe(apache), ours: describe(ours) }
}

function ruleFor(profile: ServerProfile, apache: Observation, ours: Observation): Rule | undefined {
  return rules.find((rule) => rule.versions.test(profile.version) && rule.isMet(apache, ours))
}

/**
 * When a session ends, its nodes go in no order, and so do the events about them: events that follow each other are sorted when a session ended
 * in the step in which one of them came, or in the one before.
 */
function inComparableOrder(stream: readonly Observation[], endsSession: StepPredicate): readonly Observation[] {
  const ordered: Observation[] = []
  for (let start = 0; start < stream.length; ) {
    let end = start
    while (end < stream.length && stream[end]?.kind === 'event') end++
    const events = stream.slice(start, end)
    const isUnordered = events.some(({ step }) => endsSession(step) || endsSession(step - 1))
    ordered.push(...(isUnordered ? events.sort((left, right) => (left.text < right.text ? -1 : 1)) : events))
    if (end < stream.length) ordered.push(stream[end++] as Observation)
    start = end
  }
  return ordered
}

function describe(observation: Observation | undefined): string {
  if (observation === undefined) return 'nothing'
  const { kind, text, err, zxid } = observation
  const isNumbered = kind === 'reply' || kind === 'event'
  return [kind, text, isNumbered ? `zxid ${zxid}` : '', err === null ? '' : `err ${err}`].filter((part) => part !== '').join(' ')
}

function isReply(observation: Observation, err: number): boolean {
  return observation.kind === 'reply' && observation.err === err
}

function isReplyTo(observation: Observation, opcode: number, err: number): boolean {
  return isReply(observation, err) && observation.opcode === opcode
}

function create2AsCreate(text: string): string {
  return text.replaceAll(/15\/0\/0; ("[^"]*") \{[^}]*\}/g, '1/0/0; $1')
}

function withoutLengths(observation: Observation): string {
  return describe(observation).replaceAll(/ len=\d+/g, '')
}

function numberIn(text: string): number {
  return Number(/^xid -?\d+ (\d+)$/.exec(text)?.[1] ?? Number.NaN)
}
