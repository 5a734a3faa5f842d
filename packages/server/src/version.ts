// What the server calls itself. Monitors and clients read the text up to the first dash or comma and compare it
// with Apache ZooKeeper's releases, so it leads with the release whose behaviour this server follows; what stands
// behind the dash is our own name and version.

/** The Apache ZooKeeper release whose protocol, file formats and outputs this server follows. */
export const COMPATIBLE_RELEASE = '3.9.5'

/** Version of this server; equal to the version of its package. */
export const SERVER_VERSION = '0.1.0'

/** When this version was made, `yyyy-MM-dd HH:mm`, UTC. Set together with `SERVER_VERSION`. */
export const BUILT_ON = '2026-11-20 00:00'

/** The whole text, in the shape that monitors parse: `3.9.5-tskeeper.0.1.0, built on 2026-11-20 00:00 UTC`. */
export const VERSION_TEXT: string = `${COMPATIBLE_RELEASE}-tskeeper.${SERVER_VERSION}, built on ${BUILT_ON} UTC`
