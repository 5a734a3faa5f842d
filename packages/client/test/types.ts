// What must not compile does not: each `@ts-expect-error` is an error when the line below it is fine. `types.test.ts` has the compiler look.

import { expectTypeOf } from 'vitest'
import {
  type CreateOptions,
  type ErrorCode,
  isZooKeeperError,
  type NodeValue,
  type Stat,
  type TransactionBuilder,
  type TransactionResult,
  type WatchEvent,
  type WatchFn,
  type ZooKeeper,
  ZooKeeperError,
} from '../src/portable.ts'

// Modes and times to live go together or not at all.
{
  const good: CreateOptions[] = [
    {},
    { mode: 'ephemeral' },
    { mode: 'container', withParents: true },
    { mode: 'ttl', ttlMs: 1 },
    { mode: 'ttl-sequential', ttlMs: 1, protected: true },
  ]
  expectTypeOf(good).toEqualTypeOf<CreateOptions[]>()
  // @ts-expect-error a TTL mode needs a time to live
  expectTypeOf({ mode: 'ttl' } as const).toExtend<CreateOptions>()
  // @ts-expect-error an ephemeral node has none
  expectTypeOf({ mode: 'ephemeral', ttlMs: 1 } as const).toExtend<CreateOptions>()
  // @ts-expect-error a plain node has none
  expectTypeOf({ ttlMs: 1 } as const).toExtend<CreateOptions>()
  // @ts-expect-error there is no such mode
  expectTypeOf({ mode: 'ephemeral-container' } as const).toExtend<CreateOptions>()
}

// Codes of errors are literals that exist.
{
  expectTypeOf<'NO_NODE'>().toExtend<ErrorCode>()
  expectTypeOf<'TIMEOUT'>().toExtend<ErrorCode>()
  // @ts-expect-error the code is NO_NODE
  expectTypeOf<'NONODE'>().toExtend<ErrorCode>()
  // @ts-expect-error OK is no error
  expectTypeOf<'OK'>().toExtend<ErrorCode>()
  const error: unknown = new ZooKeeperError('NO_NODE', 'x')
  if (isZooKeeperError(error)) expectTypeOf(error.code).toEqualTypeOf<ErrorCode>()
  // @ts-expect-error nobody has this code
  isZooKeeperError(error, 'NOT_A_CODE')
}

// Operations take and give what they say.
{
  expectTypeOf<ZooKeeper['get']>().returns.resolves.toEqualTypeOf<NodeValue>()
  expectTypeOf<ZooKeeper['exists']>().returns.resolves.toEqualTypeOf<Stat | null>()
  expectTypeOf<ZooKeeper['create']>().returns.resolves.toEqualTypeOf<string>()
  expectTypeOf<ZooKeeper['children']>().returns.resolves.toEqualTypeOf<string[]>()
  expectTypeOf<Stat['czxid']>().toEqualTypeOf<bigint>()
  expectTypeOf<Stat['mtime']>().toEqualTypeOf<number>()
  // @ts-expect-error a number is no data
  expectTypeOf<number>().toExtend<Parameters<ZooKeeper['set']>[1]>()
  // @ts-expect-error there is no such kind of watch
  expectTypeOf<'recursive'>().toExtend<Parameters<ZooKeeper['addWatch']>[1]>()
}

// What is given to one operation is not taken by another.
{
  // @ts-expect-error only removeWatches can do without a server
  expectTypeOf<{ local: true }>().toExtend<Parameters<ZooKeeper['get']>[1]>()
  expectTypeOf<{ local: true }>().toExtend<Parameters<ZooKeeper['removeWatches']>[2]>()
  // @ts-expect-error a new configuration is given as changes or as a whole, not both
  expectTypeOf<{ joining: string[]; members: string[] }>().toExtend<Parameters<ZooKeeper['reconfig']>[0]>()
  // @ts-expect-error an exists has no version to compare
  expectTypeOf<{ version: number }>().toExtend<Parameters<ZooKeeper['exists']>[1]>()
  // @ts-expect-error only TTL nodes in a transaction have a time to live either
  expectTypeOf<{ mode: 'ephemeral'; ttlMs: number }>().toExtend<Parameters<TransactionBuilder['create']>[2]>()
}

// A result of a transaction is one of its kinds.
{
  const result = {} as TransactionResult
  if (result.type === 'create') expectTypeOf(result.path).toEqualTypeOf<string>()
  // @ts-expect-error a set has no path to give
  if (result.type === 'set') expectTypeOf(result.path).toEqualTypeOf<string>()
  // @ts-expect-error there is no such part
  expectTypeOf(result.type === 'get').toEqualTypeOf<boolean>()
}

// Callbacks of watches take an event and nothing else.
{
  expectTypeOf<(event: WatchEvent) => void>().toExtend<WatchFn>()
  expectTypeOf<() => void>().toExtend<WatchFn>()
  // @ts-expect-error an event is no string
  expectTypeOf<(path: string) => void>().toExtend<WatchFn>()
  // @ts-expect-error there is one argument
  expectTypeOf<(event: WatchEvent, more: number) => void>().toExtend<WatchFn>()
}
