import { type Acl, OPEN_ACL, ZooKeeperError } from '@tskeeper/client'

/** Who may do what with the nodes that a recipe creates. */
export interface AccessOptions {
  /**
   * The access control list of every node that the recipe creates: its entries, its directory, and what was missing above that. Nodes
   * that exist keep theirs. Open to everybody unless said otherwise.
   */
  readonly acl?: readonly Acl[]
}

/** The list to create nodes with. An empty one is refused while the caller is still there to hear of it. */
export function aclOf(options: AccessOptions): readonly Acl[] {
  const { acl = OPEN_ACL } = options
  if (acl.length > 0) return acl
  throw new ZooKeeperError('BAD_ARGUMENTS', 'the access control list is empty; a recipe needs nodes that it may use')
}
