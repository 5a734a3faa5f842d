import { ZooKeeperError } from '../errors.ts'
import type { ClientRuntime } from './runtime.ts'

let makeDefault: (() => ClientRuntime) | null = null

/** Names the runtime of clients that are not given one. */
export function setDefaultRuntime(make: () => ClientRuntime): void {
  makeDefault = make
}

/** The platform's runtime, where there is one. */
export function defaultRuntime(): ClientRuntime {
  if (makeDefault !== null) return makeDefault()
  throw new ZooKeeperError('BAD_ARGUMENTS', 'options.runtime is missing, and this platform has no runtime of its own')
}
