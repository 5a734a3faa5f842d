// The words by which `cons` and `reqs` name operations.

import { Op } from '@tskeeper/protocol/server'

/** Words by operation code. Authentication and unknown codes have none. */
const WORDS: ReadonlyMap<number, string> = new Map<number, string>([
  [Op.closeSession, 'CLOS'],
  [Op.createSession, 'SESS'],
  [Op.create, 'CREA'],
  [Op.delete, 'DELE'],
  [Op.exists, 'EXIS'],
  [Op.getData, 'GETD'],
  [Op.setData, 'SETD'],
  [Op.getACL, 'GETA'],
  [Op.setACL, 'SETA'],
  [Op.getChildren, 'GETC'],
  [Op.sync, 'SYNC'],
  [Op.ping, 'PING'],
  [Op.getChildren2, 'GETC'],
  [Op.check, 'CHEC'],
  [Op.multi, 'MULT'],
  [Op.create2, 'CREA'],
  [Op.reconfig, 'RECO'],
  [Op.checkWatches, 'CHKW'],
  [Op.removeWatches, 'REMW'],
  [Op.createContainer, 'CREA'],
  [Op.deleteContainer, 'DELE'],
  [Op.createTTL, 'CREA'],
  [Op.multiRead, 'MLTR'],
  [Op.setWatches, 'SETW'],
  [Op.getEphemerals, 'GETE'],
  [Op.getAllChildrenNumber, 'GETACN'],
  [Op.setWatches2, 'STW2'],
  [Op.addWatch, 'ADDW'],
  [Op.whoAmI, 'HOMI'],
])

/** The word of an operation; `NA` for null (nothing yet) and for codes that have no word. */
export function operationWord(opcode: number | null): string {
  return (opcode === null ? undefined : WORDS.get(opcode)) ?? 'NA'
}
