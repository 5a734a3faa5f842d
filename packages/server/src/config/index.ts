// What other packages may know about configuration.

export { type ConfFacts, confOutput, describeListener, ensembleConfOutput } from './conf-output.ts'
export { explainConfig } from './explain-config.ts'
export { type ConfigSources, configFromProperties, EXIT_BAD_CONFIG, loadConfig } from './load-config.ts'
export { nearestName } from './nearest-name.ts'
export { parseProperties } from './properties-file.ts'
export type { ServerConfig, SnapshotCompression } from './server-config.ts'
export { type LaunchArguments, parseLaunchArguments } from './system-properties.ts'
