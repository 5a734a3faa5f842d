/** Ensembles of both kinds of servers, as the suites of mixed ensembles write them down. */
import type { MemberPlan, ProcessEnsemble } from '../../support/process-ensemble.ts'

/** One letter a member, in the order of the ids: o is ours and a is Apache's, with a vote; O and A observe. */
export function planOf(mix: string): MemberPlan[] {
  return mix.split('').map((letter) => ({
    target: letter.toLowerCase() === 'o' ? 'ours' : 'apache',
    role: letter === letter.toLowerCase() ? 'participant' : 'observer',
  }))
}

/** With equal histories the voter with the largest id wins, if it was there in time: when others were quicker, they start again. */
export async function letLastLead(ensemble: ProcessEnsemble): Promise<number> {
  const last = ensemble.voterIds.at(-1) ?? 0
  for (;;) {
    const leader = await ensemble.whenServing()
    if (leader === last) return leader
    await ensemble.kill(leader)
    if (ensemble.voterIds.length > 2) await ensemble.whenServing()
    await ensemble.launch(leader)
  }
}
