import { AclSchemes } from '../../src/acl/acl-scheme.ts'
import type { Identity } from '../../src/acl/auth-id.ts'
import { digestScheme } from '../../src/acl/digest-scheme.ts'
import { ipScheme } from '../../src/acl/ip-scheme.ts'

/** The schemes of a server that was configured with nothing. */
export const defaultSchemes = new AclSchemes([ipScheme, digestScheme])

export const local: Identity = { scheme: 'ip', id: '127.0.0.1' }
export const alice: Identity = { scheme: 'digest', id: 'alice:hash' }
export const bob: Identity = { scheme: 'digest', id: 'bob:hash' }
