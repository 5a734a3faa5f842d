/** What requests are made of. The stocks are small: most requests must be about nodes that other requests have touched. */

const depthOne = ['/a', '/b', '/c']
const depthTwo = ['/a/a', '/a/b', '/b/a', '/b/b', '/c/a']
const depthThree = ['/a/a/a', '/a/a/b', '/a/b/a', '/b/a/a']
/** Names that sequential creates give, and the prefixes for them. */
const sequences = [
  '/s-',
  '/a/s-',
  '/a/',
  '/b/s-',
  '/a/a/',
  '/a/s-0000000000',
  '/a/s-0000000001',
  '/b/s-0000000000',
  '/a/0000000001',
]
const deep = ['/a/a/a/a', '/a/a/a/a/a', '/a/a/a/a/a/a']
/** With names that sort after, before and inside of others, and characters of two and three bytes. */
const others = ['/ab', '/a-b', '/a b', '/é', '/日本', '/...', '/.a', '/a/...']

/** Paths that mostly are, or could be, in the tree. */
export const usedPaths: readonly string[] = [
  ...depthOne,
  ...depthOne,
  ...depthOne,
  ...depthTwo,
  ...depthTwo,
  ...depthThree,
  ...sequences,
  ...deep,
  ...others,
]

export const reservedPaths: readonly string[] = [
  ...['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config', '/zookeeper/x', '/zookeeper/quota/x', '/zookeeper/config/x'],
  ...['/zookeeper/quota/a', '/zookeeper/quota/a/zookeeper_limits', '/zookeeper/quota/a/zookeeper_stats'],
  ...['/zookeeper/quota/a', '/zookeeper/quota/a/zookeeper_limits', '/zookeeper/quota/a/zookeeper_stats'],
  ...['/zookeeper/quota/a/a', '/zookeeper/quota/a/a/zookeeper_limits', '/zookeeper/quota/a/a/zookeeper_stats'],
  ...['/zookeeper/quota/b', '/zookeeper/quota/b/zookeeper_limits', '/zookeeper/quota/b/zookeeper_stats'],
  // Apache's server dies of limits for the root.
  ...['/zookeeper/quota/zookeeper_stats', '/a/zookeeper_limits'],
]

/** Null, and paths that no node can have. Characters above U+DFFFF... stand for bytes: see `pathBytes`. */
export const oddPaths: readonly (string | null)[] = [
  ...[
    null,
    '',
    'a',
    'a/b',
    '/a/',
    '/b/a/',
    '//',
    '//a',
    '/a//b',
    '/a//',
    '/.',
    '/..',
    '/a/.',
    '/a/..',
    '/a/./b',
    '/a/../b',
    '/./a',
    '/../a',
  ],
  ...[
    '/\u0000',
    '/a\u0000',
    '/a/\u0000b',
    '/\u0001',
    '/a\u001f',
    '/\u007f',
    '/a/\u009f',
    '/\u00a0',
    '/\uf8ff',
    '/\ue000',
    '/\uf900',
    '/\ufff0',
    '/\uffff',
  ],
  ...['/\u{1f600}', '/a/\u{10ffff}', ' /a', '/a ', '/ ', '\\a', '/a\\b', '/a\tb'],
  ...['bytes:2fff', 'bytes:2f61c0af', 'bytes:2fe697', 'bytes:2ff4908080', 'bytes:2fc080'],
  `/a/${'l'.repeat(2000)}`,
  '/d'.repeat(300),
]

/** The bytes of a path: its UTF-8, or those that follow `bytes:`, for texts that are no valid UTF-8. */
export function pathBytes(path: string): Uint8Array {
  return path.startsWith('bytes:') ? Buffer.from(path.slice(6), 'hex') : Buffer.from(path)
}

export const dataTexts: readonly (string | null)[] = [
  null,
  '',
  'x',
  'x',
  'data',
  'some more data',
  '\u0000\u0001',
  'count=1,bytes=1',
]

export const limitTexts: readonly (string | null)[] = [
  ...['count=2,bytes=-1', 'count=-1,bytes=5', 'count=3,bytes=20', 'count=1,bytes=1'],
  ...[
    'count=3,bytes=-1=;byteHardLimit=20;countHardLimit=3',
    'count=-1,bytes=-1=;countHardLimit=4',
    'count=-1,bytes=-1=;byteHardLimit=10',
  ],
  ...['count=2,bytes=2=;byteHardLimit=-1;countHardLimit=-1', 'count=0,bytes=0=;byteHardLimit=0;countHardLimit=0'],
  ...[
    '',
    'count=x',
    'nonsense',
    'count=1',
    'bytes=3',
    'count=,bytes=',
    'count=5;bytes=6,byteHardLimit=7',
    ' count = 1 ',
    'count=1,count=2',
    null,
  ],
]

export const oddTtls: readonly number[] = [0, -1, 1, -2, 1_099_511_627_776, 2 ** 52, -(2 ** 52)]

/** The id of user u1 with password p1. */
const firstDigest = 'u1:fpT/y03U+EjItKZOSLGvjnJlyng='

export const goodIdentities: readonly (readonly [string, string])[] = [
  ['digest', 'u1:p1'],
  ['digest', 'u1:p1'],
  ['digest', 'u2:p2'],
  ['digest', 'super:test'],
  ['digest', 'nocolon'],
  ['digest', ':p'],
  ['digest', 'a:b:c'],
  ['ip', 'x'],
]

export const badIdentities: readonly (readonly [string | null, string | null])[] = [
  ['world', 'anyone'],
  ['auth', ''],
  ['super', 'x'],
  ['nosuch', 'x'],
  ['', 'x'],
  ['sasl', 'x'],
  ['x509', 'x'],
  ['digest', null],
  ['digest', ''],
  ['digest', 'super:guess'],
  [null, 'x'],
  ['ip', null],
]

interface AclId {
  readonly scheme: string | null
  readonly id: string | null
}

export const goodIds: readonly AclId[] = [
  { scheme: 'world', id: 'anyone' },
  { scheme: 'world', id: 'anyone' },
  { scheme: 'auth', id: '' },
  { scheme: 'auth', id: 'ignored' },
  { scheme: 'digest', id: firstDigest },
  { scheme: 'digest', id: 'u2:nohash' },
  { scheme: 'digest', id: ':h' },
  { scheme: 'ip', id: '127.0.0.1' },
  { scheme: 'ip', id: '127.0.0.1/8' },
  { scheme: 'ip', id: '10.0.0.0/8' },
]

export const badIds: readonly AclId[] = [
  ...['', 'everyone', 'ANYONE'].map((id) => ({ scheme: 'world', id })),
  ...['u', 'u:', 'a:b:c', '', ':', '::', 'u::', ':h:', 'u:h:'].map((id) => ({ scheme: 'digest', id })),
  ...[
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '1.2.3.4/33',
    '1.2.3.4/',
    '1.2.3.4/-1',
    '1.2.3.4/0',
    'localhost',
    '01.2.3.4',
    '1.2.3.4/8/9',
    ' 1.2.3.4',
  ].map((id) => ({ scheme: 'ip', id })),
  { scheme: 'super', id: '' },
  { scheme: 'nosuch', id: 'x' },
  { scheme: '', id: '' },
  { scheme: 'x509', id: 'CN=x' },
  { scheme: 'sasl', id: 'x' },
  { scheme: null, id: 'anyone' },
]
