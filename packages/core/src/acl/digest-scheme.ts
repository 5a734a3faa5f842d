import type { AclScheme } from './acl-scheme.ts'

/** Name and password: ids are "user:hash", what is compared is the text. */
export const digestScheme: AclScheme = {
  name: 'digest',
  countsForAuth: true,
  isValid: isDigestId,
  matches(identityId: string, aclId: string): boolean {
    return identityId === aclId
  },
  displayUser(id: string): string {
    const colon = id.indexOf(':')
    return colon < 0 ? id : id.slice(0, colon)
  },
}

/** Two parts around a colon, where empty parts at the end do not count: "u:h" and ":h" will do, "u:" and "a:b:c" not. */
function isDigestId(id: string): boolean {
  let end = id.length
  while (end > 0 && id.charCodeAt(end - 1) === COLON) end -= 1
  const first = id.indexOf(':')
  return first >= 0 && first < end && id.lastIndexOf(':', end - 1) === first
}

const COLON = 0x3a
