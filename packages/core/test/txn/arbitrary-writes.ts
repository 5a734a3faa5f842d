// Random histories of writes over few paths, sessions and ACLs, so that requests meet, follow and contradict each other.

import { type Acl, type MultiPart, Op } from '@tskeeper/protocol/server'
import fc from 'fast-check'
import type { Identity } from '../../src/acl/auth-id.ts'
import { bytesOf, openAcl, type Write } from './workbench.ts'

export type Step =
  | { readonly kind: 'write'; readonly write: Write; readonly sessionId: bigint; readonly identities: readonly Identity[] }
  | { readonly kind: 'createSession'; readonly sessionId: bigint; readonly timeoutMs: number }
  | { readonly kind: 'closeSession'; readonly sessionId: bigint }
  | { readonly kind: 'deleteContainer'; readonly path: string }
  /** Applies so many of the transactions that wait. */
  | { readonly kind: 'apply'; readonly count: number }

const alice: Identity = { scheme: 'digest', id: 'alice:hash' }
const identities = fc.constantFrom<readonly Identity[]>(
  [],
  [alice],
  [{ scheme: 'ip', id: '10.0.0.7' }],
  [{ scheme: 'super', id: '' }],
)
/** The last is one of server 254's: negative, and next to the marks of TTL nodes. */
const sessionId = fc.constantFrom(1n, 2n, BigInt.asIntN(64, 0xfe00000000000003n))

const goodPath = fc.oneof(
  { arbitrary: fc.constantFrom('/a', '/b', '/a/a', '/a/b', '/b/a', '/a/a/a', '/a/0000000000', '/a/n-0000000001'), weight: 12 },
  { arbitrary: fc.constantFrom('/', '/zookeeper', '/zookeeper/config', '/zookeeper/x'), weight: 1 },
)
const path = fc.oneof(
  { arbitrary: goodPath, weight: 20 },
  { arbitrary: fc.constantFrom('', 'a', '/a/', '//a', '/a//b', '/..', '/a/.', '/a\0', '/\u0001', '/\ue000'), weight: 1 },
)
/** Names in front of a sequence number; one is empty. */
const prefix = fc.constantFrom('/a/', '/a/n-', '/n-', '/b/')

const acl = fc.oneof(
  { arbitrary: fc.constant(openAcl), weight: 12 },
  {
    arbitrary: fc.constantFrom<readonly Acl[]>(
      [{ perms: 31, scheme: 'digest', id: 'alice:hash' }],
      [{ perms: 31, scheme: 'auth', id: '' }],
      [{ perms: 9, scheme: 'world', id: 'anyone' }],
      [
        { perms: 31, scheme: 'ip', id: '10.0.0.0/8' },
        { perms: 1, scheme: 'world', id: 'anyone' },
      ],
      [],
    ),
    weight: 4,
  },
)

const data = fc.oneof(fc.constant(null), fc.string({ maxLength: 5 }).map(bytesOf))
/** Mostly none or the first, so that many of the checks are passed. */
const version = fc.constantFrom(-1, -1, -1, 0, 0, 1, 2)

function createOf(op: 1 | 15 | 19, path: fc.Arbitrary<string>, flags: fc.Arbitrary<number>): fc.Arbitrary<MultiPart> {
  return fc.record({ op: fc.constant(op), request: fc.record({ path, data, acl, flags }) })
}

const part: fc.Arbitrary<MultiPart> = fc.oneof(
  { arbitrary: createOf(Op.create, path, fc.constantFrom(0, 0, 0, 1, 1, 4)), weight: 10 },
  { arbitrary: createOf(Op.create2, prefix, fc.constantFrom(2, 3)), weight: 4 },
  { arbitrary: createOf(Op.createContainer, path, fc.constantFrom(4, 4, 4, 0)), weight: 1 },
  {
    arbitrary: fc.record({
      op: fc.constant(Op.createTTL),
      request: fc.record({ path, data, acl, flags: fc.constantFrom(5, 6, 5, 0), ttl: fc.constantFrom(1, 60000, 0, -1) }),
    }),
    weight: 2,
  },
  { arbitrary: fc.record({ op: fc.constant(Op.delete), request: fc.record({ path, version }) }), weight: 9 },
  { arbitrary: fc.record({ op: fc.constant(Op.setData), request: fc.record({ path, data, version }) }), weight: 6 },
)
const check = fc.record({ op: fc.constant(Op.check), request: fc.record({ path: goodPath, version }) })

const write: fc.Arbitrary<Write> = fc.oneof(
  { arbitrary: part as fc.Arbitrary<Write>, weight: 20 },
  { arbitrary: fc.record({ op: fc.constant(Op.setACL), request: fc.record({ path, acl, version }) }), weight: 3 },
  {
    arbitrary: fc.record({
      op: fc.constant(Op.multi),
      parts: fc.array(fc.oneof({ arbitrary: part, weight: 6 }, { arbitrary: check, weight: 1 }), { maxLength: 4 }),
    }),
    weight: 8,
  },
)

export const arbitraryStep: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: fc.record({ kind: fc.constant('write' as const), write, sessionId, identities }), weight: 30 },
  { arbitrary: fc.record({ kind: fc.constant('closeSession' as const), sessionId }), weight: 3 },
  {
    arbitrary: fc.record({ kind: fc.constant('createSession' as const), sessionId, timeoutMs: fc.constantFrom(4000, 30000) }),
    weight: 2,
  },
  { arbitrary: fc.record({ kind: fc.constant('deleteContainer' as const), path: goodPath }), weight: 1 },
  { arbitrary: fc.record({ kind: fc.constant('apply' as const), count: fc.integer({ min: 1, max: 6 }) }), weight: 10 },
)

/** Nodes to begin with, so that more than the creation of the first ones succeeds; the last is ephemeral. */
const beginning: readonly Step[] = ['/a', '/a/a', '/b'].map((path) => ({
  kind: 'write',
  write: { op: Op.create, request: { path, data: null, acl: openAcl, flags: path === '/b' ? 1 : 0 } },
  sessionId: 1n,
  identities: [],
}))

export function arbitrarySteps(maxLength: number): fc.Arbitrary<Step[]> {
  return fc.array(arbitraryStep, { maxLength, size: 'max' }).map((steps) => [...beginning, ...steps])
}
