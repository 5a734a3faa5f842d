/** Draws a schedule: sessions that come and go over a few connections, and what they ask for. */
import type { SeededRandom } from '../../../faults/seeded-random.ts'
import { RawOp } from '../../../support/raw-records.ts'
import type { ServerProfile, WatchStyle } from './profile.ts'
import { RequestMaker } from './request-maker.ts'
import type { PasswordChoice, RequestFrame, RoundConfig, Schedule, Step } from './schedule.ts'
import { goodIdentities } from './stock.ts'

const LINKS_AT_ONCE = 4
const BURST_MAX = 12

interface OpenLink {
  readonly link: number
  readonly session: number
  readonly watchStyle: WatchStyle
  nextXid: number
}

export function drawConfig(random: SeededRandom): RoundConfig {
  return {
    isExtended: random.isLikely(0.8),
    enforcesQuota: random.isLikely(0.5),
    allowsReconfig: random.isLikely(0.3),
    skipsAcl: random.isLikely(0.1),
  }
}

export function drawSchedule(random: SeededRandom, profile: ServerProfile, config: RoundConfig, stepCount: number): Schedule {
  return { config, steps: new ScheduleMaker(random, profile, config).draw(stepCount) }
}

class ScheduleMaker {
  readonly #random: SeededRandom
  readonly #profile: ServerProfile
  readonly #requests: RequestMaker
  /** Quotas are held against what is applied: in a burst, how much that is would be chance. */
  readonly #hasBursts: boolean
  readonly #steps: Step[] = []
  readonly #open: OpenLink[] = []
  #links = 0
  #sessions = 0

  constructor(random: SeededRandom, profile: ServerProfile, config: RoundConfig) {
    this.#random = random
    this.#profile = profile
    this.#requests = new RequestMaker(random, profile)
    this.#hasBursts = !config.enforcesQuota
  }

  draw(stepCount: number): readonly Step[] {
    this.#connect()
    while (this.#steps.length < stepCount) this.#drawStep()
    return this.#steps
  }

  #drawStep(): void {
    const random = this.#random
    const choice = random.below(1000)
    if (this.#open.length === 0 || (this.#open.length < LINKS_AT_ONCE && choice < 60)) return this.#connect()
    const link = random.pick(this.#open)
    if (choice < 66) return this.#drop(link)
    if (choice < 75) return this.#resume()
    if (choice < 78) return this.#sendBytes(link)
    if (choice < 140 && this.#hasBursts) return this.#burst(link)
    this.#request(link)
  }

  #connect(): void {
    const session = this.#sessions++
    this.#pushConnect(session, false, this.#random.pick(['right', 'right', 'null', 'short', 'wrong'] as const))
  }

  #resume(): void {
    const password = this.#random.pick(['right', 'right', 'right', 'wrong', 'null', 'short'] as const)
    this.#pushConnect(this.#random.below(this.#sessions), true, password)
  }

  #pushConnect(session: number, isResume: boolean, password: PasswordChoice): void {
    const random = this.#random
    const link = this.#links++
    const lastZxidSeen = random.isLikely(0.03) ? random.pick([1, -1, 2 ** 40, 100_000]) : 0
    this.#steps.push({
      ...{ kind: 'connect', link, session, isResume, password, lastZxidSeen },
      protocolVersion: random.isLikely(0.1) ? random.pick([1, -1, 5]) : 0,
      timeoutMs: random.pick([60_000, 60_000, 0, -1, 1, 90_001, 2147483647, -2147483648]),
      readOnly: random.isLikely(0.7) ? 0 : random.pick([null, 1, 2, 255]),
    })
    this.#forgetLinksOf(session)
    if (this.#open.length >= LINKS_AT_ONCE) this.#open.shift()
    const open: OpenLink = { link, session, watchStyle: random.pick(this.#profile.watchStyles), nextXid: 1 }
    this.#open.push(open)
    if (random.isLikely(0.4)) this.#authenticate(open)
  }

  #authenticate(link: OpenLink): void {
    const [scheme, auth] = this.#random.pick(goodIdentities)
    this.#send(link, [this.#requests.auth(link.nextXid++, scheme, auth)])
  }

  #drop(link: OpenLink): void {
    this.#steps.push({ kind: 'drop', link: link.link })
    this.#forgetLinksOf(link.session)
  }

  #sendBytes(link: OpenLink): void {
    const random = this.#random
    const bytes = Buffer.from(
      random.pick(['ffffffff', '80000000', '00100000', '7fffffff', '00000000', '0000000400000001', '72756f6b']),
      'hex',
    )
    this.#steps.push({ kind: 'bytes', link: link.link, bytes })
    this.#forgetLinksOf(link.session)
  }

  #request(link: OpenLink): void {
    const random = this.#random
    const xid = random.isLikely(0.02) ? random.pick([0, -8, -3, 2147483647, -2147483648]) : link.nextXid++
    const frame = this.#requests.draw(xid, { watchStyle: link.watchStyle, isBurst: false })
    this.#send(link, [frame])
    if (frame.opcode === RawOp.closeSession) this.#forgetLinksOf(link.session)
  }

  #burst(link: OpenLink): void {
    const frames: RequestFrame[] = []
    for (let count = this.#random.between(2, BURST_MAX); count > 0; count--) {
      frames.push(this.#requests.draw(link.nextXid++, { watchStyle: link.watchStyle, isBurst: true }))
    }
    if (this.#random.isLikely(0.05)) frames.push(this.#requests.closeSession(link.nextXid++))
    this.#send(link, frames)
  }

  #send(link: OpenLink, frames: readonly RequestFrame[]): void {
    this.#steps.push({ kind: 'send', link: link.link, frames })
  }

  #forgetLinksOf(session: number): void {
    const index = this.#open.findIndex((open) => open.session === session)
    if (index >= 0) this.#open.splice(index, 1)
  }
}
