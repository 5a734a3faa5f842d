import { expect, test } from 'vitest'
import { linesAt, load, refusal } from './sources.ts'

const MINIMAL = 'dataDir=/d\n'

test('an unknown key becomes a system property and is warned about with the nearest known key', () => {
  const { config, log } = load(`${MINIMAL}snapCuont=5\n`)
  expect(config.systemProperties.get('zookeeper.snapCuont')).toBe('5')
  expect(linesAt(log, 'warn')).toEqual(['Unknown key snapCuont in /srv/conf/zoo.cfg has no effect; did you mean snapCount?'])
})

test('keys are case-sensitive', () => {
  const { config, log } = load(`${MINIMAL}ticktime=5\n`)
  expect(config.tickTimeMs).toBe(3000)
  expect(linesAt(log, 'warn')).toEqual(['Unknown key ticktime in /srv/conf/zoo.cfg has no effect; did you mean tickTime?'])
})

test('the prefix of properties does not belong into the file', () => {
  const { config, log } = load(`${MINIMAL}zookeeper.snapCount=5\n`)
  expect(config.snapCount).toBe(100000)
  expect(config.systemProperties.get('zookeeper.zookeeper.snapCount')).toBe('5')
  expect(linesAt(log, 'warn')).toEqual([
    'Unknown key zookeeper.snapCount in /srv/conf/zoo.cfg has no effect; did you mean snapCount?',
  ])
})

test('a known key that is no field of the parser becomes a system property with its value verbatim', () => {
  const { config, log } = load(`${MINIMAL}snapCount=5\nauthProvider.1=org.example.Provider\ntickTime=100\n`)
  expect(config.systemProperties).toEqual(
    new Map([
      ['zookeeper.snapCount', '5'],
      ['zookeeper.authProvider.1', 'org.example.Provider'],
    ]),
  )
  expect(config.authProviders).toEqual(new Map([['authProvider.1', 'org.example.Provider']]))
  expect(linesAt(log, 'warn')).toEqual([])
})

test('a property sets what the file leaves out', () => {
  const { config } = load(MINIMAL, {
    properties: { 'zookeeper.snapCount': '77', 'jute.maxbuffer': '0xfffff', 'zookeeper.forceSync': 'no' },
  })
  expect(config).toMatchObject({ snapCount: 77, juteMaxBuffer: 1048575, forceSync: false })
})

test('the file wins over a property, and the log says so', () => {
  const { config, log } = load(`${MINIMAL}snapCount=5\n`, { properties: { 'zookeeper.snapCount': '77' } })
  expect(config.snapCount).toBe(5)
  expect(config.systemProperties.get('zookeeper.snapCount')).toBe('5')
  expect(linesAt(log, 'warn')).toEqual(['snapCount=5 in /srv/conf/zoo.cfg wins over -Dzookeeper.snapCount=77'])
})

test.each(['jute.maxbuffer', 'zookeeper.jute.maxbuffer'])('a bare property can be written %s in the file', (key) => {
  const { config, log } = load(`${MINIMAL}${key}=2000000\n`)
  expect(config).toMatchObject({ juteMaxBuffer: 2000000, juteMaxBufferExtraSize: 2000000 })
  expect(config.systemProperties.get('jute.maxbuffer')).toBe('2000000')
  expect(linesAt(log, 'warn')).toEqual([])
})

test.each(['jute.maxbuffer', 'zookeeper.jute.maxbuffer'])('a bare property can be given as -D%s', (name) => {
  expect(load(MINIMAL, { properties: { [name]: '2000000' } }).config.juteMaxBuffer).toBe(2000000)
})

test.each(['connectionMaxTokens', 'connection_throttle_tokens'])('%s is known, whichever of its names is used', (key) => {
  const { config, log } = load(`${MINIMAL}${key}=5\n`)
  expect(config.connectionMaxTokens).toBe(5)
  expect(linesAt(log, 'warn')).toEqual([])
})

