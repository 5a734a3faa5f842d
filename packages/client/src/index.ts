// The client on Node, and on what offers Node's modules.

import { setDefaultRuntime } from './runtime/default-runtime.ts'
import { nodeRuntime } from './runtime/node-runtime.ts'

setDefaultRuntime(nodeRuntime)

export * from './portable.ts'
export { nodeRuntime } from './runtime/node-runtime.ts'
export { nodeTransport } from './transport/node-transport.ts'
