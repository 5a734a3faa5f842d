// For what is imported only after a mistake. A package that is imported as a whole when it is called for is bundled as a
// whole, for everybody who needs a part of it; this file names the part.

export { nearestName } from '@tskeeper/server/config'