test('a fraction must be a number in its range', () => {
  expect(load(`${MINIMAL}connectionDropIncrease=0.5\n`).config.connectionDropIncrease).toBe(0.5)
  const causeOf = (value: string): string => refusal(() => load(`${MINIMAL}connectionDropIncrease=${value}\n`)).cause
  expect(causeOf('half')).toContain('connectionDropIncrease=half in /srv/conf/zoo.cfg must be a number, for example 0.33')
  expect(causeOf('1.5')).toContain(
    'connectionDropIncrease=1.5 in /srv/conf/zoo.cfg must be a number from 0 to 1, for example 0.02',
  )
  expect(causeOf('-0.1')).toContain('connectionDropIncrease is out of range')
})

test('of two spellings in one file the one of the documentation counts', () => {
  const { config, log } = load(`${MINIMAL}jute.maxbuffer=1000\nzookeeper.jute.maxbuffer=2000\n`)
  expect(config.juteMaxBuffer).toBe(1000)
  expect(linesAt(log, 'warn')).toEqual([
    'jute.maxbuffer=1000 in /srv/conf/zoo.cfg wins over zookeeper.jute.maxbuffer=2000 in /srv/conf/zoo.cfg',
  ])
})

test('a property for a key that only the file can set is warned about', () => {
  const { config, log } = load(MINIMAL, { properties: { 'zookeeper.tickTime': '5' } })
  expect(config.tickTimeMs).toBe(3000)
  expect(linesAt(log, 'warn')).toEqual(['-Dzookeeper.tickTime has no effect: tickTime can only be set in the configuration file'])
})

test('an unknown property of ours is warned about, one of somebody else is not', () => {
  const { log } = load(MINIMAL, {
    properties: { 'zookeeper.snapcount': '5', 'java.net.preferIPv4Stack': 'true', 'zookeeper.log.dir': '/var/log' },
  })
  expect(linesAt(log, 'warn')).toEqual(['Unknown property zookeeper.snapcount has no effect; did you mean zookeeper.snapCount?'])
})

test('a truth value that Apache reads as a property is true only when it is "true"', () => {
  expect(load(`${MINIMAL}enforceQuota=TRUE\n`).config.enforceQuota).toBe(true)
  const { config, log } = load(`${MINIMAL}enforceQuota=yes\n`)
  expect(config.enforceQuota).toBe(false)
  expect(linesAt(log, 'warn')).toEqual(['enforceQuota=yes in /srv/conf/zoo.cfg counts as false: write true or false'])
})

test('snapCount has a floor', () => {
  const { config, log } = load(`${MINIMAL}snapCount=1\n`)
  expect(config.snapCount).toBe(2)
  expect(linesAt(log, 'warn')).toEqual(['Invalid snapCount: 1. Defaulting to 2'])
})

test('a feature that is missing is mentioned when somebody asks for it, and only then', () => {
  expect(linesAt(load(`${MINIMAL}audit.enable=false\nadmin.enableServer=false\nadmin.serverPort=8080\n`).log, 'warn')).toEqual([])
  expect(linesAt(load(`${MINIMAL}audit.enable=true\nadmin.serverPort=8081\n`).log, 'warn')).toEqual([
    'admin.serverPort=8081 in /srv/conf/zoo.cfg has no effect: The HTTP admin server is not available in this version.',
    'audit.enable=true in /srv/conf/zoo.cfg has no effect: The audit log is not available in this version.',
  ])
})

test('secrets do not get into the log', () => {
  const key = 'DigestAuthenticationProvider.superDigest'
  const { config, log } = load(`${MINIMAL}${key}=super:secret\nssl.keyStore.password=secret\n`, {
    properties: { [`zookeeper.${key}`]: 'super:older-secret' },
  })
  expect(config.superDigest).toBe('super:secret')
  expect(linesAt(log, 'warn')).toContain(`${key}=(hidden) in /srv/conf/zoo.cfg wins over -Dzookeeper.${key}=(hidden)`)
  expect(log.lines.join('\n')).not.toContain('secret')
})
