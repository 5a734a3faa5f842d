// Whole ensembles, their clients and their faults in one process and in virtual time.

export { type Incarnation, Machine } from './world/machine.ts'
export { type NetworkWeather, VirtualNetwork } from './world/virtual-network.ts'
export { World } from './world/world.ts'
