import { expect, test } from 'vitest'
import { ConnectionThrottle, type ConnectionThrottleOptions } from '../../src/pipeline/connection-throttle.ts'

const OPTIONS: ConnectionThrottleOptions = {
  maxTokens: 4,
  fillTimeMs: 100,
  fillCount: 2,
  freezeTimeMs: -1,
  dropIncrease: 0.25,
  dropDecrease: 0.1,
  decreaseRatio: 0.25,
  isWeighted: false,
  globalSessionWeight: 3,
  localSessionWeight: 1,
  renewedSessionWeight: 2,
}

const BEGIN_MS = 1000.5

class Stage {
  readonly throttle: ConnectionThrottle
  nowMs = BEGIN_MS
  /** What the next random number is. */
  chance = 0.999

  constructor(options: Partial<ConnectionThrottleOptions> = {}) {
    this.throttle = new ConnectionThrottle({ ...OPTIONS, ...options }, this.nowMs, () => this.chance)
  }

  /** How many of so many connect requests that come now are admitted. */
  admitted(count: number, kind: 'global' | 'local' | 'renewed' = 'global'): number {
    let admitted = 0
    for (let i = 0; i < count; i++) if (this.throttle.admit(kind, this.nowMs)) admitted++
    return admitted
  }

  wait(durationMs: number): this {
    this.nowMs += durationMs
    return this
  }
}

test('the bucket is full at first: so many connect requests are admitted at once, and no more', () => {
  const stage = new Stage()
  expect(stage.throttle.missingTokens).toBe(0)
  expect(stage.admitted(10)).toBe(4)
  expect(stage.throttle.missingTokens).toBe(4)
})

test('the bucket fills with the time that has passed', () => {
  const stage = new Stage()
  stage.admitted(4)
  expect(stage.wait(49).admitted(5)).toBe(0)
  expect(stage.wait(1).admitted(5)).toBe(1)
  expect(stage.wait(100).admitted(5)).toBe(2)
})

test('the bucket never holds more than its size, and time that it was full for is not made up for', () => {
  const stage = new Stage()
  expect(stage.wait(1_000_000).admitted(10)).toBe(4)
  expect(stage.wait(49).admitted(10)).toBe(0)
})

test('in the long run as many are admitted as tokens come, however often the bucket is asked', () => {
  const stage = new Stage()
  stage.admitted(4)
  let admitted = 0
  for (let i = 0; i < 7000; i++) admitted += stage.wait(0.75).admitted(1)
  expect(admitted).toBe(105)
})

test('a time that stands still fills nothing', () => {
  const stage = new Stage({ fillCount: 0 })
  stage.admitted(4)
  expect(stage.wait(1_000_000).admitted(1)).toBe(0)
})

test('without weights every connect request costs one token', () => {
  expect(new Stage().admitted(10, 'renewed')).toBe(4)
  expect(new Stage().admitted(10, 'local')).toBe(4)
})

test('with weights the bucket holds that many new global sessions, and others cost less', () => {
  expect(new Stage({ isWeighted: true }).admitted(20, 'global')).toBe(4)
  expect(new Stage({ isWeighted: true }).admitted(20, 'renewed')).toBe(6)
  expect(new Stage({ isWeighted: true }).admitted(20, 'local')).toBe(12)
})

test('with weights the filling, too, is measured in new global sessions', () => {
  const stage = new Stage({ isWeighted: true })
  stage.admitted(4)
  expect(stage.wait(100).admitted(10)).toBe(2)
  expect(stage.wait(100).admitted(10, 'local')).toBe(6)
})

test('without a freeze time nobody is refused at random', () => {
  const stage = new Stage()
  stage.chance = 0
  stage.admitted(5)
  stage.wait(100)
  expect(stage.throttle.dropProbability).toBe(0)
  expect(stage.admitted(5)).toBe(2)
})

test('the drop probability rises by a step in each freeze time that ends with an empty bucket, up to 1', () => {
  const stage = new Stage({ freezeTimeMs: 10, fillCount: 0 })
  stage.admitted(4)
  const seen: number[] = []
  for (let i = 0; i < 6; i++) {
    stage.wait(11).admitted(3)
    seen.push(stage.throttle.dropProbability)
  }
  expect(seen).toEqual([0.25, 0.5, 0.75, 1, 1, 1])
})

test('within a freeze time the drop probability stays as it is', () => {
  const stage = new Stage({ freezeTimeMs: 10, fillCount: 0 })
  stage.admitted(4)
  stage.wait(11).admitted(1)
  stage.wait(10).admitted(1)
  expect(stage.throttle.dropProbability).toBe(0.25)
  stage.wait(1).admitted(1)
  expect(stage.throttle.dropProbability).toBe(0.5)
})

test('the drop probability falls while little of the bucket is in use, down to 0, and stays in between', () => {
  const stage = new Stage({ freezeTimeMs: 10, dropIncrease: 0.15 })
  stage.admitted(4)
  stage.wait(11).admitted(1)
  expect(stage.throttle.dropProbability).toBe(0.15)
  // Two of four tokens are there: neither empty nor nearly full.
  stage.wait(100).admitted(0)
  stage.throttle.admit('global', stage.nowMs)
  expect(stage.throttle.dropProbability).toBe(0.15)
  stage.wait(1000).throttle.admit('global', stage.nowMs)
  expect(stage.throttle.dropProbability).toBeCloseTo(0.05)
  stage.wait(1000).throttle.admit('global', stage.nowMs)
  expect(stage.throttle.dropProbability).toBe(0)
})

test('a connect request is refused when its number is below the drop probability, and then costs nothing', () => {
  const stage = new Stage({ freezeTimeMs: 10, fillCount: 4 })
  stage.admitted(4)
  stage.wait(11).admitted(1)
  expect(stage.throttle.dropProbability).toBe(0.25)
  stage.wait(10)
  const missing = stage.throttle.missingTokens
  stage.chance = 0.2499
  expect(stage.admitted(1)).toBe(0)
  expect(stage.throttle.missingTokens).toBe(missing)
  stage.chance = 0.25
  expect(stage.admitted(1)).toBe(0)
  stage.wait(50)
  expect(stage.admitted(1)).toBe(1)
})

test('with weights a bucket that has not enough for a new session counts as empty', () => {
  const stage = new Stage({ isWeighted: true, freezeTimeMs: 10, fillCount: 0 })
  // Eleven of twelve tokens.
  stage.admitted(3, 'global')
  stage.admitted(1, 'renewed')
  stage.wait(11).admitted(1)
  expect(stage.throttle.missingTokens).toBe(11)
  expect(stage.throttle.dropProbability).toBe(0.25)
})
