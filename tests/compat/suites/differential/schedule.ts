/**
 * What the differential suite plays: a list of steps, drawn once and told to both servers. A step names connections and sessions by
 * the numbers that the schedule gave them, so that steps can be left out without changing what the others mean.
 */

/** One request as it goes over the wire. */
export interface RequestFrame {
  /** The request in words, for the list of steps that is printed. */
  readonly text: string
  readonly xid: number
  readonly opcode: number
  /** Header and body. */
  readonly payload: Uint8Array
}

/** Which password a connect request carries for the session that it takes up again. */
export type PasswordChoice = 'right' | 'wrong' | 'null' | 'short'

export interface ConnectStep {
  readonly kind: 'connect'
  /** Names the connection; no two steps have the same. */
  readonly link: number
  /** The session that is opened or, if `isResume`, taken up again. */
  readonly session: number
  readonly isResume: boolean
  readonly password: PasswordChoice
  readonly protocolVersion: number
  readonly lastZxidSeen: number
  readonly timeoutMs: number
  /** The last byte; null leaves it out, as the oldest clients do. */
  readonly readOnly: number | null
}

/** Requests on one connection: one, or several in one write. The next step begins when all of them are answered. */
export interface SendStep {
  readonly kind: 'send'
  readonly link: number
  readonly frames: readonly RequestFrame[]
}

/** Bytes that are no sequence of requests; a server closes the connection. */
export interface BytesStep {
  readonly kind: 'bytes'
  readonly link: number
  readonly bytes: Uint8Array
}

/** The client's host is gone: the connection ends without a word, the session stays. */
export interface DropStep {
  readonly kind: 'drop'
  readonly link: number
}

export type Step = ConnectStep | SendStep | BytesStep | DropStep

/** Settings of both servers in one round. */
export interface RoundConfig {
  readonly isExtended: boolean
  readonly enforcesQuota: boolean
  readonly allowsReconfig: boolean
  readonly skipsAcl: boolean
}

export interface Schedule {
  readonly config: RoundConfig
  readonly steps: readonly Step[]
}

export function describeConfig(config: RoundConfig): string {
  const { isExtended, enforcesQuota, allowsReconfig, skipsAcl } = config
  return `extendedTypesEnabled=${isExtended} enforceQuota=${enforcesQuota} reconfigEnabled=${allowsReconfig} skipACL=${skipsAcl ? 'yes' : 'no'}`
}

/** One line for a step, as it stands in the list that is printed when the servers differ. */
export function describeStep(step: Step): string {
  switch (step.kind) {
    case 'connect':
      return describeConnect(step)
    case 'send':
      return `c${step.link} ${step.frames.map((frame) => frame.text).join(' | ')}`
    case 'bytes':
      return `c${step.link} bytes ${abbreviated(Buffer.from(step.bytes).toString('hex'))}`
    case 'drop':
      return `c${step.link} drops its connection`
  }
}

function describeConnect(step: ConnectStep): string {
  const session = step.isResume ? `resumes s${step.session} with a ${step.password} password` : `opens s${step.session}`
  const oddities = [
    step.protocolVersion === 0 ? '' : `version ${step.protocolVersion}`,
    step.lastZxidSeen === 0 ? '' : `zxid ${step.lastZxidSeen}`,
    step.readOnly === 0 ? '' : `read-only byte ${step.readOnly}`,
  ]
  return [`c${step.link} ${session}`, `timeout ${step.timeoutMs}`, ...oddities].filter((part) => part !== '').join(', ')
}

/** Long texts in the middle of a line help nobody. */
export function abbreviated(text: string, lengthMax = 60): string {
  return text.length <= lengthMax ? text : `${text.slice(0, lengthMax)}... (${text.length})`
}
