import type { AclList } from './acl-table.ts'

/**
 * The list as someone sees it who may read the node but not administer it: the hashes of digest
 * ids are hidden, since a hash can be attacked at leisure. Other schemes hold no secrets.
 */
export function maskAcl(list: AclList): AclList {
  if (!list.some((entry) => entry.scheme === 'digest')) return list
  return list.map((entry) => (entry.scheme === 'digest' ? { ...entry, id: maskDigestId(entry.id) } : entry))
}

function maskDigestId(id: string): string {
  const colon = id.indexOf(':')
  return colon < 0 ? id : `${id.slice(0, colon)}:x`
}
